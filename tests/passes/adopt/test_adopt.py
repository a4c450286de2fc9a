"""Foreign modules are adopted, or refused by op and line."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.runtime.load import load_bytes
from stablelift.runtime.program import Program


def refusal(text, **options):
    with pytest.raises(LiftError) as error:
        load_bytes(text.encode(), "f.mlir", **options)
    return str(error.value)


def body(*lines, arguments="%x: tensor<3xf32>", type="tensor<3xf32>"):
    inner = "\n".join(f"  {line}" for line in lines)
    return f"func.func @main({arguments}) -> {type} {{\n{inner}\n  return %0 : {type}\n}}\n"


RESOURCE = body("%0 = stablehlo.constant dense_resource<w> : tensor<3xf32>")


def test_a_resource_that_is_missing_or_of_another_size():
    op = "\n  op: stablehlo.constant : () -> (tensor<3xf32>)"
    assert refusal(RESOURCE) == (
        "f.mlir:2:8: error: expected the resource `w`, which the file does not hold" + op
    )
    section = '{-# dialect_resources: { builtin: { w: "0x040000000000803F0000" } } #-}'
    assert refusal(RESOURCE + section) == (
        "f.mlir:2:8: error: expected the elements of tensor<3xf32>, found a resource of 6 bytes" + op
    )


def test_weights_are_resources_and_large_constants(tmp_path):
    """Of every type and size, in functions that are called, infinities among them."""
    rng = np.random.default_rng(0)
    large, small, brain = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 5), (4, 4), (130,)))
    large[0, 0] = np.inf
    brains = [ml_dtypes.bfloat16(brain[:20]), ml_dtypes.bfloat16(brain)]
    brains[0][0], brains[0][1] = np.inf, np.nan
    half = rng.normal(size=(17,)).astype(np.float16)
    inner = jax.jit(lambda x: jnp.sum(x * large))

    def function(x):
        total = inner(x) + inner(2 * x) + jnp.sum(x[:4, :4] * small)
        return total, *(jnp.sum(one) * x for one in (*brains, half))

    x = np.ones((5, 5), np.float32)
    Program.trace(function, x).save(tmp_path / "f.mlir")
    program = Program.load(tmp_path / "f.mlir", lift_weights=True)
    found = sorted(program.weights.items())
    assert [name for name, _ in found] == [f"constant_{number:03d}" for number in range(len(found))]
    for wanted in (large, *brains, half):
        assert any(
            wanted.dtype == weight.dtype and np.array_equal(wanted, weight, equal_nan=True)
            for _, weight in found
        )
    assert len(found) == 4
    for one, other in zip(program(program.weights, x), function(x), strict=True):
        np.testing.assert_allclose(np.float32(one), np.float32(other), rtol=1e-5)
    with pytest.raises(TypeError, match="expected 2 arguments"):
        program(x)


def test_what_is_not_supported_is_listed_by_op_and_line():
    text = body(
        '%1 = "tf.Foo"(%x) : (tensor<3xf32>) -> tensor<3xf32>',
        '%2 = "tosa.bar"(%1) : (tensor<3xf32>) -> tensor<3xf32>',
        '%0 = "tf.Foo"(%2) : (tensor<3xf32>) -> tensor<3xf32>',
    )
    assert refusal(text) == (
        "f.mlir: error: the program holds ops of other dialects\n"
        "  `tf.Foo` (2 times) at f.mlir:2:8, f.mlir:4:8\n"
        "  `tosa.bar` at f.mlir:3:8\n"
        "  hint: lower them to StableHLO where the file is made"
    )
    text = body(
        "%1 = stablehlo.dynamic_reshape %x, %n : (tensor<3xf32>, tensor<1xi32>) -> tensor<?xf32>",
        "%2 = stablehlo.sine %1 : tensor<?xf32>",
        "%0 = stablehlo.dynamic_reshape %2, %n : (tensor<?xf32>, tensor<1xi32>) -> tensor<3xf32>",
        arguments="%x: tensor<3xf32>, %n: tensor<1xi32>",
    )
    assert refusal(text) == (
        "f.mlir: error: the shapes of these ops do not follow from those of the arguments\n"
        "  `stablehlo.dynamic_reshape` at f.mlir:2:8\n"
        "  `stablehlo.sine` at f.mlir:3:8"
    )


def test_what_is_no_module_of_functions():
    inner = "module {}\n" + body("%0 = stablehlo.sine %x : tensor<3xf32>")
    assert refusal(inner).startswith("f.mlir:1:1: error: expected a module of functions, found this op")
    blocks = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  cf.br ^next
^next:
  return %x : tensor<3xf32>
}"""
    assert refusal(blocks).startswith("f.mlir:1:1: error: expected a function of one block, found 2")
    last = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}"""
    assert refusal(last).startswith("f.mlir:2:8: error: expected a block that ends in a return, found this")
    noted = body(
        "%0 = stablehlo.sine %x : tensor<3xf32>",
        arguments='%x: tensor<3xf32>, %p: tensor<f32> {jax.global_constant = "_platform_index"}',
    )
    assert refusal(noted, platform=0) == (
        "f.mlir: error: expected the platform's number as tensor<i32>, found tensor<f32>"
    )


def test_malformed_attributes_are_refused_where_the_op_is_written_anew():
    text = body(
        '%0 = stablehlo.einsum %x, %x, config = "i,jj->k" : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>'
    )
    assert refusal(text).startswith("f.mlir:2:8: error: malformed `stablehlo.einsum`: ")


@pytest.mark.parametrize("dimension", [", dimension = -1 : i64", ""])
def test_the_axis_of_a_sort_that_is_counted_from_the_last(dimension):
    """It had been taken for an axis of the examples when the program was mapped."""
    text = f"""func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {{
  %0 = "stablehlo.sort"(%x) ({{
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %p = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }}) {{is_stable = true{dimension}}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32> }}"""
    program = load_bytes(text.encode(), "f.mlir")
    x = np.float32([[[3, 1, 2], [6, 5, 4]], [[0, -2, 7], [1, 1, 0]]])
    np.testing.assert_array_equal(program(x[0]), np.sort(x[0]))
    np.testing.assert_array_equal(program.vmap(axis_size=2)(x), np.sort(x))
    _, (gradient,) = program.vjp()((x[0],), np.float32([[1, 2, 3], [4, 5, 6]]))
    np.testing.assert_array_equal(gradient, [[3, 1, 2], [6, 5, 4]])


WIDE = """({ ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %s = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %s : tensor<f32> })"""


@pytest.mark.parametrize(
    ("op", "types", "function"),
    [
        (
            f'"stablehlo.reduce"(%x, %y) {WIDE} {{dimensions = array<i64: 1>}}',
            ("3x4xbf16", "bf16", "3xf32"),
            lambda x, y: x.sum(1) + y,
        ),
        (
            f'"stablehlo.reduce_window"(%x, %y) {WIDE} {{window_dimensions = array<i64: 2, 2>}}',
            ("3x4xbf16", "bf16", "2x3xf32"),
            lambda x, y: x[:-1, :-1] + x[:-1, 1:] + x[1:, :-1] + x[1:, 1:] + y,
        ),
        (
            f'"stablehlo.scatter"(%x, %i, %y) {WIDE} {{scatter_dimension_numbers = #stablehlo.scatter<'
            "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], "
            "index_vector_dim = 1>}",
            ("3x4xbf16", "2x4xbf16", "3x4xf32"),
            lambda x, y: x.at[jnp.array([2, 0])].add(y),
        ),
    ],
)
def test_what_accumulates_in_a_wider_type(op, types, function):
    x, y, result = (f"tensor<{type}>" for type in types)
    indices = "%i = stablehlo.constant dense<[2, 0]> : tensor<2xi32>"
    operands = f"({x}, tensor<2xi32>, {y})" if "%i," in op else f"({x}, {y})"
    text = body(indices, f"%0 = {op} : {operands} -> {result}", arguments=f"%x: {x}, %y: {y}", type=result)
    program = load_bytes(text.encode(), "f.mlir")
    rng = np.random.default_rng(0)
    arrays = [jnp.asarray(rng.normal(size=aval.shape), aval.dtype) for aval in program.in_avals]

    def wide(x, y):
        return function(x.astype(jnp.float32), y.astype(jnp.float32))

    stacked = [jnp.stack([array, -array]) for array in arrays]
    np.testing.assert_allclose(program(*arrays), wide(*arrays), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        program.vmap(axis_size=2)(*stacked), jax.vmap(wide)(*stacked), rtol=1e-5, atol=1e-6
    )
    cotangent = jnp.ones_like(wide(*arrays))
    for have, want in zip(
        jax.vjp(program, *arrays)[1](cotangent), jax.vjp(wide, *arrays)[1](cotangent), strict=True
    ):
        assert have.dtype == want.dtype
        np.testing.assert_allclose(np.float32(have), np.float32(want), rtol=2e-2)
