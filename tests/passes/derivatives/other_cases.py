"""Uses of the ops that are not elementwise functions of lax: movement, contraction, reduction, indexing,
calls.

Arguments are arrays in double precision, without square shapes, unit strides and self-inverse permutations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name

_rng = np.random.default_rng(7)


class Case(NamedTuple):
    """A function and its arguments; the function in StableHLO where JAX does not lower to the op."""

    function: Callable
    arguments: tuple[Any, ...]
    module: str | None = None
    reference: bool = True
    difference: bool = True


def case(function: Callable, *arguments: Any, **options: Any) -> Case:
    return Case(function, tuple(map(np.asarray, arguments)), **options)


def real(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape)


def cplx(*shape: int) -> np.ndarray:
    return real(*shape) + 1j * real(*shape)


def ints(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


def unary_module(body: str, type: str = "tensor<4xf64>") -> str:
    """A module whose `main` maps `%x` to `%y` by `body`."""
    return f"func.func public @main(%x: {type}) -> {type} {{\n{body}\n  return %y : {type}\n}}"


def masked(op: str) -> str:
    """x where `op` holds of it, twice x elsewhere."""
    return unary_module(f"""
  %p = {op} %x : tensor<4xf64> -> tensor<4xi1>
  %d = stablehlo.add %x, %x : tensor<4xf64>
  %y = stablehlo.select %p, %x, %d : tensor<4xi1>, tensor<4xf64>""")


def where(condition: Callable) -> Case:
    """A function that branches on integers or booleans made from its argument."""
    return case(lambda x: jnp.where(condition(x), x * x, 3 * x), real(4))


def bits(x: Any) -> Any:
    return (jnp.floor(x) + 9).astype(jnp.int32)


@jax.custom_jvp
def scaled_sine(x):
    return jnp.sin(x)


@scaled_sine.defjvp
def _scaled_sine_jvp(primals, tangents):
    return scaled_sine(primals[0]), 2 * jnp.cos(primals[0]) * tangents[0]


INFINITIES = np.array([np.inf, -np.inf, 1.0, -2.0])

CONSTANT_CHLO = """  %c = "chlo.constant"() {value = dense<2.0> : tensor<4xf64>} : () -> tensor<4xf64>
  %y = stablehlo.multiply %c, %x : tensor<4xf64>"""
CONSTANT_LIKE = """  %c = "chlo.constant_like"(%x) {value = 2.0 : f64} : (tensor<4xf64>) -> tensor<4xf64>
  %y = stablehlo.multiply %c, %x : tensor<4xf64>"""
DRAWN_BITS = """  %s = stablehlo.constant dense<7> : tensor<2xui64>
  %t, %b = stablehlo.rng_bit_generator %s, algorithm = THREE_FRY
    : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>)
  %u = stablehlo.convert %b : (tensor<4xui32>) -> tensor<4xf64>
  %z = stablehlo.multiply %u, %x : tensor<4xf64>
  %d = stablehlo.divide %z, %u : tensor<4xf64>
  %y = stablehlo.multiply %d, %x : tensor<4xf64>"""
LOCALLY_CONSTANT: dict[str, list[Case]] = {
    "chlo.constant": [case(lambda x: 2 * x, real(4), module=unary_module(CONSTANT_CHLO))],
    "chlo.constant_like": [case(lambda x: 2 * x, real(4), module=unary_module(CONSTANT_LIKE))],
    "chlo.is_inf": [
        case(
            lambda x: jnp.where(jnp.isinf(x), x, 2 * x),
            INFINITIES,
            module=masked("chlo.is_inf"),
            difference=False,
        )
    ],
    "chlo.is_neg_inf": [
        case(
            lambda x: jnp.where(x == -jnp.inf, x, 2 * x),
            INFINITIES,
            module=masked("chlo.is_neg_inf"),
            difference=False,
        )
    ],
    "chlo.is_pos_inf": [
        case(
            lambda x: jnp.where(x == jnp.inf, x, 2 * x),
            INFINITIES,
            module=masked("chlo.is_pos_inf"),
            difference=False,
        )
    ],
    "stablehlo.and": [where(lambda x: (x > -0.5) & (x < 0.5))],
    "stablehlo.bitcast_convert": [where(lambda x: lax.bitcast_convert_type(x, jnp.int64) > 0)],
    "stablehlo.compare": [where(lambda x: x > 0.1)],
    "stablehlo.constant": [case(lambda x: x * np.arange(4.0), real(4))],
    "stablehlo.count_leading_zeros": [where(lambda x: lax.clz(bits(x)) > 28)],
    "stablehlo.iota": [case(lambda x: x * jnp.arange(4.0), real(4))],
    "stablehlo.is_finite": [where(jnp.isfinite)],
    "stablehlo.not": [where(lambda x: ~(x > 0.1))],
    "stablehlo.or": [where(lambda x: (x < -0.5) | (x > 0.5))],
    "stablehlo.rng_bit_generator": [case(lambda x: x * x, real(4), module=unary_module(DRAWN_BITS))],
    "stablehlo.popcnt": [where(lambda x: lax.population_count(bits(x)) > 1)],
    "stablehlo.shift_left": [where(lambda x: bits(x) << 1 > 18)],
    "stablehlo.shift_right_arithmetic": [where(lambda x: bits(x) >> 1 > 4)],
    "stablehlo.shift_right_logical": [where(lambda x: lax.shift_right_logical(bits(x), jnp.int32(1)) > 4)],
    "stablehlo.xor": [where(lambda x: (x < 0) ^ (x > 0.5))],
}

UPPER = real(2, 3) + 0.5

CHOICES: dict[str, list[Case]] = {
    "stablehlo.clamp": [
        case(lax.clamp, UPPER - 1.5, real(2, 3), UPPER),
        case(lambda x: lax.clamp(-0.3, x, 0.4), real(2, 3)),
        case(
            lambda low, x, high: jnp.minimum(jnp.maximum(low, x), high),
            np.float64(-0.3),
            real(4),
            np.float64(0.4),
            module="""
            func.func public @main(%l: tensor<f64>, %x: tensor<4xf64>, %h: tensor<f64>) -> tensor<4xf64> {
              %y = stablehlo.clamp %l, %x, %h : (tensor<f64>, tensor<4xf64>, tensor<f64>) -> tensor<4xf64>
              return %y : tensor<4xf64> }""",
        ),
    ],
    "stablehlo.select": [
        case(lax.select, real(2, 3) > 0, real(2, 3), real(2, 3)),
        case(lambda p, a, b: lax.select(p, a, b), np.bool_(True), real(3), real(3)),
    ],
}

REPRESENTATION: dict[str, list[Case]] = {
    "chlo.conj": [
        case(
            jnp.conj,
            cplx(3),
            module="""func.func public @main(%x: tensor<3xcomplex<f64>>) -> tensor<3xcomplex<f64>> {
      %y = chlo.conj %x : tensor<3xcomplex<f64>> -> tensor<3xcomplex<f64>>
      return %y : tensor<3xcomplex<f64>> }""",
        )
    ],
    "chlo.tan": [
        case(jnp.tan, real(4) / 3, module=unary_module("  %y = chlo.tan %x : tensor<4xf64> -> tensor<4xf64>"))
    ],
    "stablehlo.complex": [
        case(lax.complex, real(3), real(3)),
        case(lambda x: lax.complex(x, 2 * x), real(3)),
    ],
    "stablehlo.convert": [
        case(lambda x: x.astype(jnp.complex128) * (1 + 2j), real(3)),
        case(lambda x: (x.astype(jnp.float32) ** 2, x.astype(jnp.int32)), real(3), difference=False),
        case(lambda x, i: x * i.astype(jnp.float64), real(3), ints(1, 2, 3)),
    ],
    "stablehlo.imag": [case(lambda x: jnp.imag(x) ** 2, cplx(3))],
    "stablehlo.real": [case(lambda x: jnp.real(x) * jnp.real(x * x), cplx(3))],
    "stablehlo.optimization_barrier": [
        case(lambda x, y, i: lax.optimization_barrier((x * y, y, i)), real(3), real(3), ints(1, 2)),
        case(lambda x, y: lax.optimization_barrier((x, y))[0], real(3), real(2)),
    ],
}

MOVEMENT: dict[str, list[Case]] = {
    "stablehlo.broadcast_in_dim": [
        case(lambda x: lax.broadcast_in_dim(x, (4, 3, 2, 5), (1, 3)), real(3, 5)),
        case(lambda x: lax.broadcast_in_dim(x, (4, 3, 2), (0, 2)), real(4, 1)),
        case(lambda x: lax.broadcast_in_dim(x, (3, 1), (0, 1)), real(1, 1)),
        case(lambda x: lax.broadcast_in_dim(x, (3, 0), ()), real()),
    ],
    "stablehlo.concatenate": [
        case(lambda *xs: lax.concatenate(xs, 1), real(2, 3), real(2, 0), real(2, 1)),
        case(lambda x: lax.concatenate([x, x * 2, x], 0), real(2, 3)),
    ],
    "stablehlo.pad": [
        case(lambda x, v: lax.pad(x, v, [(1, 2, 0), (0, 3, 2)]), real(3, 2), real()),
        case(lambda x, v: lax.pad(x, v, [(-1, 2, 1), (1, -2, 0)]), real(4, 3), real()),
        case(lambda x, v: lax.pad(x, v, [(2, 1, 3)]), real(0), real()),
        case(lambda x, v: lax.pad(x, v, [(0, 0, 0)]), real(3), real()),
    ],
    "stablehlo.reshape": [
        case(lambda x: x.reshape(3, 4), real(2, 6)),
        case(lambda x: x.reshape(()), real(1, 1)),
    ],
    "stablehlo.reverse": [case(lambda x: lax.rev(x, (0, 2)), real(2, 3, 4))],
    "stablehlo.slice": [
        case(lambda x: lax.slice(x, (1, 0), (6, 3), (2, 1)), real(7, 4)),
        case(lambda x: lax.slice(x, (0,), (6,), (4,)), real(7)),
        case(lambda x: lax.slice(x, (2,), (2,), (3,)), real(7)),
    ],
    "stablehlo.transpose": [case(lambda x: x.transpose(2, 0, 1), real(2, 3, 4))],
}

CONTRACTION: dict[str, list[Case]] = {
    "stablehlo.dot_general": [
        case(jnp.dot, real(3, 4), real(4, 5)),
        case(partial(jnp.einsum, "bij,kbj->bik"), real(2, 3, 4), real(5, 2, 4)),
        case(partial(jnp.einsum, "ij,jki->k"), real(3, 4), real(4, 2, 3)),
        case(lambda x: x @ x.T, real(3, 4)),
        case(lambda x: x @ x, real(3, 3)),
        case(jnp.dot, cplx(3, 4), cplx(4, 2)),
        case(jnp.dot, real(3, 0), real(0, 2)),
        case(
            lambda x, y: lax.dot(
                x.astype(jnp.bfloat16), y.astype(jnp.bfloat16), preferred_element_type=jnp.float32
            ),
            real(3, 4),
            real(4, 2),
            difference=False,
        ),
    ],
}


def ragged(function, x, y, result: str, numbers: str) -> Case:
    """A `chlo.ragged_dot` of groups of 2, 0 and 3 rows, which leave the last two rows out."""
    types = [f"tensor<{'x'.join(map(str, each.shape))}xf64>" for each in (x, y)]
    module = f"""func.func public @main(%x: {types[0]}, %y: {types[1]}) -> {result} {{
      %g = stablehlo.constant dense<[2, 0, 3]> : tensor<3xi32>
      %z = "chlo.ragged_dot"(%x, %y, %g) {{ragged_dot_dimension_numbers = #chlo.ragged_dot<{numbers}>}}
        : ({", ".join(types)}, tensor<3xi32>) -> {result}
      return %z : {result} }}"""
    return case(function, x, y, module=module)


GROUPS = (slice(0, 2), slice(2, 2), slice(2, 5))

CONTRACTION["chlo.ragged_dot"] = [
    ragged(
        lambda x, y: jnp.concatenate(
            [*(x[g] @ y[i] for i, g in enumerate(GROUPS)), jnp.zeros((2, y.shape[2]))]
        ),
        real(7, 4),
        real(3, 4, 5),
        "tensor<7x5xf64>",
        "lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1],"
        " lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]",
    ),
    ragged(
        lambda x, y: jnp.stack([x[:, g] @ y[g] for g in GROUPS]),
        real(4, 7),
        real(7, 5),
        "tensor<3x4x5xf64>",
        "lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0], lhs_ragged_dimensions = [1]",
    ),
]


def window_sums(window, strides, padding, base=None, dilation=None) -> Callable:
    """Sums over windows, of float64."""
    return lambda x: lax.reduce_window(x, np.float64(0), lax.add, window, strides, padding, base, dilation)


REDUCTION: dict[str, list[Case]] = {
    "stablehlo.reduce": [
        case(lambda x: jnp.sum(x, (0, 2)), real(2, 3, 4)),
        case(lambda x: jnp.sum(x, 1), real(2, 0, 4)),
        case(lambda x: jnp.max(x, 1), real(3, 4)),
        case(lambda x: jnp.min(x, (0, 1)), real(3, 4)),
        case(lambda x: jnp.max(x, 1), [[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]], difference=False),
        case(lambda x: lax.reduce(x, 0.3, lax.max, (0,)), real(3, 5), reference=False),
        case(lambda x: lax.reduce(x, np.inf, lax.min, (0,)), real(0, 5), difference=False),
        case(lambda x: jnp.prod(x, (0, 2)), real(2, 3, 5)),
        case(lambda x: jnp.prod(x, 1), [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]),
        case(lambda x: jnp.prod(x), real()),
        case(lambda x, i: lax.reduce(x, i, lax.mul, (1,)), real(3, 4), real(), reference=False),
        case(lambda x, i: lax.reduce(x, i, lax.add, (1,)), real(3, 4), real(), reference=False),
        case(lambda x, i: lax.reduce(x, i, lax.max, (1,)), real(5, 2), real(), reference=False),
        case(lambda x: jnp.where(jnp.all(x > -1, 1) | jnp.any(x > 1, 1), x[:, 0], x[:, 1]), real(3, 4)),
        case(lambda x: x[jnp.argmax(x), None] * x, real(4)),
        case(lambda x: jnp.argmin(x, 1).astype(jnp.float64) * x[:, 0], real(3, 4)),
    ],
}


def folded(x, factor):
    """The affine maps x + factor t of a row, one after the other: associative, not commutative."""

    def follow(first, then):
        return first[0] * then[1] + then[0], first[1] * then[1]

    return lax.reduce((x, factor), (0.3, 1.2), follow, (1,))


def greatest_with_rider(x, rider):
    def choose(old, new):
        return tuple(lax.select(old[0] >= new[0], a, b) for a, b in zip(old, new, strict=True))

    return lax.reduce((x, rider), (-np.inf, 0.0), choose, (0, 2))


def norm(x):
    return lax.reduce(x, np.float64(0), lambda a, b: lax.sqrt(a * a + b * b), (1,))


def turned(a, b):
    """A sum, by an operation that JAX computes by parts."""
    return a + lax.cos(0 * a) * b


REDUCTION["stablehlo.reduce"] += [
    case(lambda x: lax.reduce(x, -np.inf, jnp.logaddexp, (1,)), real(3, 5)),
    case(lambda x: lax.reduce(x, -np.inf, jnp.logaddexp, (0, 2)), real(2, 4, 3)),
    case(lambda x: lax.reduce(x, 0.5, jnp.logaddexp, (0,)), real(0, 3), difference=False),
    case(norm, real(3, 4)),
    case(folded, real(3, 5), real(3, 5), reference=False),
    case(greatest_with_rider, real(2, 4, 3), real(2, 4, 3), reference=False),
    case(lambda x: lax.reduce(x, np.complex128(-np.inf), lax.max, (1,)), cplx(3, 5)),
    case(lambda x: lax.reduce(x, np.complex128(0), turned, (1,)), cplx(3, 5), reference=False),
    case(lambda x: lax.reduce(x, np.complex128(0), turned, (0,)), cplx(3), reference=False),
]

NARROW_INDICES = """
func.func public @main(%x: tensor<300xf64>, %i: tensor<4xi8>) -> tensor<4x3xf64> {
  %y = "stablehlo.gather"(%x, %i) {
    dimension_numbers = #stablehlo.gather<offset_dims = [1], start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 3>} : (tensor<300xf64>, tensor<4xi8>) -> tensor<4x3xf64>
  return %y : tensor<4x3xf64>
}"""
"""Windows of three at indices whose type cannot hold the last place that they may start from."""

PLACES = ints(0, 3, 3, 9)

POWER_SCATTER = """func.func public @main(%%x: tensor<5x2xf64>, %%u: tensor<2x2xf64>) -> tensor<5x2xf64> {
  %%i = stablehlo.constant dense<[[3], [1]]> : tensor<2x1xi32>
  %%y = "stablehlo.scatter"(%%x, %%i, %%u) ({
    ^bb0(%%a: tensor<f64>, %%b: tensor<f64>):
      %%c = stablehlo.power %%a, %%b : tensor<f64>
      stablehlo.return %%c : tensor<f64>
  }) {unique_indices = %s, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1],
      inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}
    : (tensor<5x2xf64>, tensor<2x1xi32>, tensor<2x2xf64>) -> tensor<5x2xf64>
  return %%y : tensor<5x2xf64> }"""


def power_of_updates(unique):
    """What `POWER_SCATTER` computes, whether or not it promises that its windows do not overlap."""
    del unique
    return lambda x, u: x.at[np.array([3, 1])].set(x[np.array([3, 1])] ** u)


TWO_SCATTERS = """
func.func public @main(%x: tensor<5xf64>, %y: tensor<5xf64>, %u: tensor<3xf64>, %v: tensor<3xf64>)
    -> (tensor<5xf64>, tensor<5xf64>) {
  %i = stablehlo.constant dense<[[3], [1], [3]]> : tensor<3x1xi32>
  %r:2 = "stablehlo.scatter"(%x, %y, %i, %u, %v) ({
    ^bb0(%a: tensor<f64>, %b: tensor<f64>, %c: tensor<f64>, %d: tensor<f64>):
      %e = stablehlo.multiply %a, %d : tensor<f64>
      %f = stablehlo.add %e, %c : tensor<f64>
      %g = stablehlo.multiply %b, %d : tensor<f64>
      stablehlo.return %f, %g : tensor<f64>, tensor<f64>
  }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}
    : (tensor<5xf64>, tensor<5xf64>, tensor<3x1xi32>, tensor<3xf64>, tensor<3xf64>)
    -> (tensor<5xf64>, tensor<5xf64>)
  return %r#0, %r#1 : tensor<5xf64>, tensor<5xf64> }"""


def two_scatters(x, y, u, v):
    """What `TWO_SCATTERS` computes: affine maps, one after the other."""
    for index, (a, b) in zip((3, 1, 3), zip(u, v, strict=True), strict=True):
        x = x.at[index].set(x[index] * b + a)
        y = y.at[index].set(y[index] * b)
    return x, y


BATCHED_SCATTER = """
func.func public @main(%%x: tensor<%(x)sxf64>, %%u: tensor<%(u)sxf64>) -> tensor<%(x)sxf64> {
  %%i = stablehlo.constant dense<%(at)s> : tensor<%(i)s>
  %%y = "stablehlo.scatter"(%%x, %%i, %%u) ({
    ^bb0(%%a: tensor<f64>, %%b: tensor<f64>):
      %%c = stablehlo.multiply %%a, %%b : tensor<f64>
      stablehlo.return %%c : tensor<f64>
  }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], input_batching_dims = [1],
      scatter_indices_batching_dims = [%(batch)s], scatter_dims_to_operand_dims = [0],
      index_vector_dim = %(vector)s>}
    : (tensor<%(x)sxf64>, tensor<%(i)s>, tensor<%(u)sxf64>) -> tensor<%(x)sxf64>
  return %%y : tensor<%(x)sxf64> }"""
VECTORS_FIRST = BATCHED_SCATTER % dict(
    x="4x3", u="3x2", i="1x3x2xi32", at="[[[0, 0], [1, 3], [2, 2]]]", batch=1, vector=0
)
MORE_BATCHES_THAN_INDICES = BATCHED_SCATTER % dict(
    x="2x150", u="150x2", i="150x2x1xi8", at="1", batch=0, vector=2
)


def scaled_columns(x, u):
    """What `VECTORS_FIRST` computes."""
    for column, rows in enumerate(((0, 0), (1, 3), (2, 2))):
        for row, scale in zip(rows, u[column], strict=True):
            x = x.at[row, column].multiply(scale)
    return x


REDUCTION["stablehlo.reduce_window"] = [
    case(lambda x: jnp.cumsum(x, 0), real(5, 2)),
    case(window_sums((2, 3), (2, 1), [(0, 0), (1, 1)]), real(5, 4)),
    case(window_sums((3,), (4,), [(2, 3)], (3,), (2,)), real(6)),
    case(window_sums((2,), (3,), [(-1, 1)], None, (3,)), real(9)),
    case(window_sums((2,), (1,), [(1, 1)]), real(0), difference=False),
]

INDEXING: dict[str, list[Case]] = {
    "chlo.top_k": [case(lambda x: lax.top_k(x, 3), real(2, 5))],
    "stablehlo.dynamic_slice": [
        case(lambda x, i: lax.dynamic_slice(x, (i, np.int32(1)), (2, 2)), real(5, 3), np.int32(2)),
        case(lambda x, i: lax.dynamic_slice(x, (i, i), (2, 2)), real(5, 3), np.int32(7)),
    ],
    "stablehlo.dynamic_update_slice": [
        case(lambda x, u, i: lax.dynamic_update_slice(x, u, (i, i)), real(5, 3), real(2, 2), np.int32(i))
        for i in (1, 9, -4)
    ],
    "stablehlo.gather": [
        case(lambda x, i: x[i], real(5, 3), ints(0, 4, 4, -1)),
        case(lambda x, i, j: x[i, :, j], real(5, 3, 4), ints(0, 4, 4), ints(3, 1, 1)),
        case(lambda x, i: x.at[i].get(mode="clip"), real(5, 3), ints(0, 9, -9)),
        case(lambda x, i: x.at[i].get(mode="fill", fill_value=0), real(5, 3), ints(0, 9, -9)),
        case(lambda x, i: x.at[i].get(mode="promise_in_bounds"), real(5, 3), ints(0, 9, -9), reference=False),
        case(
            lambda x, i: x[jnp.clip(i.astype(jnp.int32), 0, 297) + np.arange(3)[:, None]].T,
            real(300),
            np.array([1, 127, -5, 1], np.int8),
            module=NARROW_INDICES,
        ),
        case(lambda x, i: jnp.take_along_axis(x, i, 1), real(2, 5), ints([0, 3, 3], [4, 4, 1])),
        case(lambda x, i: jax.vmap(lambda x, i: x[i])(x, i), real(2, 5, 3), ints([0, 3], [4, 4])),
    ],
    "stablehlo.scatter": [
        case(lambda x, u: x.at[PLACES].add(u), real(5, 3), real(4, 3)),
        case(lambda x, u: x.at[PLACES].subtract(u), real(5, 3), real(4, 3)),
        case(lambda x, u: x.at[PLACES].set(u), real(5, 3), real(4, 3)),
        case(lambda x, u: x.at[PLACES[:2]].set(u, unique_indices=True), real(5, 3), real(2, 3)),
        case(lambda x, u: x.at[1, PLACES].set(u), real(2, 5), real()),
        case(lambda x, u: x.at[ints(0, 3, 1, 9)].mul(u, unique_indices=True), real(5, 3), real(4, 3)),
        case(lambda x, u: x.at[ints(3, 0, 3)].mul(u), real(5, 2), real(3, 2), reference=False),
        case(lambda x, u: x.at[:, ints(3, 0, 3), 1].mul(u), real(2, 5, 3), real(2, 3), reference=False),
        case(
            lambda x, i, u: jax.vmap(lambda x, i, u: x.at[i].mul(u))(x, i, u),
            real(2, 5),
            ints([0, 3, 3], [4, 4, 9]),
            real(2, 3),
            reference=False,
        ),
        case(lambda x: x.at[ints(3, 0, 9)].apply(jnp.sin), real(5, 2), reference=False),
        case(power_of_updates(True), real(5, 2) ** 2 + 1, real(2, 2), module=POWER_SCATTER % "true"),
        case(power_of_updates(False), real(5, 2) ** 2 + 1, real(2, 2), module=POWER_SCATTER % "false"),
        case(scaled_columns, real(4, 3), real(3, 2), module=VECTORS_FIRST),
        case(
            lambda x, u: x.at[1].multiply(u.prod(1)),
            real(2, 150),
            real(150, 2),
            module=MORE_BATCHES_THAN_INDICES,
        ),
        case(two_scatters, real(5), real(5), real(3), real(3), module=TWO_SCATTERS),
        case(lambda x, u: x.at[PLACES].max(u), real(5, 3).round(), real(4, 3).round(), difference=False),
        case(lambda x, u: x.at[PLACES].min(u), real(5, 3), real(4, 3)),
        case(lambda x, u: x.at[:, PLACES, 1].add(u, mode="clip"), real(2, 5, 3), real(2, 4)),
        case(lambda x, u: x.at[:].add(u), real(5, 3), real(5, 3)),
        case(lambda x, u: x.at[...].set(u), real(), real()),
        case(
            lambda x, i, u: jax.vmap(lambda x, i, u: x.at[i].set(u))(x, i, u),
            real(2, 5),
            ints([0, 3], [4, 4]),
            real(2, 2),
        ),
    ],
    "stablehlo.sort": [
        case(lambda x: jnp.sort(x, 1), real(3, 5)),
        case(
            lambda x, y, i: lax.sort((x, y, i), dimension=0, num_keys=2),
            real(4, 3).round(),
            real(4, 3),
            np.arange(12).reshape(4, 3),
            difference=False,
        ),
    ],
}

CALLS: dict[str, list[Case]] = {
    "func.call": [
        case(
            lambda x: jnp.sin(x) * x,
            real(4),
            module="""func.func public @main(%x: tensor<4xf64>) -> tensor<4xf64> {
              %s = func.call @sine(%x) : (tensor<4xf64>) -> tensor<4xf64>
              %y = stablehlo.multiply %s, %x : tensor<4xf64>
              return %y : tensor<4xf64> }
            func.func private @sine(%x: tensor<4xf64>) -> tensor<4xf64> {
              %y = stablehlo.sine %x : tensor<4xf64>
              return %y : tensor<4xf64> }""",
        )
    ],
    "lift.call": [
        case(lambda x, y: jax.jit(lambda a, b: (jnp.sin(a) * b, a))(x, y), real(4), real(4)),
        case(lambda x: [f(f(x)) for f in [jax.jit(lambda a: jnp.exp(-a * a))]], real(4)),
    ],
    "lift.custom_jvp": [
        case(lambda x: scaled_sine(x) * x, real(4), difference=False),
        case(lambda x: jax.nn.relu(x) * x, real(4)),
    ],
    "lift.name": [case(lambda x: checkpoint_name(jnp.sin(x), "s") * x, real(4))],
    "lift.random_bits": [
        case(lambda x: jax.random.uniform(jax.random.key(0), (1024,), x.dtype)[:4] * x * x, real(4))
    ],
    "lift.threefry2x32": [
        case(lambda x: jax.random.uniform(jax.random.key(0), (4,), x.dtype) * x * x, real(4))
    ],
    "lift.remat": [
        case(lambda x: jax.checkpoint(lambda a: jnp.sin(jnp.sin(a)))(x) * x, real(4)),
        case(lambda x: jax.checkpoint(lambda a: jnp.sin(a), prevent_cse=False)(x) * x, real(4)),
    ],
    "lift.stop_gradient": [case(lambda x: lax.stop_gradient(jnp.sin(x)) * x, real(4), difference=False)],
    "stablehlo.composite": [
        case(lambda x: lax.composite(lambda a: jnp.sin(a) * a, name="my.op")(x) * x, real(4), reference=False)
    ],
}

OTHERS: dict[str, list[Case]] = (
    LOCALLY_CONSTANT | CHOICES | REPRESENTATION | MOVEMENT | CONTRACTION | REDUCTION | INDEXING | CALLS
)
