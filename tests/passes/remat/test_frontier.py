"""The choices of whole programs in one order: memory grows along it, time falls, gradients stay."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift import Program, functional
from stablelift.ir.policy import LEAST, MOST, Policy
from stablelift.passes.remat.frontier import frontier
from stablelift.passes.remat.weighing import Edge
from stablelift.runtime.budget import Choices, Kept, within
from stablelift.runtime.budget_curve import front

W = jnp.sin(jnp.arange(12.0).reshape(3, 4)) / 2
X = jnp.cos(jnp.arange(6.0).reshape(2, 3))


def test_edges_are_taken_in_the_order_of_their_prices():
    edges = [Edge(2.0, 30), Edge(8.0, 10), Edge(1.999, 60)]
    found = [policy.arguments for policy in frontier(edges, 4)]
    assert found[:2] == [LEAST.arguments, (8.0, 1.0)] and found[-1] == MOST.arguments
    assert [price for price, _ in found[2:-1]] == [2.0] * 3
    assert [part for _, part in found[2:-1]] == pytest.approx([(25 * index - 10) / 90 for index in (1, 2, 3)])
    assert frontier([], 4) == [LEAST, MOST]


STEPS = {
    "tanh": lambda c, w: jnp.tanh(c),
    "sin": lambda c, w: jnp.sin(c) * c,
    "there and back": lambda c, w: jnp.exp(-((c @ w) ** 2)) @ w.T,
    "product": lambda c, w: c @ (w @ w.T),
}


@st.composite
def losses(draw):
    """A function of two arrays: loops behind each other and inside of each other, and layers called again."""
    bodies = st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=3)
    forms = st.sampled_from(["scan", "nested", "layers"])
    plan = draw(st.lists(st.tuples(bodies, forms), min_size=1, max_size=2))

    def loss(w, x):
        for names, form in plan:

            def body(c, names=names):
                for name in names:
                    c = STEPS[name](c, w)
                return c

            def loop(c, length, body=body):
                return functional.scan(lambda c, _: (body(c), None), c, length=length)[0]

            if form == "scan":
                x = loop(x, 5)
            elif form == "nested":
                x = functional.scan(lambda c, _, loop=loop: (jnp.sin(loop(c, 3)), None), x, length=4)[0]
            else:
                for _ in range(3):
                    x = body(x)
        return (x**2).sum()

    return loss


class Simulated(Choices):
    """Choices whose peaks XLA is not asked about."""

    def kept(self, policy):
        return Kept(policy, self.simulated(policy), self.simulated(policy))


@settings(max_examples=15, deadline=None)
@given(losses())
def test_memory_grows_along_the_front_and_with_the_budget(loss):
    """In programs of shapes at which bytes and products have prices of several kinds."""
    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((64, 256), (32, 64))]
    program = Program.trace(functional.grad(loss, (0, 1)), *shapes)
    choices = Simulated(lambda policy: program.after_passes(remat=policy), steps=6)
    policies = front(choices)
    assert policies[-1] == MOST
    peaks = [choices.simulated(policy) for policy in policies]
    assert peaks == sorted(peaks)
    seconds = [choices.seconds(policy) for policy in policies]
    assert seconds[:-1] == sorted(seconds[:-1], reverse=True)
    found = [choices.program(policy).finished.timing.partitions for policy in policies]
    if all(cut.times == 1 for cut in found[0]):
        saved = [sum(cut.size_bytes("saved") for cut in cuts) for cuts in found]
        assert saved == sorted(saved)
    kept = [within(Policy("budget", (peak,)), choices) for peak in peaks]
    assert [one.peak_bytes for one in kept] == sorted(one.peak_bytes for one in kept)
    assert all(one.peak_bytes <= peak for one, peak in zip(kept, peaks, strict=True))


def nested(w, x):
    def inner(c, _):
        return jnp.exp(-((c @ w) ** 2)) @ w.T, None

    def outer(c, _):
        return jnp.sin(functional.scan(inner, c, length=7)[0]), None

    return (functional.scan(outer, x, length=6)[0] ** 2).sum()


def test_the_reverse_of_an_outer_loop_runs_an_inner_one_again():
    """Saved with the least memory: 6 carries of the outer loop, and 7 of the inner one at a time."""
    program = Program.trace(functional.grad(nested, (0, 1)), W, X)
    expected = program(W, X)
    for policy, saved in [(LEAST, [7 * 24, 6 * 24]), (MOST, None)]:
        finished = program.after_passes(remat=policy)
        cuts = finished.finished.timing.partitions
        if saved is not None:
            assert [cut.size_bytes("saved") for cut in cuts] == saved
            assert cuts[1].repeated_flops > 6 * 7 * 2 * 2 * 2 * 3 * 4
        for one, other in zip(finished(W, X), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_price_is_a_policy():
    policy = functional.checkpoint(lambda x: jnp.tanh(jnp.tanh(x)), policy="price(1e999, 0.0)")
    assert jax.tree.leaves(functional.grad(lambda x: policy(x).sum())(X))[0].shape == X.shape
    assert str(Policy("price", (float("inf"), 0.0))) == "price(1e999, 0.0)"
    with pytest.raises(ValueError, match="policy `price`: expected what a saved byte weighs"):
        Policy("price", (0.5, 0.0))
