"""What may not reach XLA is refused by name: leftover ops, recursion, foreign code."""

import sys

import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.ir.mlir import context, parse, walk_by_name
from stablelift.runtime.guard import refuse_leftovers
from stablelift.runtime.load import load_bytes
from tests.support import compile_text

pytestmark = pytest.mark.smoke

EVIL = b"""
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.custom_call @evil(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = stablehlo.custom_call @Sharding(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = stablehlo.custom_call @worse(%1) : (tensor<3xf32>) -> tensor<3xf32>
  %3 = stablehlo.custom_call @evil(%2) : (tensor<3xf32>) -> tensor<3xf32>
  return %3 : tensor<3xf32>
}"""


def test_custom_calls():
    with pytest.raises(LiftError) as error:
        load_bytes(EVIL, "evil.mlir")
    assert str(error.value) == (
        "evil.mlir: error: the program calls code outside StableHLO, which can do anything\n"
        "  custom_call `evil` at evil.mlir:3:8\n"
        "  custom_call `worse` at evil.mlir:5:8\n"
        "  custom_call `evil` at evil.mlir:6:8\n"
        "  hint: if you trust it, load it with allow_custom_calls=['evil', 'worse']"
    )


def test_custom_calls_that_are_allowed():
    assert load_bytes(EVIL, "evil.mlir", allow_custom_calls=["evil", "worse"]).name == "evil"
    with pytest.raises(LiftError) as error:
        load_bytes(EVIL, "evil.mlir", allow_custom_calls=["evil"])
    assert "custom_call `evil`" not in str(error.value)


def test_python_callbacks_of_other_processes_are_not_trusted():
    for target in ("xla_ffi_python_cpu_callback", "xla_python_gpu_callback", "lapack", "Eigh2"):
        with pytest.raises(LiftError):
            text = EVIL.replace(b"@worse", f"@{target}".encode())
            load_bytes(text, "evil.mlir", allow_custom_calls=["evil"])


def leftovers(text):
    with context() as ctx, pytest.raises(LiftError) as error:
        module = parse(text, ctx, "left.mlir")
        refuse_leftovers(walk_by_name(module))
    return str(error.value)


def test_leftover_ops():
    assert leftovers("""func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.stop_gradient"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = "torch.relu"(%0) : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}""") == (
        "error: the module holds ops that XLA does not know\n"
        "  `lift.stop_gradient` at left.mlir:2:8\n"
        "  `torch.relu` at left.mlir:3:8\n"
        "  hint: lift ops are compiled away by the default pipeline; others must be lowered before"
    )


def test_leftovers_inside_regions_are_found():
    text = """func.func @main(%x: tensor<i1>, %y: tensor<f32>) -> tensor<f32> {
  %0 = "stablehlo.if"(%x) ({
    %1 = "foo.bar"(%y) : (tensor<f32>) -> tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }, { stablehlo.return %y : tensor<f32> }) : (tensor<i1>) -> tensor<f32>
  return %0 : tensor<f32>
}"""
    assert "  `foo.bar` at left.mlir:3:10\n" in leftovers(text)


def test_a_long_list_is_cut():
    ops = "\n".join(f'"foo.op{index}"() : () -> ()' for index in range(14))
    assert leftovers(f"func.func @main() {{\n{ops}\nreturn }}").count("foo.op") == 10
    assert "\n  and 4 more\n" in leftovers(f"func.func @main() {{\n{ops}\nreturn }}")


def test_unknown_ops_are_refused_when_a_file_is_loaded():
    """All of them: XLA ends the process on one."""
    with pytest.raises(LiftError) as error:
        load_bytes(
            b"""func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "foo.bar"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = "foo.baz"(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = "foo.bar"(%1) : (tensor<3xf32>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}""",
            "foo.mlir",
        )
    assert str(error.value) == (
        "foo.mlir: error: the program holds ops of other dialects\n"
        "  `foo.bar` (2 times) at foo.mlir:2:8, foo.mlir:4:8\n"
        "  `foo.baz` at foo.mlir:3:8\n"
        "  hint: lower them to StableHLO where the file is made"
    )


RECURSIVE = b"""func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @g(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @g(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @f(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}"""


def test_recursion_is_refused_before_the_process_ends():
    with pytest.raises(LiftError) as error:
        load_bytes(RECURSIVE, "loop.mlir").compile()
    assert "a function calls itself: `@" in str(error.value)
    assert str(error.value).endswith("  hint: a loop is a `stablehlo.while`; XLA has no calls that recur")


@pytest.mark.parametrize(
    "call",
    [
        'stablehlo.composite "a.b" %x {decomposition = @f}',
        "stablehlo.custom_call @mhlo.foo(%x) {called_computations = [@f]}",
    ],
)
def test_other_ops_that_refer_to_functions_recur_as_calls_do(call):
    text = f"""func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {{
  %0 = call @f(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {{
  %0 = {call} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}}"""
    with pytest.raises(LiftError) as error:
        load_bytes(text.encode(), "loop.mlir")
    assert str(error.value).startswith("loop.mlir:6:8: error: a function calls itself: `@f` -> `@f`\n")


def test_a_chain_of_calls_may_be_longer_than_pythons_stack():
    types = "(tensor<3xf32>) -> tensor<3xf32>"
    count = sys.getrecursionlimit() + 10
    lines = [f"func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {{ %y = call @f0(%x) : {types}"]
    for number in range(count):
        lines.append("return %y : tensor<3xf32> }")
        lines.append(f"func.func private @f{number}(%x: tensor<3xf32>) -> tensor<3xf32> {{")
        lines.append(f"%y = call @f{number + 1}(%x) : {types}")
    lines[-1] = "%y = stablehlo.sine %x : tensor<3xf32>"
    lines.append("return %y : tensor<3xf32> }")
    x = np.arange(3, dtype=np.float32)
    np.testing.assert_allclose(load_bytes("\n".join(lines).encode(), "chain.mlir")(x), np.sin(x), rtol=1e-6)


def test_what_jax_lowers_linear_algebra_to_is_trusted():
    from stablelift.runtime.program import Program

    spd = jnp.array([[2.0, 0.5], [0.5, 1.0]])
    program = Program.trace(jnp.linalg.cholesky, spd)
    with context() as ctx:
        module = parse(program.finished.bytecode, ctx)
        refuse_leftovers(walk_by_name(module))
    loaded = load_bytes(program.finished.bytecode, "chol")
    np.testing.assert_allclose(loaded(spd), np.linalg.cholesky(spd), rtol=1e-6)
    assert compile_text(program.finished.bytecode, ["lift-verify"]) is not None
