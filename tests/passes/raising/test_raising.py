"""Loops and branches of files that nobody here traced: recognised, differentiated and mapped."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import Program
from stablelift.errors import LiftError
from stablelift.passes.pipeline import run_text
from stablelift.runtime.load import load_bytes
from tests.passes.batching.mapping import check_against_loop
from tests.support import assert_close, random, run_module

W = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3)), jnp.float32)
C = jnp.asarray([0.3, -1.2, 0.8], jnp.float32)
XS = jnp.asarray(np.random.default_rng(1).normal(size=(5, 3)), jnp.float32)


def raised(body: str) -> str:
    return run_text(body, "lift-raise,lift-verify")[0]


def loop(test: str = "LT, %i, %n", start: int = 0, step: int = 1, bound: int = 10) -> str:
    return f"""
    func.func @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>) {{
      %s = stablehlo.constant dense<{start}> : tensor<i32>
      %n = stablehlo.constant dense<{bound}> : tensor<i32>
      %0:3 = stablehlo.while(%i = %s, %a = %x, %k = %y) : tensor<i32>, tensor<3xf32>, tensor<3xf32>
      cond {{
        %c = stablehlo.compare {test} : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %c : tensor<i1>
      }} do {{
        %d = stablehlo.constant dense<{step}> : tensor<i32>
        %j = stablehlo.add %i, %d : tensor<i32>
        %b = stablehlo.multiply %a, %k : tensor<3xf32>
        stablehlo.return %j, %b, %k : tensor<i32>, tensor<3xf32>, tensor<3xf32>
      }}
      return %0#0, %0#1 : tensor<i32>, tensor<3xf32>
    }}"""


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (loop(), 10),
        (loop("LE, %i, %n"), 11),
        (loop("GT, %n, %i"), 10),
        (loop("GE, %n, %i"), 11),
        (loop(start=3, step=4), 2),
        (loop(start=12), 0),
        (loop("NE, %i, %n"), 10),
        (loop("NE, %n, %i", start=1, step=3), 3),
        (loop("GT, %i, %n", start=21, step=-5), 3),
        (loop("GE, %i, %n", start=20, step=-5), 3),
        (loop("LE, %n, %i", start=12, step=-1), 3),
        (loop("EQ, %i, %n", start=10), 1),
    ],
)
def test_counted_loops_become_scans_and_drop_what_they_carry_unchanged(text, length):
    found = raised(text)
    assert f"length = {length} : i64, num_carry = 2 : i64, num_consts = 1 : i64" in found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (loop("NE, %i, %n", step=3), "its counter steps over the bound 10"),
        (loop(step=0), "its counter moves away from the bound 10"),
        (loop(step=-1), "its counter moves away from the bound 10"),
        (loop("LE, %i, %n", bound=2**31 - 1), "its counter overflows before the bound is reached"),
        (loop("EQ, %n, %n"), "its condition still holds after 65536 steps"),
        (loop().replace("%i + ", "").replace("add %i, %d", "multiply %i, %d"), "it carries no counter"),
    ],
)
def test_other_loops_become_while_and_a_remark_says_why(text, why):
    found, timing = run_text(text, "lift-raise,lift-verify", filename="loop.mlir")
    assert "lift.while" in found
    (remark,) = timing.remarks
    assert str(remark).startswith("loop.mlir:5:14: remark: left a loop a while: " + why)


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ("%c, %p", 10),
        ("%p, %c", 10),
        ("%p, %p", None),
        ("%pp, %c", 10),
        ("%p, %far", None),
        ("%few, %p", 7),
        ("%fewer, %p", 3),
    ],
)
def test_a_while_is_bounded_by_what_its_condition_asks_of_counters(asked, most):
    text = loop().replace(
        "stablehlo.return %c : tensor<i1>",
        f"""%t = stablehlo.slice %a [0:1] : (tensor<3xf32>) -> tensor<1xf32>
        %u = stablehlo.reshape %t : (tensor<1xf32>) -> tensor<f32>
        %p = stablehlo.compare GT, %u, %u : (tensor<f32>, tensor<f32>) -> tensor<i1>
        %pp = stablehlo.and %p, %p : tensor<i1>
        %m = stablehlo.constant dense<2000000> : tensor<i32>
        %seven = stablehlo.constant dense<7> : tensor<i32>
        %three = stablehlo.constant dense<3> : tensor<i32>
        %far = stablehlo.compare LT, %i, %m : (tensor<i32>, tensor<i32>) -> tensor<i1>
        %few = stablehlo.compare LT, %i, %seven : (tensor<i32>, tensor<i32>) -> tensor<i1>
        %third = stablehlo.compare NE, %i, %three : (tensor<i32>, tensor<i32>) -> tensor<i1>
        %fewer = stablehlo.and %third, %few : tensor<i1>
        %both = stablehlo.and {asked} : tensor<i1>
        stablehlo.return %both : tensor<i1>""",
    )
    found, timing = run_text(text, "lift-raise,lift-verify")
    assert ("max_trip_count" in found) == (most is not None)
    assert most is None or f"max_trip_count = {most} : i64" in found
    (remark,) = timing.remarks
    said = "" if most is None else f"; it takes at most {most} steps"
    assert remark.why == f"its condition depends on more than counters and constants{said}"


def until_it_converges(x, tolerance):
    """A square root by Newton's iteration, of at most 20 steps."""

    def apart(state):
        return (state[0] < 20) & (state[2] > tolerance)

    def step(state):
        count, root, _ = state
        following = 0.5 * (root + x / root)
        return count + 1, following, jnp.abs(following - root).max()

    return jax.lax.while_loop(apart, step, (0, x, jnp.float32(1)))[1]


def test_a_loop_until_it_converges_has_gradients_and_they_are_mapped():
    """JAX has none of `while_loop`; the bound is read off the condition."""
    x, tolerance = jnp.float32([2.0, 3.0, 7.0]), jnp.float32(1e-3)
    text = jax.jit(until_it_converges).lower(x, tolerance).as_text()
    program = load_bytes(text.encode(), "newton.mlir")
    root, (gradient, _) = program.vjp()((x, tolerance), jnp.ones(3))
    np.testing.assert_allclose(root, jnp.sqrt(x), rtol=1e-6)
    np.testing.assert_allclose(gradient, 0.5 / jnp.sqrt(x), rtol=1e-5)
    xs = jnp.stack([x, 100 * x])
    _, (gradients, _) = program.vjp().vmap(axis_size=2)((xs, jnp.stack(2 * [tolerance])), jnp.ones((2, 3)))
    np.testing.assert_allclose(gradients, 0.5 / jnp.sqrt(xs), rtol=1e-5)


def test_a_condition_is_computed_where_it_is_no_comparison():
    text = loop().replace(
        "stablehlo.return %c : tensor<i1>",
        """%h = stablehlo.constant dense<7> : tensor<i32>
        %t = stablehlo.add %i, %i : tensor<i32>
        %e = stablehlo.compare LE, %t, %h : (tensor<i32>, tensor<i32>) -> tensor<i1>
        %both = stablehlo.and %c, %e : tensor<i1>
        stablehlo.return %both : tensor<i1>""",
    )
    assert "length = 4 : i64" in raised(text)


def test_counters_at_the_ends_of_their_types():
    """They ended in an error of NumPy's."""
    flags = loop("LT, %i, %n").replace("dense<0>", "dense<false>").replace("dense<1>", "dense<true>")
    flags = flags.replace("dense<10>", "dense<true>").replace("tensor<i32>", "tensor<i1>")
    assert "length = 1 : i64" in raised(flags)
    wide = loop("NE, %i, %n", start=5, step=2**64 - 1, bound=2).replace("tensor<i32>", "tensor<ui64>")
    assert "lift.while" in raised(wide)
    tried = wide.replace(
        "stablehlo.return %c : tensor<i1>",
        "%e = stablehlo.and %c, %c : tensor<i1>\n stablehlo.return %e : tensor<i1>",
    )
    assert "length = 3 : i64" in raised(tried)


def traced_elsewhere(w, c, xs):
    c, ys = jax.lax.scan(lambda c, x: (jnp.tanh(w @ c + x), c * x), c, xs)
    c = jax.lax.fori_loop(0, 4, lambda i, c: jnp.sin(w @ c) * i, c)
    d = jax.lax.cond(c[0] > 0, jnp.sin, lambda c: c * 2, c)
    e = jax.lax.switch(jnp.int32(c[1] > 0), [jnp.cos, lambda c: c * d], c)
    return ys.sum() + d.sum() + e.sum()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    path = tmp_path_factory.mktemp("raising") / "loops.mlir"
    path.write_text(jax.jit(traced_elsewhere).lower(W, C, XS).as_text())
    return Program.load(path)


@pytest.mark.smoke
def test_gradients_of_a_file_with_loops(loaded):
    found = loaded.grad((0, 1, 2))(W, C, XS)
    for x, y in zip(found, jax.grad(traced_elsewhere, (0, 1, 2))(W, C, XS), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def test_a_file_with_loops_mapped(loaded):
    cs = jnp.stack([C, -C])
    found = loaded.vmap((None, 0, None), axis_size=2)(W, cs, XS)
    np.testing.assert_allclose(found, jax.vmap(traced_elsewhere, (None, 0, None))(W, cs, XS), rtol=1e-5)


CHOICE = """
func.func @main(%p: tensor<PRED>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "stablehlo.OP"(%p) ({
    %1 = stablehlo.sine %x : tensor<3xf32>
    stablehlo.return %1 : tensor<3xf32>
  }, {
    %1 = stablehlo.multiply %x, %x : tensor<3xf32>
    stablehlo.return %1 : tensor<3xf32>
  }) : (tensor<PRED>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}"""


@pytest.mark.parametrize(
    ("op", "predicate", "derivative"),
    [
        ("if", jnp.array(True), jnp.cos),
        ("if", jnp.array(False), lambda x: 2 * x),
        ("case", jnp.int32(0), jnp.cos),
        ("case", jnp.int32(1), lambda x: 2 * x),
        ("case", jnp.int32(7), lambda x: 2 * x),
        ("case", jnp.int32(-1), lambda x: 2 * x),
    ],
)
def test_branches(tmp_path, op, predicate, derivative):
    path = tmp_path / "choice.mlir"
    path.write_text(CHOICE.replace("OP", op).replace("PRED", "i1" if op == "if" else "i32"))
    program = Program.load(path)
    _, (_, found) = program.vjp()((predicate, C), jnp.ones(3))
    np.testing.assert_allclose(found, derivative(C), rtol=1e-6)


def test_reverse_mode_through_an_unbounded_loop_of_a_file_names_its_line(tmp_path):
    path = tmp_path / "loop.mlir"
    path.write_text(loop("NE, %i, %n", step=3))
    with pytest.raises(LiftError, match=r"loop\.mlir:5:\d+: error: reverse mode through a loop"):
        program = Program.load(path)
        program.vjp()((C, C), (None, C))


def test_an_argument_returned_twice_unchanged_is_carried_by_neither():
    text = loop().replace("stablehlo.return %j, %b, %k", "stablehlo.return %j, %k, %k")
    assert "num_carry = 2 : i64, num_consts = 1 : i64" in raised(text)


SCAN = """
  func.func public @main(%x: tensor<2x5xf32>, %scale: tensor<2xf32>, %start: tensor<2xf32>)
      -> (tensor<2x5xf32>, tensor<2x5xf32>, tensor<2xf32>) {{
    %0:3 = "chlo.scan"(%x, %start) ({{
      ^bb0(%one: tensor<2xf32>, %carry: tensor<2xf32>):
        %scaled = stablehlo.multiply %one, %carry : tensor<2xf32>
        %next = stablehlo.add %scaled, %one : tensor<2xf32>
        stablehlo.return %scaled, %carry, %next : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
    }}) {{dimension = 1 : i64, is_reverse = {reverse}, operandSegmentSizes = array<i32: 1, 1>,
        resultSegmentSizes = array<i32: 2, 1>}}
      : (tensor<2x5xf32>, tensor<2xf32>) -> (tensor<2x5xf32>, tensor<2x5xf32>, tensor<2xf32>)
    %1 = stablehlo.multiply %0#2, %scale : tensor<2xf32>
    return %0#0, %0#1, %1 : tensor<2x5xf32>, tensor<2x5xf32>, tensor<2xf32>
  }}"""


@pytest.mark.parametrize("reverse", ["true", "false"])
def test_a_scan_of_chlo(reverse: str):
    """Against what XLA makes of the op itself."""
    source = SCAN.format(reverse=reverse)
    rng = np.random.default_rng(0)
    args = [random(rng, shape, np.float32) for shape in ((2, 5), (2,), (2,))]
    found = run_module(source, args, ["lift-raise", "lift-lower", "lift-inline"])
    assert_close(found, run_module(source, args))
    check_against_loop(source, ("2x5xf32", "2xf32", "2xf32"))
