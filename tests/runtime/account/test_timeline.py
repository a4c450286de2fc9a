"""Memory over time: what is held at each op of small modules, and the peak beside XLA's account."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from stablelift import Program, functional
from stablelift.runtime.account.timeline import Timeline, timeline_of

KB = 1024  # tensor<256xf32>


def timeline(body: str, functions: str = "") -> Timeline:
    """Of `@main`, which takes `%x : tensor<256xf32>`, with this body."""
    header = "func.func public @main(%x: tensor<256xf32>) -> tensor<256xf32>"
    return timeline_of(f"module {{ {header} {{ {body} }} {functions} }}".encode())


def held(found: Timeline) -> list[tuple[str, float]]:
    """Each moment's op, with the kilobytes that are held; scalars do not show."""
    return [(moment.op.removeprefix("stablehlo."), moment.held_bytes // KB) for moment in found.moments]


DOUBLED = "dim = 0 : (tensor<256xf32>, tensor<256xf32>) -> tensor<512xf32>"
HALF = "[0:256] : (tensor<512xf32>) -> tensor<256xf32>"


def test_a_value_is_held_until_its_last_use():
    found = timeline(f"""
        %0 = stablehlo.reverse %x, dims = [0] : tensor<256xf32>
        %1 = stablehlo.concatenate %0, %x, {DOUBLED}
        %2 = stablehlo.concatenate %1, %x, dim = 0 : (tensor<512xf32>, tensor<256xf32>) -> tensor<768xf32>
        %3 = stablehlo.slice %2 [0:256] : (tensor<768xf32>) -> tensor<256xf32>
        return %3 : tensor<256xf32>""")
    assert held(found) == [("reverse", 1), ("concatenate", 3), ("concatenate", 5), ("slice", 4)]
    assert (found.argument_bytes, found.peak_bytes) == (KB, 5 * KB)
    assert [value.size_bytes // KB for value in found.at_peak] == [3, 2]


def test_elementwise_chains_hold_only_their_end():
    found = timeline("""
        %c = stablehlo.constant dense<2.0> : tensor<256xf32>
        %0 = stablehlo.multiply %x, %c : tensor<256xf32>
        %1 = stablehlo.sine %0 : tensor<256xf32>
        return %1 : tensor<256xf32>""")
    assert held(found) == [("sine", 1)]


def test_a_view_is_the_same_memory_and_what_is_read_once_is_computed_there():
    found = timeline(f"""
        %0 = stablehlo.concatenate %x, %x, {DOUBLED}
        %1 = stablehlo.reshape %0 : (tensor<512xf32>) -> tensor<2x256xf32>
        %2 = stablehlo.negate %1 : tensor<2x256xf32>
        %3 = stablehlo.reshape %2 : (tensor<2x256xf32>) -> tensor<512xf32>
        %4 = stablehlo.slice %3 {HALF}
        return %4 : tensor<256xf32>""")
    assert held(found) == [("concatenate", 2), ("reshape", 2), ("slice", 3)]


LOOP = """
    %c = stablehlo.constant dense<0> : tensor<i32>
    %n = stablehlo.constant dense<7> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %zeros = stablehlo.constant dense<0.0> : tensor<7x256xf32>
    %0:3 = stablehlo.while(%i = %c, %h = %x, %all = %zeros)
        : tensor<i32>, tensor<256xf32>, tensor<7x256xf32> cond {
      %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %a = stablehlo.sine %h : tensor<256xf32>
      %row = stablehlo.reshape %a : (tensor<256xf32>) -> tensor<1x256xf32>
      %b = stablehlo.dynamic_update_slice %all, %row, %i, %c
          : (tensor<7x256xf32>, tensor<1x256xf32>, tensor<i32>, tensor<i32>) -> tensor<7x256xf32>
      %j = stablehlo.add %i, %one : tensor<i32>
      stablehlo.return %j, %a, %b : tensor<i32>, tensor<256xf32>, tensor<7x256xf32>
    }"""


def test_a_loop_writes_its_stacks_in_place():
    found = timeline(LOOP + "return %0#1 : tensor<256xf32>")
    ops = dict(held(found))
    assert ops["dynamic_update_slice"] <= 7 + 1 + 1  # the stack, the carry, and the one that follows
    (span,) = found.spans
    assert (span.what, span.steps) == ("loop", 7)
    assert [moment.op for moment in found.moments[span.start : span.stop]][-1] == "stablehlo.add"


def test_a_stack_that_is_read_later_is_copied():
    kept = """
        %k = stablehlo.dynamic_update_slice %s, %row, %c, %c
            : (tensor<7x256xf32>, tensor<1x256xf32>, tensor<i32>, tensor<i32>) -> tensor<7x256xf32>
        """
    begin = """
        %c = stablehlo.constant dense<0> : tensor<i32>
        %row = stablehlo.reshape %x : (tensor<256xf32>) -> tensor<1x256xf32>
        %s = "stablehlo.custom_call"(%x) {call_target_name = "s"} : (tensor<256xf32>) -> tensor<7x256xf32>
        """
    sum_up = '%r = "stablehlo.custom_call"(%{}) {{call_target_name = "r"}} : (tensor<7x256xf32>) -> {}\n'
    end = "return %r : tensor<256xf32>"
    overwritten = timeline(begin + kept + sum_up.format("k", "tensor<256xf32>") + end)
    both = sum_up.replace("(%{})", "(%k, %s)").replace("(tensor<7x256xf32>)", "({0}, {0})")
    both = both.replace("{0}", "tensor<7x256xf32>")
    copied = timeline(begin + kept + both.format("tensor<256xf32>") + end)
    assert (overwritten.peak_bytes // KB, copied.peak_bytes // KB) == (8, 15)


def test_calls_and_branches_are_walked_into():
    found = timeline(
        f"""
        %p = stablehlo.constant dense<true> : tensor<i1>
        %0 = func.call @double(%x) : (tensor<256xf32>) -> tensor<256xf32>
        %1 = "stablehlo.if"(%p) ({{ stablehlo.return %0 : tensor<256xf32> }}, {{
          %a = stablehlo.concatenate %0, %0, {DOUBLED}
          %b = stablehlo.slice %a {HALF}
          stablehlo.return %b : tensor<256xf32>
        }}) : (tensor<i1>) -> tensor<256xf32>
        return %1 : tensor<256xf32>""",
        f"""func.func private @double(%y: tensor<256xf32>) -> tensor<256xf32> {{
          %a = stablehlo.concatenate %y, %y, {DOUBLED}
          %b = stablehlo.slice %a {HALF}
          return %b : tensor<256xf32>
        }}""",
    )
    inside = [one for one in held(found) if one[0] in ("concatenate", "slice")]
    # What they return stands where the call, or the branch, has its result.
    assert inside == [("concatenate", 3), ("slice", 3), ("concatenate", 4), ("slice", 4)]
    assert [span.what for span in found.spans] == ["@double"]


def test_a_program_that_computes_nothing():
    found = timeline("return %x : tensor<256xf32>")
    assert (found.moments, found.peak, found.peak_bytes, found.at_peak) == ((), None, 0, ())


@pytest.mark.parametrize("derive", [lambda f: f, functional.grad], ids=["value", "gradient"])
def test_the_peak_is_about_what_xla_takes(derive):
    def recurrent(w, h, xs):
        h, ys = functional.scan(lambda h, x: (jnp.tanh(h @ w + x),) * 2, h, xs)
        return h.sum() + (ys**2).sum()

    key = jax.random.key(0)
    w, h, xs = (jax.random.normal(key, shape) for shape in ((32, 32), (8, 32), (50, 8, 32)))
    program = Program.trace(derive(recurrent), w, h, xs)
    memory = program.compile().memory_analysis()
    taken = memory.temp_size_in_bytes + memory.output_size_in_bytes
    assert 0.7 * taken < timeline_of(program.finished.bytecode).peak_bytes < 1.4 * taken
