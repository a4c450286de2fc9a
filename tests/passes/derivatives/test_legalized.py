"""Derivatives of legacy, dynamic and broadcasting ops: those of what lift-legalize writes them as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.passes.pipeline import run_text
from tests.passes.derivatives.other_cases import cplx, ints, real
from tests.passes.derivatives.witness import check, differentiated


class Legacy(NamedTuple):
    """The op that makes `%y` of `%x0`, `%x1`, ..., and the function of JAX's that it is."""

    body: str
    result: str
    function: Callable
    arguments: tuple[Any, ...]

    @property
    def module(self) -> str:
        types = [mlir_type(x) for x in self.arguments]
        inputs = ", ".join(f"%x{index}: {type}" for index, type in enumerate(types))
        return (
            f"func.func public @main({inputs}) -> {self.result} {{\n{self.body}\n"
            f"  return %y : {self.result}\n}}"
        )


def mlir_type(x: Any) -> str:
    names = {"float64": "f64", "int32": "i32", "bool": "i1", "complex128": "complex<f64>"}
    return f"tensor<{'x'.join([*map(str, x.shape), names[x.dtype.name]])}>"


def vector(name: str, *values: int) -> str:
    return f"  %{name} = stablehlo.constant dense<{list(values)}> : tensor<{len(values)}xi32>\n"


def einsum(config: str, result: str, *arguments: Any) -> Legacy:
    types = ", ".join(mlir_type(x) for x in arguments)
    names = ", ".join(f"%x{index}" for index in range(len(arguments)))
    op = "einsum" if len(arguments) == 2 else "unary_einsum"
    body = f'  %y = "stablehlo.{op}"({names}) {{einsum_config = "{config}"}} : ({types}) -> {result}'
    return Legacy(body, result, lambda *xs: jnp.einsum(config, *xs), arguments)


def broadcasting(name: str, function: Callable, *arguments: Any, attributes: str = "") -> Legacy:
    result = mlir_type(np.broadcast_to(arguments[-1], np.broadcast_shapes(*(x.shape for x in arguments))))
    names = ", ".join(f"%x{index}" for index in range(len(arguments)))
    types = ", ".join(mlir_type(x) for x in arguments)
    body = f'  %y = "chlo.broadcast_{name}"({names}) {{{attributes}}} : ({types}) -> {result}'
    return Legacy(body, result, function, arguments)


CASES = {
    "stablehlo.dot": Legacy(
        "  %y = stablehlo.dot %x0, %x1 : (tensor<3x4xf64>, tensor<4x5xf64>) -> tensor<3x5xf64>",
        "tensor<3x5xf64>",
        jnp.dot,
        (real(3, 4), real(4, 5)),
    ),
    "stablehlo.einsum": einsum("abc,cd->bad", "tensor<3x2x5xf64>", real(2, 3, 4), real(4, 5)),
    "stablehlo.unary_einsum": einsum("abc->ca", "tensor<4x2xf64>", real(2, 3, 4)),
    "stablehlo.broadcast": Legacy(
        '  %y = "stablehlo.broadcast"(%x0) {broadcast_sizes = array<i64: 2, 5>}\n'
        "    : (tensor<3x4xf64>) -> tensor<2x5x3x4xf64>",
        "tensor<2x5x3x4xf64>",
        lambda x: jnp.broadcast_to(x, (2, 5, 3, 4)),
        (real(3, 4),),
    ),
    "stablehlo.torch_index_select": Legacy(
        '  %y = "stablehlo.torch_index_select"(%x0, %x1) {dim = 2 : i64, batch_dims = 1 : i64}\n'
        "    : (tensor<2x3x5x4xf64>, tensor<2x6xi32>) -> tensor<2x3x6x4xf64>",
        "tensor<2x3x6x4xf64>",
        lambda x, i: jnp.stack([a[:, j] for a, j in zip(x, i, strict=True)]),
        (real(2, 3, 5, 4), ints([0, 4, 1, 1, 2, 3], [4, 4, 0, 1, 3, 2])),
    ),
    "stablehlo.cross-replica-sum": Legacy(
        '  %y = "stablehlo.cross-replica-sum"(%x0) {replica_groups = dense<0> : tensor<1x1xi64>}\n'
        "    : (tensor<3xf64>) -> tensor<3xf64>",
        "tensor<3xf64>",
        lambda x: x + 0,
        (real(3),),
    ),
    "stablehlo.dynamic_reshape": Legacy(
        vector("s", 2, 6) + "  %y = stablehlo.dynamic_reshape %x0, %s\n"
        "    : (tensor<3x4xf64>, tensor<2xi32>) -> tensor<2x6xf64>",
        "tensor<2x6xf64>",
        lambda x: x.reshape(2, 6),
        (real(3, 4),),
    ),
    "stablehlo.dynamic_broadcast_in_dim": Legacy(
        vector("s", 3, 2, 4) + "  %y = stablehlo.dynamic_broadcast_in_dim %x0, %s, dims = [0, 2]\n"
        "    : (tensor<3x4xf64>, tensor<3xi32>) -> tensor<3x2x4xf64>",
        "tensor<3x2x4xf64>",
        lambda x: jnp.broadcast_to(x[:, None], (3, 2, 4)),
        (real(3, 4),),
    ),
    "stablehlo.dynamic_iota": Legacy(
        vector("s", 4) + "  %i = stablehlo.dynamic_iota %s, dim = 0 : (tensor<1xi32>) -> tensor<4xf64>\n"
        "  %y = stablehlo.multiply %x0, %i : tensor<4xf64>",
        "tensor<4xf64>",
        lambda x: x * jnp.arange(4.0),
        (real(4),),
    ),
    "stablehlo.dynamic_pad": Legacy(
        vector("l", 1, -1)
        + vector("h", 0, 2)
        + vector("n", 2, 0)
        + "  %y = stablehlo.dynamic_pad %x0, %x1, %l, %h, %n\n"
        " : (tensor<3x4xf64>, tensor<f64>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<8x5xf64>",
        "tensor<8x5xf64>",
        lambda x, v: jnp.full((8, 5), v).at[1::3, :3].set(x[:, 1:]),
        (real(3, 4), real()),
    ),
    "stablehlo.real_dynamic_slice": Legacy(
        vector("a", 1, 0)
        + vector("b", 6, 3)
        + vector("c", 2, 1)
        + "  %y = stablehlo.real_dynamic_slice %x0, %a, %b, %c\n"
        "    : (tensor<7x4xf64>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<3x3xf64>",
        "tensor<3x3xf64>",
        lambda x: x[1:6:2, :3],
        (real(7, 4),),
    ),
    "stablehlo.dynamic_gather": Legacy(
        vector("s", 1, 4) + '  %y = "stablehlo.dynamic_gather"(%x0, %x1, %s) {dimension_numbers ='
        " #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0],"
        " index_vector_dim = 1>} : (tensor<3x4xf64>, tensor<2xi32>, tensor<2xi32>) -> tensor<2x4xf64>",
        "tensor<2x4xf64>",
        lambda x, i: x[i],
        (real(3, 4), ints(2, 0)),
    ),
    "stablehlo.dynamic_conv": Legacy(
        "  %p = stablehlo.constant dense<[[1, 2]]> : tensor<1x2xi32>\n"
        '  %y = "stablehlo.dynamic_conv"(%x0, %x1, %p) {batch_group_count = 1 : i64,'
        " feature_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>}"
        " : (tensor<1x8x3xf64>, tensor<2x3x4xf64>, tensor<1x2xi32>) -> tensor<1x10x4xf64>",
        "tensor<1x10x4xf64>",
        lambda x, k: sum(jnp.pad(x, [(0, 0), (1, 2), (0, 0)])[:, i : i + 10] @ k[i] for i in range(2)),
        (real(1, 8, 3), real(2, 3, 4)),
    ),
    "stablehlo.get_tuple_element": Legacy(
        "  %t = stablehlo.tuple %x1, %x0 : tuple<tensor<2xf64>, tensor<3xf64>>\n"
        "  %z = stablehlo.get_tuple_element %t[1] : (tuple<tensor<2xf64>, tensor<3xf64>>) -> tensor<3xf64>\n"
        "  %y = stablehlo.multiply %z, %z : tensor<3xf64>",
        "tensor<3xf64>",
        lambda x, _: x * x,
        (real(3), real(2)),
    ),
    "stablehlo.get_dimension_size": Legacy(
        "  %n = stablehlo.get_dimension_size %x0, dim = 1 : (tensor<3x4xf64>) -> tensor<i32>\n"
        "  %m = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>\n"
        "  %s = stablehlo.concatenate %m, %m, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>\n"
        "  %y = stablehlo.dynamic_broadcast_in_dim %x1, %s, dims = [1]\n"
        "    : (tensor<4xf64>, tensor<2xi32>) -> tensor<4x4xf64>",
        "tensor<4x4xf64>",
        lambda _, x: jnp.broadcast_to(x, (4, 4)),
        (real(3, 4), real(4)),
    ),
    "chlo.broadcast_add": broadcasting("add", jnp.add, real(3, 4), real()),
    "chlo.broadcast_subtract": broadcasting("subtract", jnp.subtract, real(4), real(3, 4)),
    "chlo.broadcast_multiply": broadcasting("multiply", jnp.multiply, cplx(3, 1), cplx(3, 4)),
    "chlo.broadcast_divide": broadcasting("divide", jnp.divide, real(3, 4), real(4) ** 2 + 1),
    "chlo.broadcast_maximum": broadcasting("maximum", jnp.maximum, real(3, 4), real(4)),
    "chlo.broadcast_minimum": broadcasting("minimum", jnp.minimum, real(3, 4), real(1, 4)),
    "chlo.broadcast_power": broadcasting("power", jnp.power, real(3, 4) ** 2, real(4)),
    "chlo.broadcast_remainder": broadcasting("remainder", jnp.fmod, real(3, 4), real(4)),
    "chlo.broadcast_atan2": broadcasting("atan2", jnp.arctan2, real(3, 4), real(4)),
    "chlo.broadcast_select": broadcasting(
        "select", jnp.where, np.array([True, False, True, True]), real(3, 4), real(4)
    ),
    "chlo.broadcast_add along a given axis": Legacy(
        '  %y = "chlo.broadcast_add"(%x0, %x1) {broadcast_dimensions = array<i64: 0>}\n'
        "    : (tensor<3x4xf64>, tensor<3xf64>) -> tensor<3x4xf64>",
        "tensor<3x4xf64>",
        lambda x, y: x + y[:, None],
        (real(3, 4), real(3)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_what_it_becomes(name):
    case = CASES[name]
    assert name.split()[0] in case.module
    check(case.function, *case.arguments, module=case.module, difference=True)


def test_a_shape_known_at_run_time_only_is_refused():
    source = """
    func.func public @main(%x: tensor<3xf32>, %v: tensor<f32>, %l: tensor<1xi32>) -> tensor<5xf32> {
      %c = stablehlo.constant dense<0> : tensor<1xi32>
      %y = stablehlo.dynamic_pad %x, %v, %l, %l, %c
        : (tensor<3xf32>, tensor<f32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<5xf32>
      return %y : tensor<5xf32> }"""
    with pytest.raises(LiftError, match="no derivative rule for `stablehlo.dynamic_pad`"):
        run_text(differentiated(source))
