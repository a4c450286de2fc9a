"""Operators that are remembered record what JAX records."""

from __future__ import annotations

import gc
import operator
import weakref
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.lowering.operators import with_operators
from tests.work import calls_of

BINARY = [
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "matmul"),
    *("eq", "ne", "lt", "le", "gt", "ge"),
]
DTYPES = ["float32", "bfloat16", "int32", "uint8", "bool", "complex64"]
CONSTANT = np.arange(3.0, dtype=np.float32)
SCALARS = [2, -3, 0, 1.5, 0.0, -0.0, float("nan"), True, 1j]


def recorded(function: Callable, *args: Any) -> str:
    """The jaxpr of a function, or the error."""
    try:
        return str(jax.make_jaxpr(function)(*args))
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def same(function: Callable, *args: Any) -> None:
    """What a function records that is told everything three times is the same with operators remembered."""

    def often(*args: Any) -> list[Any]:
        return [*function(*args), *function(*args), *function(*args)]

    assert recorded(with_operators(often), *args) == recorded(often, *args)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("left", DTYPES)
def test_two_arrays(name: str, left: str):
    compute = getattr(operator, name)
    for right in DTYPES:
        shapes = [(2, 2), (), (2, 1), (0, 2), (3,)] if left == right else [(2, 2)]
        for shape in shapes:
            x, y = jnp.ones((2, 2), left), jnp.ones(shape, right)
            same(lambda x, y: [compute(x, y), compute(y, x)], x, y)


@pytest.mark.parametrize("name", BINARY)
def test_an_array_and_a_number(name: str):
    compute = getattr(operator, name)
    for dtype in DTYPES:
        x = jnp.ones((2, 2), dtype)
        for number in SCALARS:
            same(lambda x, n=number: [compute(x, n), compute(n, x)], x)


@pytest.mark.parametrize("name", ["neg", "pos", "abs", "invert"])
def test_one_array(name: str):
    for dtype in DTYPES:
        same(lambda x: [getattr(operator, name)(x)], jnp.ones((2, 2), dtype))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: [x * x, x * y, y * x, y * y],
        lambda x, y: [x * 2, x * 2.0, x * True, x * np.float32(2), x * jnp.float32(2)],
        lambda x, y: [x * 1, x * 1.0, x * True],
        lambda x, y: [x / 0.0, x / -0.0, x * float("inf"), x * 3],
        lambda x, y: [x + jnp.zeros(3), x + jnp.asarray(2.0), jnp.asarray(3.0) + x],
        lambda x, y: [(x + 1) * (x + 1), (y + 1) * (x + 1)],
        lambda x, y: [1 / (x + 1e-8), 0.9 * x + (1 - 0.9) * y**2],
        lambda x, y: [x, 2.0, jnp.arange(3.0), jnp.arange(3.0) * x],
        lambda x, y: [x + "text"],
        lambda x, y: [jnp.sqrt(x), jnp.sqrt(y), jnp.square(x), jnp.maximum(x, y), jnp.maximum(x, x)],
        lambda x, y: [jnp.where(x > 0, x, y), jnp.where(x > 0, y, x), x.mean(), y.sum(), jnp.clip(x, 0, 1)],
        lambda x, y: [jax.jit(lambda x: (x, x + CONSTANT, y * 2.0), inline=True)(x)[1], jax.nn.relu(x)],
        lambda x, y: [jnp.asarray(2.0) * jnp.asarray(3.0), jnp.asarray(2.0) * jnp.asarray(4.0)],
    ],
)
def test_expressions(function: Callable):
    same(function, jnp.ones(3), jnp.full(3, 2.0))


def test_constants_stay_what_they_are():
    a, b = jnp.arange(3.0), jnp.arange(3.0) + 1

    def sums(x: Any) -> list[Any]:
        return [x + a, x + b, a + b, a, b]

    found = jax.jit(with_operators(sums))(jnp.ones(3))
    for one, wanted in zip(found, sums(jnp.ones(3)), strict=True):
        np.testing.assert_array_equal(one, wanted)


def test_settings_count():
    def mixed(x: Any, n: Any) -> list[Any]:
        found = [x * n, x @ x]
        with jax.numpy_dtype_promotion("strict"):
            with pytest.raises(jax.dtypes.TypePromotionError):
                x * n
        with jax.default_matmul_precision("highest"):
            found.append(x @ x)
        return found

    same(mixed, jnp.ones((2, 2), jnp.float32), jnp.ones((2, 2), jnp.bfloat16))


def test_other_traces_within():
    def inner(x: Any, y: Any) -> list[Any]:
        gradient = jax.grad(lambda x: (x * y * 2.0).sum())(x)
        mapped = jax.vmap(lambda one: one * x * 2.0)(jnp.stack([y, y]))
        jitted = jax.jit(lambda one: one * x + y)(y)
        return [x * y, gradient, mapped, jitted, jax.lax.cond(True, lambda: x * y, lambda: x + y), x * y]

    same(inner, jnp.ones(3), jnp.ones(3))


def test_references_are_traced_as_ever():
    def counting(ref: Any, x: Any) -> list[Any]:
        ref[...] += x * 2.0
        return [x * 2.0, ref[...]]

    found = jax.make_jaxpr(with_operators(counting))(jax.new_ref(jnp.zeros(3)), jnp.ones(3))
    assert str(found) == str(jax.make_jaxpr(counting)(jax.new_ref(jnp.zeros(3)), jnp.ones(3)))


def test_locations_are_those_of_the_use():
    def lines(x: Any) -> list[Any]:
        first = [x * 2.0 for _ in range(2)]
        with jax.named_scope("later"):
            second = x * 2.0
        return [*first, second]

    text = jax.jit(with_operators(lines)).lower(jnp.ones(3)).as_text(debug_info=True)
    assert "later/mul" in text
    _, one, two = jax.make_jaxpr(with_operators(lines))(jnp.ones(3)).eqns
    assert str(one.source_info.traceback) != str(two.source_info.traceback)


def test_functions_to_inline_keep_their_own_names_and_shardings():
    def scaled(x: Any) -> Any:
        with jax.named_scope("scaled"):
            return x * 2.0

    def both(x: Any) -> list[Any]:
        inline = jax.jit(scaled, inline=True)
        return [inline(x), inline(x), inline(x), jax.jit(scaled)(x)]

    text = jax.jit(with_operators(both)).lower(jnp.ones(3)).as_text(debug_info=True)
    assert text.count('scaled/mul"') == 4

    place = jax.sharding.SingleDeviceSharding(jax.devices()[0])

    def placed(x: Any) -> list[Any]:
        return [jax.jit(scaled, inline=True)(x), jax.jit(scaled, inline=True, out_shardings=place)(x)]

    same(placed, jnp.ones(3))


def test_nothing_is_kept():
    kept: list[Any] = []

    def watched(x: Any) -> list[Any]:
        kept.append(weakref.ref((x * 2.0)._trace))
        return [sum((x * 2.0 for _ in range(4)), x)]

    jax.make_jaxpr(with_operators(watched))(jnp.ones(3))
    gc.collect()
    assert kept[0]() is None


def test_leaks_are_found():
    leaked: list[Any] = []

    def leaking(x: Any) -> Any:
        leaked.append(x * 2.0)
        return leaked[-1]

    with jax.checking_leaks(), pytest.raises(Exception, match="Leaked"):
        functional.grad(lambda x: leaking(x).sum())(jnp.ones(3))
    leaked.clear()
    functional.grad(lambda x: leaking(x).sum())(jnp.ones(3))
    with pytest.raises(jax.errors.UnexpectedTracerError):
        leaked[-1] * 2.0


def test_work():
    """What is told again takes a fraction of the calls."""

    def tell(count: int) -> Callable:
        def function(x: Any, y: Any) -> list[Any]:
            for _ in range(count):
                y = 0.9 * y + x / 2.0
            return [y]

        return function

    x = jnp.ones(3)

    def of(function: Callable) -> int:
        return calls_of(lambda: jax.make_jaxpr(function)(x, x))

    few, many = of(with_operators(tell(10))), of(with_operators(tell(110)))
    assert many - few < 0.4 * (of(tell(110)) - of(tell(10)))
