"""`scan(checkpoint=...)`: the values and gradients of a plain scan, from less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.lowering.segmented import segments

X = jax.random.normal(jax.random.key(0), (11, 3, 4)) / 3
W = jax.random.normal(jax.random.key(1), (4, 4)) / 2


def run(w, x, **options):
    """A loop over axis 1 of one input and axis 0 of another, whose ys are stacked on axes 0 and 1."""

    def step(c, xs):
        whole, along, (scale,) = xs
        c = jnp.tanh(c @ w + along) * whole
        return c, (c.sum(0) * scale, {"c": c})

    xs = (jnp.float32(1.5), jnp.swapaxes(x, 0, 1), [jnp.arange(11.0)])
    return functional.scan(
        step, jnp.ones((3, 4)), xs, in_axes=(None, 1, 0), out_axes=(0, 1), **options
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("checkpoint", ["sqrt", 1, 4, 11, 30])
def test_values_and_gradients(checkpoint, reverse):
    def loss(w, x, **options):
        c, (y, ys) = run(w, x, reverse=reverse, **options)
        return (c**2).sum() + (y**3).sum() + (ys["c"] * jnp.arange(11.0)[:, None]).sum()

    def both(**options):
        values = functional.jit(lambda: run(W, X, reverse=reverse, **options))()
        return values, functional.jit(functional.grad(lambda w, x: loss(w, x, **options), (0, 1)))(W, X)

    found, expected = both(checkpoint=checkpoint), both()
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-5 * max(1.0, float(np.abs(y).max())))


def test_memory_grows_with_the_square_root():
    def temporary(length, **options):
        def loss(w, x):
            return functional.scan(lambda c, _: (jnp.sin(c @ w), None), x, length=length, **options)[0].sum()

        square = jnp.ones((64, 64))
        compiled = functional.jit(functional.grad(loss)).lower(square, square).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert temporary(400, checkpoint="sqrt") < temporary(400) / 5


def test_segments():
    found = {args: segments(*args) for args in (("sqrt", 11), (4, 11), (30, 11), (1, 5), ("sqrt", 0))}
    assert list(found.values()) == [(3, 3), (4, 2), (11, 1), (1, 5), (1, 0)]


@pytest.mark.parametrize("wrong", [0, -1, "cube", 1.5, True])
def test_what_is_no_number_of_checkpoints(wrong):
    with pytest.raises(ValueError) as caught:
        run(W, X, checkpoint=wrong)
    assert str(caught.value) == f'scan: expected checkpoint="sqrt" or at least 1, found {wrong!r}'


@pytest.mark.parametrize("axes", [{"in_axes": -1}, {"out_axes": -1}])
def test_axes_from_the_end(axes):
    with pytest.raises(ValueError) as caught:
        functional.scan(lambda c, x: (c, x), 0.0, jnp.ones((5, 5)), checkpoint=2, **axes)
    (what,) = axes
    assert str(caught.value) == f"scan: {what}: expected axes of at least 0 with checkpoint=, found -1"
