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
@pytest.mark.parametrize("checkpoint", ["sqrt", 1, 4, 30, "binomial:1", "binomial:3", "binomial:30"])
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


@pytest.mark.parametrize("checkpoint", [3, "binomial:2"])
def test_in_other_lifts(checkpoint):
    def losses(scan, **options):
        def loss(w, x):
            c, ys = scan(lambda c, x: (jnp.sin(c @ w) + x, c.sum()), x[0, 0], x[:, 0], **options)
            return (c**3).sum() + (ys**2).sum()

        return loss

    ours, theirs = losses(functional.scan, checkpoint=checkpoint), losses(jax.lax.scan)
    stacked = jnp.stack([X, -X])

    def every(loss, grad, vmap, jvp):
        twice = lambda w: (grad(lambda w: (grad(loss)(w, X) ** 2).sum())(w) ** 2).sum()  # noqa: E731
        moved = jvp(grad(loss, (0, 1)), (W, X), (W * 2, X))
        mapped = vmap(grad(loss, (0, 1)), (None, 0))(W, stacked)
        return mapped, moved, grad(twice)(W), jvp(loss, (W, X), (W, X))

    found = functional.jit(lambda: every(ours, functional.grad, functional.vmap, functional.jvp))()
    expected = jax.jit(lambda: every(theirs, jax.grad, jax.vmap, jax.jvp))()
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4 * max(1.0, float(np.abs(y).max())))


def test_memory_grows_with_the_square_root_or_less():
    def temporary(length, **options):
        def loss(w, x):
            return functional.scan(lambda c, _: (jnp.sin(c @ w), None), x, length=length, **options)[0].sum()

        square = jnp.ones((64, 64))
        compiled = functional.jit(functional.grad(loss)).lower(square, square).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert temporary(400, checkpoint="sqrt") < temporary(400) / 5
    assert temporary(400, checkpoint="binomial:4") < temporary(400, checkpoint="sqrt") / 3


def test_segments():
    found = {args: segments(*args) for args in (("sqrt", 11), (4, 11), (30, 11), (1, 5), ("sqrt", 0))}
    assert list(found.values()) == [(3, 3), (4, 2), (11, 1), (1, 5), (1, 0)]


@pytest.mark.parametrize("wrong", [0, -1, "cube", 1.5, True, "binomial", "binomial:0"])
def test_what_is_no_number_of_checkpoints(wrong):
    with pytest.raises(ValueError) as caught:
        run(W, X, checkpoint=wrong)
    expected = 'scan: expected checkpoint="sqrt", "binomial:N" or at least 1'
    assert str(caught.value) == f"{expected}, found {wrong!r}"


@pytest.mark.parametrize("axes", [{"in_axes": -1}, {"out_axes": -1}])
def test_axes_from_the_end(axes):
    with pytest.raises(ValueError) as caught:
        functional.scan(lambda c, x: (c, x), 0.0, jnp.ones((5, 5)), checkpoint=2, **axes)
    (what,) = axes
    assert str(caught.value) == f"scan: {what}: expected axes of at least 0 with checkpoint=, found -1"
