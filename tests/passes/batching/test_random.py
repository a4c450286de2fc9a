"""Random numbers: a generator's bits are those of `jax.vmap`, others have the distribution asked for."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from jax import lax

from stablelift import functional
from tests.passes.batching.mapping import vmap_text
from tests.support import assert_close, run_module

N = 4000


@pytest.mark.parametrize("size", [0, 1, 3])
def test_bits(size: int):
    states = np.arange(size * 4, dtype=np.uint32).reshape(size, 4)

    def draw(state: jax.Array) -> tuple[jax.Array, jax.Array]:
        state, bits = lax.rng_bit_generator(state, (2, 3))
        return state, bits + lax.rng_bit_generator(state, (2, 3))[1]

    if size == 0:
        found = jax.jit(functional.vmap(draw))(states)
        assert [x.shape for x in found] == [(0, 4), (0, 2, 3)]
    else:
        assert_close(jax.jit(functional.vmap(draw))(states), jax.jit(jax.vmap(draw))(states))


@pytest.mark.parametrize("axis", [0, 1])
def test_keys_of_a_generator(axis: int):
    """And mapped twice."""
    keys = np.stack(
        [jax.random.key_data(jax.random.key(seed, impl="rbg")) for seed in range(6)], axis=axis
    )
    keys = keys.reshape(*keys.shape[:axis], 2, 3, *keys.shape[axis + 1 :])

    def draw(key: jax.Array) -> jax.Array:
        return jax.random.normal(jax.random.wrap_key_data(key, impl="rbg"), (5,))

    def mapped(vmap) -> jax.Array:
        return jax.jit(vmap(vmap(draw, in_axes=axis), in_axes=axis))(keys)

    assert_close(mapped(functional.vmap), mapped(jax.vmap))


def rng(distribution: str, element: str, axes: str, inputs: list[str]) -> str:
    scalar, many = f"tensor<{element}>", f"tensor<2x{N}x{element}>"
    callee = f"""func.func private @f(%a: {scalar}, %b: {scalar}) -> {many} {{
      %shape = stablehlo.constant dense<[2, {N}]> : tensor<2xi64>
      %0 = stablehlo.rng %a, %b, %shape, distribution = {distribution}
        : ({scalar}, {scalar}, tensor<2xi64>) -> {many}
      return %0 : {many}
    }}"""
    attributes = f"axis_size = 3 : i64, in_axes = [{axes}], out_axes = [0]"
    return vmap_text(callee, inputs, [f"tensor<3x2x{N}x{element}>"], attributes)


def test_uniform():
    low, high = np.array([-1, 0, 5], np.float32), np.float32(7)
    (found,) = run_module(rng("UNIFORM", "f32", "0, unit", ["tensor<3xf32>", "tensor<f32>"]), [low, high])
    for x, start in zip(found, low, strict=True):
        assert start <= x.min() < start + 0.1 < high - 0.1 < x.max() < high
        assert abs(x.mean() - (start + high) / 2) < 0.1
    assert len(np.unique(found[0])) > N  # no row repeats another


def test_normal():
    mean, deviation = np.array([-1, 0, 5], np.float64), np.array([1, 2, 0.5])
    (found,) = run_module(rng("NORMAL", "f64", "0, 0", ["tensor<3xf64>"] * 2), [mean, deviation])
    for x, centre, width in zip(found, mean, deviation, strict=True):
        assert abs(x.mean() - centre) < 0.1 * width
        assert abs(x.std() - width) < 0.1 * width


@pytest.mark.parametrize(("element", "low"), [("i32", -2), ("ui32", 3)])
def test_uniform_integers(element: str, low: int):
    dtype = {"i32": np.int32, "ui32": np.uint32}[element]
    high = np.array([low + 1, low + 2, low + 5], dtype)
    text = rng("UNIFORM", element, "unit, 0", [f"tensor<{element}>", f"tensor<3x{element}>"])
    (found,) = run_module(text, [dtype(low), high])
    for x, end in zip(found, high, strict=True):
        values, counts = np.unique(x, return_counts=True)
        assert list(values) == list(range(low, int(end)))
        assert counts.min() > 0.8 * counts.mean()


def test_one_draw_is_shared_where_nothing_is_mapped():
    text = rng("UNIFORM", "f32", "unit, unit", ["tensor<f32>"] * 2)
    (found,) = run_module(text, [np.float32(0), np.float32(1)])
    assert_close(found, np.stack([found[0]] * 3))
