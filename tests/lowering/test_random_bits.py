"""Random bits on CPU: the same as JAX's, from an expression in place of its loop."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift import Program, functional

KEY = jax.random.key(7)


def some_of_everything(key):
    keys = jax.random.split(key, 3)
    return (
        jax.random.key_data(jax.random.fold_in(keys[0], 5)),
        jax.random.bits(keys[1]),
        jax.random.bits(keys[1], (0, 3)),
        jax.random.bits(keys[1], (7, 5), jnp.uint8),
        jax.random.bits(keys[2], (3,), jnp.uint16),
        jax.random.uniform(keys[0], (2, 3, 4)),
        jax.random.bernoulli(keys[2], 0.3, (11,)),
        jax.random.permutation(keys[1], 10),
        jax.random.bits(keys[0], (3, 500)),
        jax.random.normal(keys[2], (2000,), jnp.bfloat16),
    )


@pytest.mark.smoke
def test_bits_are_jaxs():
    found = functional.jit(some_of_everything)(KEY)
    for have, want in zip(found, some_of_everything(KEY), strict=True):
        np.testing.assert_array_equal(have, want)


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.uint16, jnp.uint32, jnp.uint64])
@pytest.mark.parametrize("shape", [(64,), (1, 70, 3), (4, 1, 5, 7)])
def test_bits_of_blocks_are_jaxs(dtype, shape):
    with jax.enable_x64(True):
        found = functional.jit(lambda key: jax.random.bits(key, shape, dtype))(KEY)
        np.testing.assert_array_equal(found, jax.random.bits(KEY, shape, dtype))


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg", "unsafe_rbg"])
@pytest.mark.parametrize("is_partitionable", [True, False])
def test_bits_are_those_of_the_implementation_and_of_the_settings(impl, is_partitionable):
    with jax.threefry_partitionable(is_partitionable):
        key = jax.random.key(3, impl=impl)
        found = functional.jit(lambda key: jax.random.bits(key, (5, 20)))(key)
        np.testing.assert_array_equal(found, jax.random.bits(key, (5, 20)))


def test_bits_of_many_keys_and_in_a_loop_are_jaxs():
    keys = jax.random.split(KEY, 4)
    found = functional.vmap(lambda key: jax.random.bits(key, (3,)))(keys)
    np.testing.assert_array_equal(found, jax.vmap(lambda key: jax.random.bits(key, (3,)))(keys))

    def step(key, _):
        return jax.random.split(key)[0], jax.random.uniform(key)

    def drawn(scan):
        return scan(step, KEY, None, length=3)[1]

    np.testing.assert_array_equal(drawn(functional.scan), drawn(jax.lax.scan))


def test_blocks_of_as_many_bits_share_a_function():
    def bits(key):
        shapes = (8, 4, 32), (32, 32), (31, 33)
        return [jax.random.bits(key, shape) for shape in shapes]

    assert str(Program.trace(bits, KEY)).count("func.func private @random_bits") == 2
    for have, want in zip(functional.jit(bits)(KEY), jax.jit(bits)(KEY), strict=True):
        np.testing.assert_array_equal(have, want)


def test_on_cpu_there_is_no_loop_and_elsewhere_jaxs_own_lowering():
    def bits(key):
        return jax.random.bits(key, (4,))

    assert "while" not in str(Program.trace(bits, KEY))
    assert "while" not in str(Program.trace(bits, KEY, platform="cpu"))
    assert "threefry2x32" in str(Program.trace(bits, KEY, platform="cuda"))


@pytest.mark.parametrize(
    ("policy", "draws"), [("everything_saveable", 1), ("auto", 1), ("nothing_saveable", 2)]
)
def test_a_block_is_drawn_once_unless_a_policy_says_otherwise(policy, draws):
    def dropped(x, key):
        y = jnp.sin(x)
        return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), y, 0)

    checkpointed = functional.checkpoint(dropped, policy=getattr(stablelift.checkpoint_policies, policy))

    def loss(x, key):
        return (checkpointed(x, key) ** 2).sum()

    x = jnp.linspace(-1, 1, 2048)
    gradient = Program.trace(functional.grad(loss), x, KEY)
    expected = jax.grad(lambda x: (dropped(x, KEY) ** 2).sum())(x)
    np.testing.assert_allclose(gradient(x, KEY), expected, rtol=1e-6)
    assert str(gradient.optimize()).count("call @random_bits") == draws
