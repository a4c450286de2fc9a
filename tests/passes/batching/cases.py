"""For every op that has a batching rule: functions that hold it, as text or as JAX functions, and their
types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Case(NamedTuple):
    """One function: MLIR text of a module's `main`, or a JAX function; and the types of its arguments."""

    source: str | Callable
    types: tuple[str, ...]


CASES: dict[str, list[Case]] = {}
"""The cases by the op that they witness."""


def add(op: str, source: str | Callable, *types: str) -> None:
    CASES.setdefault(op, []).append(Case(source, types))


def one_op(op: str, types: tuple[str, ...], result: str, attributes: str = "") -> str:
    """A module whose `main` is one op, in MLIR's generic form."""
    arguments = ", ".join(f"%x{index}: tensor<{type}>" for index, type in enumerate(types))
    operands = ", ".join(f"%x{index}" for index in range(len(types)))
    operand_types = ", ".join(f"tensor<{type}>" for type in types)
    return (
        f"func.func public @main({arguments}) -> tensor<{result}> {{\n"
        f'  %y = "{op}"({operands}) {{{attributes}}} : ({operand_types}) -> tensor<{result}>\n'
        f"  return %y : tensor<{result}>\n}}"
    )


def elementwise(ops: str, dialect: str, *types: str, result: str = "", attributes: str = "") -> None:
    for name in ops.split():
        op = f"{dialect}.{name}"
        add(op, one_op(op, types, result or types[0], attributes), *types)


F, INT, B, C = "2x3xf32", "2x3xi32", "2x3xi1", "2x3xcomplex<f32>"

elementwise(
    "abs cbrt ceil cosine exponential exponential_minus_one floor log log_plus_one logistic negate rsqrt "
    "sign sine round_nearest_afz round_nearest_even sqrt tan tanh optimization_barrier",
    "stablehlo",
    F,
)
elementwise("add atan2 divide maximum minimum multiply power remainder subtract", "stablehlo", F, F)
elementwise("and or xor shift_left shift_right_arithmetic shift_right_logical", "stablehlo", INT, INT)
elementwise("count_leading_zeros not popcnt", "stablehlo", INT)
elementwise("and or xor", "stablehlo", B, B)
elementwise("add multiply", "stablehlo", "bf16", "bf16")
elementwise("add multiply", "stablehlo", C, C)
elementwise("complex", "stablehlo", F, F, result=C)
elementwise("real imag", "stablehlo", C, result=F)
elementwise("is_finite", "stablehlo", F, result=B)
elementwise(
    "compare",
    "stablehlo",
    F,
    F,
    result=B,
    attributes="comparison_direction = #stablehlo<comparison_direction LT>",
)
elementwise("convert", "stablehlo", F, result="2x3xi32")
elementwise("convert", "stablehlo", INT, result="2x3xbf16")
elementwise("bitcast_convert", "stablehlo", F, result="2x3x4xui8")
elementwise("bitcast_convert", "stablehlo", "2x4xui8", result="2xf32")
elementwise("reduce_precision", "stablehlo", F, attributes="exponent_bits = 5 : i32, mantissa_bits = 4 : i32")
elementwise("select", "stablehlo", B, F, F, result=F)
elementwise("select", "stablehlo", "i1", F, F, result=F)
elementwise("select", "stablehlo", "i1", "f32", "f32", result="f32")
elementwise("clamp", "stablehlo", F, F, F)
elementwise("clamp", "stablehlo", "f32", F, "f32", result=F)
elementwise("clamp", "stablehlo", "f32", F, F, result=F)
elementwise("clamp", "stablehlo", "f32", "f32", "f32")
elementwise("name", "lift", F, attributes='name = "here"')
elementwise("stop_gradient", "lift", F)

elementwise(
    "acos acosh asin asinh atan atanh bessel_i1e conj cosh digamma erf erf_inv erfc lgamma sinh square tan",
    "chlo",
    F,
)
elementwise("is_inf is_neg_inf is_pos_inf", "chlo", F, result=B)
elementwise("next_after polygamma zeta", "chlo", F, F)
elementwise("mulhi", "chlo", INT, INT)
elementwise("constant_like", "chlo", F, attributes="value = 1.5 : f32")
elementwise("_asin_acos_kernel conj", "chlo", C)

M = "3x4xf32"
add("stablehlo.broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (4, 2, 3), (2, 0)), "3x4xf32")
add("stablehlo.broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (3, 2), (1,)), "1xf32")
add("stablehlo.reshape", lambda x: x.reshape(2, 6), M)
add("stablehlo.transpose", lambda x: lax.transpose(x, (2, 0, 1)), "2x3x4xf32")
add("stablehlo.reverse", lambda x: lax.rev(x, (1,)), M)
add("stablehlo.slice", lambda x: lax.slice(x, (1, 0), (3, 4), (1, 3)), M)
add("stablehlo.concatenate", lambda x, y: lax.concatenate([x, y, x], 1), "3x4xf32", "3x2xf32")
add("stablehlo.pad", lambda x, v: lax.pad(x, v, ((1, 2, 1), (0, -1, 0))), M, "f32")
add("stablehlo.pad", lambda x, v: lax.pad(x, v, ((-1, 1, 0),)), "4xbf16", "bf16")

add("stablehlo.dot_general", lambda x, y: x @ y, "3x4xf32", "4x2xf32")
add("stablehlo.dot_general", lambda x, y: jnp.einsum("aij,jak->aik", x, y), "2x3x4xf32", "4x2x5xf32")


def conv(**options: int) -> Callable:
    layout = ("NHWC", "HWIO", "NHWC")
    return lambda x, w: lax.conv_general_dilated(
        x, w, (2, 1), ((1, 0), (0, 2)), rhs_dilation=(1, 2), dimension_numbers=layout, **options
    )


add("stablehlo.convolution", conv(), "2x5x6x3xf32", "2x2x3x5xf32")
add("stablehlo.convolution", conv(feature_group_count=2), "2x5x6x4xf32", "2x2x2x6xf32")
add("stablehlo.convolution", conv(batch_group_count=2), "4x5x6x3xf32", "2x2x3x6xf32")

add("stablehlo.reduce", lambda x: lax.reduce(x, jnp.float32(0), lax.add, (1,)), M)
add("stablehlo.reduce", lambda x: jnp.argmax(x, 0), M)
add("stablehlo.reduce", lambda x, v: lax.reduce(x, v, lax.max, (0,)), M, "f32")
add("stablehlo.reduce", lambda x, v: lax.reduce(x, v, lax.bitwise_and, (1,)), "3x4xui8", "ui8")
add("stablehlo.reduce_window", lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 3), (1, 2), "SAME"), M)
add("stablehlo.reduce_window", lambda x: lax.cumsum(x, 1, reverse=True), M)


def later(x: Any, y: Any) -> Any:
    """The greater of two numbers, with what rides along."""
    keep = x[0] >= y[0]
    return lax.select(keep, x[0], y[0]), lax.select(keep, x[1], y[1])


def window(combine: Callable, **options: Any) -> Callable:
    return lambda x, v: lax.reduce_window(x, v, combine, (2, 3), (1, 2), ((1, 0), (0, 2)), **options)


def affine(x: Any, y: Any) -> Any:
    """Composition of the maps t -> a t + b: associative, not commutative, and no op of StableHLO."""
    return x[0] * y[0], x[1] * y[0] + y[1]


add("stablehlo.reduce_window", window(lax.add, base_dilation=(2, 1), window_dilation=(1, 2)), M, "f32")
add("stablehlo.reduce_window", window(lax.max), "3x4xi32", "i32")
add(
    "stablehlo.reduce_window",
    lambda x, y, v, w: lax.reduce_window((x, y), (v, w), affine, (3,), (2,), ((0, 0),)),
    "7xf32",
    "7xf32",
    "f32",
    "f32",
)
add("stablehlo.reduce", lambda x, v: lax.reduce(x, v, lambda a, b: a + b + a * b, (1, 0)), M, "f32")
add(
    "stablehlo.reduce",
    lambda x, y, v: lax.reduce((x, y), (v, jnp.int32(0)), later, (1,)),
    M,
    "3x4xi32",
    "f32",
)
add("stablehlo.reduce", lambda x, y, v, w: lax.reduce((x, y), (v, w), affine, (0,)), M, M, "f32", "f32")
add("stablehlo.sort", lambda x: lax.sort(x, dimension=0), M)
add("stablehlo.sort", lambda x, y: lax.sort((x, y), dimension=1, num_keys=1), M, "3x4xi32")
add("chlo.top_k", lambda x: lax.top_k(x, 2), M)


def pooled_gradient(x: jax.Array, ct: jax.Array) -> jax.Array:
    def pool(x: jax.Array) -> jax.Array:
        return lax.reduce_window(x, -jnp.inf, lax.max, (2, 2), (1, 2), "VALID")

    return jax.vjp(pool, x)[1](ct)[0]


add("stablehlo.select_and_scatter", pooled_gradient, "3x4xf32", "2x2xf32")
add(
    "stablehlo.select_and_scatter",
    """
    func.func public @main(%x: tensor<3x4xf32>, %s: tensor<2x2xf32>, %v: tensor<f32>) -> tensor<3x4xf32> {
      %0 = "stablehlo.select_and_scatter"(%x, %s, %v) ({
        ^bb0(%a: tensor<f32>, %b: tensor<f32>):
          %1 = stablehlo.compare GE, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
          stablehlo.return %1 : tensor<i1>
      }, {
        ^bb0(%a: tensor<f32>, %b: tensor<f32>):
          %1 = stablehlo.multiply %a, %b : tensor<f32>
          stablehlo.return %1 : tensor<f32>
      }) {window_dimensions = array<i64: 2, 2>, window_strides = array<i64: 1, 2>}
        : (tensor<3x4xf32>, tensor<2x2xf32>, tensor<f32>) -> tensor<3x4xf32>
      return %0 : tensor<3x4xf32>
    }""",
    "3x4xf32",
    "2x2xf32",
    "f32",
)

add("stablehlo.dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (2, 3)), "4x5xf32", "i32", "i32")
add("stablehlo.dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (4, 1)), "4x5xf32", "i32", "i32")
add("stablehlo.dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i,), (4,)), "4xf32", "i32")
add(
    "stablehlo.dynamic_update_slice",
    lambda x, u, i, j: lax.dynamic_update_slice(x, u, (i, j)),
    "4x5xf32",
    "2x3xf32",
    "i32",
    "i32",
)
add(
    "stablehlo.dynamic_update_slice",
    lambda x, u, i: lax.dynamic_update_slice(x, u, (i,)),
    "4xf32",
    "4xf32",
    "i32",
)
add(
    "stablehlo.dynamic_update_slice",
    lambda x, u, i: lax.dynamic_update_slice(x, u, (i * jnp.int8(40),)),
    "300xf32",
    "2xf32",
    "i8",
)
add("stablehlo.gather", lambda x, i: jnp.take(x, i, axis=1), "3x5xf32", "4xi32")
add("stablehlo.gather", lambda x, i: jnp.take_along_axis(x, i, axis=0), "4x3xf32", "2x3xi32")
add("stablehlo.scatter", lambda x, i, u: x.at[:, i].add(u), "3x5xf32", "2xi32", "3x2xf32")
add("stablehlo.scatter", lambda x, i, u: x.at[i].max(u), "5xf32", "3x2xi32", "3x2xf32")
add("stablehlo.scatter", lambda x, i: x.at[i, i].set(0), "4x5xf32", "i32")

add("stablehlo.fft", lambda x: jnp.fft.fft(x), "3x4xcomplex<f32>")
add("stablehlo.fft", lambda x: jnp.fft.irfft(jnp.fft.rfft2(x)), M)
add(
    "stablehlo.cholesky",
    """
    func.func public @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
      %square = stablehlo.dot_general %x, %x, contracting_dims = [1] x [1]
        : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
      %y = "stablehlo.cholesky"(%square) {lower = true} : (tensor<3x3xf32>) -> tensor<3x3xf32>
      return %y : tensor<3x3xf32>
    }""",
    "3x3xf32",
)
add(
    "stablehlo.triangular_solve",
    one_op(
        "stablehlo.triangular_solve",
        ("3x3xf32", "3x2xf32"),
        "3x2xf32",
        "left_side = true, lower = true, unit_diagonal = true, transpose_a = #stablehlo<transpose TRANSPOSE>",
    ),
    "3x3xf32",
    "3x2xf32",
)
add("lift.foreign", lambda x: jnp.linalg.cholesky(x @ x.T), "3x3xf32")
add("lift.foreign", lambda x, y: jnp.linalg.solve(x, y), "3x3xf32", "3x2xf32")
add("lift.foreign", lambda x: jnp.linalg.qr(x), "4x3xf32")

add("stablehlo.custom_call", lambda x: lax.approx_max_k(x, 2, reduction_dimension=0), "5x4xf32")

add(
    "sdy.sharding_constraint",
    """
    sdy.mesh @mesh = <["x"=1]>
    func.func public @main(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
      %y = sdy.sharding_constraint %x <@mesh, [{"x"}, {}]> : tensor<4x3xf32>
      return %y : tensor<4x3xf32>
    }""",
    "4x3xf32",
)
add(
    "sdy.propagation_barrier",
    """
    func.func public @main(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
      %y = sdy.propagation_barrier %x allowed_direction=FORWARD : tensor<4x3xf32>
      return %y : tensor<4x3xf32>
    }""",
    "4x3xf32",
)
# A call that JAX does not make: LAPACK's own Cholesky, as a file holds it.
add(
    "stablehlo.custom_call",
    """
    func.func public @main(%x: tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<i32>) {
      %square = stablehlo.dot_general %x, %x, contracting_dims = [1] x [1]
        : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
      %y:2 = stablehlo.custom_call @lapack_spotrf_ffi(%square) {
        mhlo.backend_config = {uplo = 76 : ui8}, mhlo.frontend_attributes = {num_batch_dims = "0"},
        operand_layouts = [dense<[0, 1]> : tensor<2xindex>],
        result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<> : tensor<0xindex>]
      } : (tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<i32>)
      return %y#0, %y#1 : tensor<3x3xf32>, tensor<i32>
    }""",
    "3x3xf32",
)
