"""What a program does alike to many arrays is lowered once, and computes what it did."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import Program, functional
from tests.support import assert_close

XS = [jax.random.normal(jax.random.key(n), (3, 2)) for n in range(5)]


def strands_in(function, *args):
    return str(Program.trace(function, *args)).count("call @strand")


def momentum(x, m, scale=0.9):
    m = scale * m + jnp.where(x > 0, 0.1 * x, x)
    return x - jnp.sqrt(jnp.abs(m)) * 0.01, m


def updated(xs, ms):
    return [momentum(x, m) for x, m in zip(xs, ms, strict=True)]


def clipped(xs, ms):
    """By the norm of what each strand has computed, whose second parts wait for it."""
    halves = [jnp.tanh(x) * 0.5 - m for x, m in zip(xs, ms, strict=True)]
    norm = jnp.sqrt(sum((x**2).sum() for x in halves))
    return [momentum(x / norm, m) for x, m in zip(halves, ms, strict=True)]


def corrected(xs, ms):
    """By a function of all of them, which is to be inlined."""
    scaled = jax.jit(lambda tree, rate: [x / (1 - rate) for x in tree], inline=True)
    halves = [0.5 * x + 0.5 * m for x, m in zip(xs, ms, strict=True)]
    return [momentum(x, m) for x, m in zip(scaled(halves, 0.9), ms, strict=True)]


def of_several_kinds(xs, ms):
    """Shapes, numbers and types differ: what is equal is shared."""
    low = [x.astype(jnp.bfloat16) for x in xs]
    flat = [x.reshape(-1) for x in xs]
    scaled = [momentum(x, m, scale=0.5) for x, m in zip(xs, ms, strict=True)]
    return updated(xs, ms), scaled, updated(flat, [m.reshape(-1) for m in ms]), updated(low, ms)


def one_after_the_other(xs, ms):
    """The arrays hang together: there is one strand."""
    c = xs[0]
    for x, m in zip(xs, ms, strict=True):
        c, _ = momentum(c + x, m)
    return c


def read_on_the_way(xs, ms):
    """What strands compute is read by others before they end."""
    moved = [jnp.sin(x) * m + 1 for x, m in zip(xs, ms, strict=True)]
    total = sum(jnp.dot(x.reshape(-1), x.reshape(-1)) for x in moved)
    return [x / 2 - jnp.cos(x) for x in moved], total, moved


CASES = {
    "updated": (updated, 5),
    "clipped": (clipped, 5),
    "corrected": (corrected, 5),
    "of several kinds": (of_several_kinds, 20),
    "one after the other": (one_after_the_other, 0),
    "read on the way": (read_on_the_way, 0),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("by", [functional.jit, functional.vmap, lambda f: functional.jit(jax.vmap(f))])
def test_strands_compute_what_they_did(case, by):
    function, _ = CASES[case]
    given = (XS, [0.5 * x for x in XS])
    if by is functional.jit:
        assert_close(by(function)(*given), function(*given), rtol=1e-5)
    else:
        given = jax.tree.map(lambda x: jnp.stack([x, -x]), given)
        assert_close(by(function)(*given), jax.vmap(function)(*given), rtol=1e-5)


@pytest.mark.smoke
@pytest.mark.parametrize("case", CASES)
def test_equal_strands_are_calls_of_one_function(case):
    function, count = CASES[case]
    assert strands_in(function, XS, XS) == count
    assert strands_in(function, XS[:3], XS[:3]) == 0  # too few


def test_zeros_of_two_signs_are_two_numbers():
    def function(*xs):
        return [jnp.exp(x / zero) * 1.5 for x, zero in zip(xs, (0.0, 0.0, 0.0, 0.0, -0.0), strict=True)]

    xs = [jnp.ones(2)] * 5
    np.testing.assert_array_equal(functional.jit(function)(*xs), function(*xs))


@pytest.mark.smoke
def test_a_training_step_with_optax():
    optax = pytest.importorskip("optax")
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-2))
    params = {f"layer{n}": {"w": x, "b": x[0]} for n, x in enumerate(XS)}

    def step(params, state):
        grads = functional.grad(lambda p: sum(jnp.sin(x).sum() for x in jax.tree.leaves(p)) ** 2)(params)
        updates, state = optimiser.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    state = optimiser.init(params)
    found, expected = functional.jit(step)(params, state), jax.jit(step)(params, state)
    assert_close(found, expected, rtol=1e-5)
    assert strands_in(step, params, state) >= 10
