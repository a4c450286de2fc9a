"""`stablelift opt`: transformations in the order given, passes, and what is written where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.command import reading
from stablelift.runtime.load import load_bytes
from tests.command.conftest import LOSS

X = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal(4).astype(np.float32)


def loss(x, y):
    return jnp.tanh(x @ y).sum()


def result_of(written, *args):
    """What the program that was written computes."""
    return load_bytes(written if isinstance(written, bytes) else written.encode(), "out")(*args)


def close(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_a_module_is_printed(stablelift):
    result = stablelift("opt", "loss.mlir")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("module {\n  func.func @loss(") and result.stdout.endswith("}\n")


def batch(x, y):
    return jax.vmap(loss, (0, None))(x, y)


ONES = np.ones(5, np.float32)
# The options, the same in JAX, and the arguments of both.
CASES = {
    "--grad 1,0": (jax.grad(loss, (1, 0)), (X[0], Y)),
    "--value-and-grad 1 --remat nothing_saveable": (jax.value_and_grad(loss, 1), (X[0], Y)),
    "--batching 5,in=0:- --vjp": (
        lambda primals, ct: (batch(*primals), jax.vjp(batch, *primals)[1](ct)),
        ((X, Y), ONES),
    ),
    "--grad 0 --vmap 5,in=2:-,out=1": (
        jax.vmap(jax.grad(loss), (2, None), 1),
        (X.transpose(1, 2, 0), Y),
    ),
    "--jvp": (lambda primals, tangents: jax.jvp(loss, primals, tangents), ((X[0], Y), (X[1], Y + 1))),
    "--batching 5,in=0:- --batching 2,in=-:0": (
        jax.vmap(batch, (None, 0)),
        (X, np.stack([Y, Y + 1])),
    ),
}


@pytest.mark.parametrize("options", CASES)
def test_transformations_in_the_order_given(stablelift, options):
    expected, args = CASES[options]
    result = stablelift("opt", "loss.mlir", *options.split())
    assert (result.exit_code, result.stderr) == (0, "")
    assert '"lift.' not in result.stdout
    close(result_of(result.stdout, *args), expected(*args))


def test_types_of_64_bits_stay_what_they_are(stablelift):
    result = stablelift("opt", "-", "--grad", "0", stdin=LOSS.replace("f32", "f64"))
    assert "%arg0: tensor<3x4xf64>" in result.stdout and "f32" not in result.stdout


@pytest.mark.parametrize("suffix", ["mlir", "bc", "stablehlo"])
def test_the_suffix_decides_the_form(stablelift, tmp_path, suffix):
    out = f"out.{suffix}"
    result = stablelift("opt", "loss.mlir", "--vjp", "-o", out)
    assert (result.exit_code, result.output) == (0, "")
    written = (tmp_path / out).read_bytes()
    assert {"mlir": b"module", "bc": b"ML\xefR\x0dMLIR", "stablehlo": b"ML\xefR\x0dStableHLO"}[
        suffix
    ] in written[:24]
    assert load_bytes(written, out).out_tree == jax.tree.structure((0, (0, 0)))
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["loss.mlir", out])
    again = stablelift("opt", out, "--pipeline=")
    same = stablelift("opt", "-", "--pipeline=", stdin=written)
    assert again.exit_code == 0 and again.stdout == same.stdout


def test_a_file_is_written_whole_or_not_at_all(stablelift, tmp_path, monkeypatch):
    (tmp_path / "out.mlir").write_text("before")
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    result = stablelift("opt", "loss.mlir", "-o", "out.mlir")
    assert (result.exit_code, result.stderr) == (
        1,
        "out.mlir: error: cannot be written: no space left on device\n",
    )
    assert (tmp_path / "out.mlir").read_text() == "before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["loss.mlir", "out.mlir"]


REFUSED = {
    "--grad 0 --batching 5,in=0:-:0": "--batching: expected an axis for each argument, of which there are 2, "
    "found 3",
    "--batching 2 --grad 0": "--grad: expected `loss` to return a real scalar, found float32[2]",
    "--grad 2": "--grad: argnums: expected positions below 2, the number of arguments, found 2",
    "--batching 2,in=3:-": "--batching: in_axes: axis 3 is out of range for f32[3,4] with one more axis",
}


@pytest.mark.parametrize("options", REFUSED)
def test_a_transformation_that_cannot_be_is_refused(stablelift, options):
    result = stablelift("opt", "loss.mlir", *options.split())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"loss.mlir: error: {REFUSED[options]}\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--batching x",
            "'--batching' / '--vmap': expected a size such as 32, or 32,in=0:-:1,out=0, found 'x'",
        ),
        (
            "--batching 0",
            "'--batching' / '--vmap': expected a size such as 32, or 32,in=0:-:1,out=0, found '0'",
        ),
        (
            f"--batching {2**63}",
            "'--batching' / '--vmap': expected a size such as 32, or 32,in=0:-:1,out=0, found",
        ),
        (
            "--batching 3,on=2",
            "'--batching' / '--vmap': expected a size such as 32, or 32,in=0:-:1,out=0, found",
        ),
        (
            "--grad loss.mlir",
            "'--grad': expected positions of arguments, such as 0 or 0,2, found 'loss.mlir'",
        ),
        ("--vjp --remat dots", "'--remat': unknown policy `dots`; the policies are everything_saveable, "),
        ("--remat f(", "'--remat': expected a policy such as dots_saveable or "),
    ],
)
def test_an_option_that_says_nothing_is_exit_code_2(stablelift, options, message):
    result = stablelift("opt", "loss.mlir", *options.split())
    assert result.exit_code == 2
    assert f"Error: Invalid value for {message}" in result.stderr


def test_passes_that_are_chosen_do_not_go_with_a_pipeline(stablelift):
    result = stablelift("opt", "loss.mlir", "--fuse", "--pipeline=cse")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "Error: --roll, --fuse and --hoist choose among the passes that --pipeline replaces\n"
    )


def test_an_unknown_pass_is_refused(stablelift):
    result = stablelift("opt", "loss.mlir", "--pipeline=lift-magic")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "loss.mlir: error: unknown pass `lift-magic`\n  hint: the passes are lift-"
    )


def test_what_each_pass_leaves_is_printed_before_the_one_that_refuses(stablelift):
    result = stablelift("opt", "loss.mlir", "--print-ir-after-all", "--pipeline=cse,lift-roll")
    assert (result.exit_code, result.stdout) == (1, "")
    parts = result.stderr.split("// -----// after ")
    assert [part.split(" ")[0] for part in parts[1:]] == ["01-lift-verify", "02-cse"]
    assert parts[1].startswith("01-lift-verify //----- //\nmodule {\n  func.func @loss(")
    assert parts[2].endswith("\nloss.mlir: error: expected a function `@main`, found none\n")


def test_lift_ops_are_verified_before_a_pass_relies_on_them(stablelift):
    source = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.vmap"(%x) {axis_size = 3 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}"""
    result = stablelift("opt", "-", "--pipeline=lift-batching", stdin=source)
    assert result.exit_code == 1
    assert result.stderr.startswith("<stdin>:2:8: error: malformed `lift.vmap`: attribute `callee` ")


def test_the_time_of_each_pass_is_printed(stablelift):
    result = stablelift("opt", "loss.mlir", "--timing", "--verify", "--pipeline=cse")
    lines = [line.split() for line in result.stderr.splitlines()]
    assert [line[2] for line in lines] == ["lift-verify", "cse", "lift-verify", "total"]
    assert all(line[1] == "s" and float(line[0]) >= 0 for line in lines)


STRANGE = """\
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "magic.wand"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = stablehlo.custom_call @kernel(%0) : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
"""


def test_what_is_unknown_is_listed_with_its_lines(stablelift):
    result = stablelift("opt", "-", "--pipeline=cse", stdin=STRANGE)
    assert result.exit_code == 0 and "magic.wand" in result.stdout
    assert result.stderr == (
        "<stdin>: warning: what Stablelift does not know is left as it is\n"
        "  `magic.wand` at <stdin>:2:8\n"
        "  custom_call `kernel` at <stdin>:3:8\n"
    )
    known = stablelift("opt", "-", "--pipeline=cse", "--allow-custom-call=ker*", stdin=STRANGE)
    assert "kernel" not in known.stderr
    refused = stablelift("opt", "-", stdin=STRANGE)
    assert (refused.exit_code, refused.stdout, refused.stderr) == (
        1,
        "",
        "<stdin>: error: the program holds ops of other dialects\n"
        "  `magic.wand` at <stdin>:2:8\n"
        "  hint: lower them to StableHLO where the file is made\n",
    )
    artefact = stablelift("opt", "-", "--pipeline=", "-o", "out.stablehlo", stdin=STRANGE)
    assert (artefact.exit_code, artefact.stderr) == (
        1,
        "out.stablehlo: error: a portable artefact holds StableHLO and nothing else\n"
        "  `magic.wand` at <stdin>:2:8\n"
        "  hint: lift ops are compiled away without --pipeline; write OUT.mlir or OUT.bc to keep others\n",
    )


def test_what_ends_the_parser_does_not_end_the_command(stablelift):
    result = stablelift("opt", "-", stdin="func.func @main() attributes {a = " + "[" * 1_000_000)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "<stdin>: error: MLIR's parser crashes on this file (SIGSEGV)\n"


def test_loops_are_fused_where_that_is_asked_for(stablelift):
    """Two counted sums over the same number of steps: nothing that is worth raising by itself."""
    result = stablelift("opt", "-", stdin=two_loops())
    assert result.stdout.count("stablehlo.while") == 2
    fused = stablelift("opt", "-", "--fuse", stdin=two_loops())
    assert fused.stdout.count("stablehlo.while") == 1
    hoisted = stablelift("opt", "-", "--hoist", stdin=two_loops())
    assert hoisted.stdout.count("stablehlo.while") == 2


def two_loops():
    def total(array, start):
        return jax.lax.fori_loop(0, 4, lambda i, total: jnp.sin(total) + array[i], start)

    @jax.jit
    def sums(x, y):
        return total(x, jnp.zeros(3)), total(y, jnp.ones(3))

    return sums.lower(jnp.ones((4, 3)), jnp.ones((4, 3))).as_text()


def test_a_chain_of_calls_is_rolled(stablelift):
    layer = "\n".join(
        f"  %{i + 1} = call @layer(%{i}) : (tensor<3xf32>) -> tensor<3xf32>" for i in range(5)
    ).replace("%0)", "%x)")
    source = f"""\
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {{
{layer}
  return %5 : tensor<3xf32>
}}
func.func private @layer(%x: tensor<3xf32>) -> tensor<3xf32> {{
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}}
"""
    assert stablelift("opt", "-", stdin=source).stdout.count("stablehlo.sine") == 5
    rolled = stablelift("opt", "-", "--roll", stdin=source)
    assert rolled.stdout.count("stablehlo.sine") == 1 and "stablehlo.while" in rolled.stdout


def test_the_child_is_given_the_time_that_a_file_of_a_size_may_take():
    child = reading.reader_for(b"")
    assert child.timeout == reading.SECONDS < 5
    assert reading.reader_for(b" " * 7_500_000) is child and child.timeout == reading.SECONDS + 7


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--roll", "expected `@main` or one public function, found `@f`, `@g`"),
        ("--pipeline=lift-roll", "expected a function `@main`, found none"),
    ],
)
def test_rolling_wants_an_entry_point(stablelift, options, said):
    two = "func.func @f() { return }\nfunc.func @g() { return }"
    result = stablelift("opt", "-", options, stdin=two)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"<stdin>: error: {said}\n")
