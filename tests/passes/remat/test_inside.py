"""Policies of rematerialised functions in branches, loops, and loops in these: they save what JAX does."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src.ad_checkpoint import saved_residuals
from jax.ad_checkpoint import checkpoint_name

from stablelift import Program, functional
from tests.interpreter import interpreted, jax_interpreted

theirs = jax.checkpoint_policies
X, W = jax.random.normal(jax.random.key(0), (3, 4)), jax.random.normal(jax.random.key(1), (4, 5)) / 3
BOUND = 5


def bounded(cond, body, init):
    return functional.while_loop(cond, body, init, max_trip_count=BOUND)


def always(cond, body, init):
    """A loop of as many steps as ours may take, which JAX can differentiate; it stops changing."""

    def step(state, _):
        return jax.tree.map(lambda new, old: jnp.where(cond(state), new, old), body(state), state), None

    return jax.lax.scan(step, init, None, length=BOUND)[0]


def work(c, w):
    return jnp.sin(checkpoint_name(jnp.tanh(c @ w), "hidden")) @ w.T


def branches(lib, x, w):
    others = work, lambda x, w: jnp.cos(x @ w) @ w.T, lambda x, w: x
    return lib["switch"](jnp.int32(x[0, 0] > 0), others, x, w).sum()


def bounded_loop(lib, x, w):
    return (lib["loop"](lambda c: c[0] < 3, lambda c: (c[0] + 1, work(c[1], w)), (0, x))[1] ** 2).sum()


def nested(lib, x, w):
    def outer(c, _):
        return jnp.cos(lib["scan"](lambda c, _: (work(c, w), None), c, None, length=2)[0]), None

    return (lib["scan"](outer, x, None, length=3)[0] ** 2).sum()


def stacked(lib, x, w):
    c, ys = lib["scan"](lambda c, _: (jnp.sin(c), c @ w), x, None, length=3)
    return (jnp.sin(ys) ** 2).sum() + c.sum()


def branches_in_loop(lib, x, w):
    def step(c, number):
        return lib["switch"](number % 2, (work, lambda c, w: jnp.sin(c)), c, w), None

    return (lib["scan"](step, x, jnp.arange(4))[0] ** 2).sum()


OURS = {"switch": functional.switch, "loop": bounded, "scan": functional.scan}
JAXS = {"switch": jax.lax.switch, "loop": always, "scan": jax.lax.scan}
FUNCTIONS = [branches, bounded_loop, nested, stacked, branches_in_loop]


def every(lib, x, w):
    return sum(function(lib, x, w) for function in FUNCTIONS)


def gradient(function, policy):
    remat = functional.checkpoint(lambda x, w: function(OURS, x, w), policy=policy)
    return Program.trace(functional.grad(remat, (0, 1)), X, W)


def close(found, expected):
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4 * np.abs(y).max())


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize(
    "policy, jaxs",
    [
        ("dots_saveable", theirs.dots_saveable),
        ('save_only_these_names("hidden")', theirs.save_only_these_names("hidden")),
    ],
    ids=["dots", "names"],
)
def test_what_is_saved_is_what_jax_saves(function, policy, jaxs):
    region = gradient(function, policy).finished.timing.partitions[-1]
    found = sorted(re.sub("x?f32", "", value.type) for value in region.values if value.fate == "saved")
    kept = saved_residuals(jax.checkpoint(lambda x, w: function(JAXS, x, w), policy=jaxs), X, W)
    expected = sorted(
        f"tensor<{'x'.join(map(str, aval.shape))}>" for aval, why in kept if "argument" not in why
    )
    assert found == expected


@pytest.mark.parametrize(
    "policy",
    [
        "dots_saveable",
        'save_anything_except_these_names("hidden")',
        'save_and_offload_only_these_names([], ["hidden"], "device", "pinned_host")',
    ],
    ids=["dots", "all but names", "offloaded names"],
)
def test_gradients_are_jaxs(policy):
    remat = functional.checkpoint(lambda *args: every(OURS, *args), policy=policy)
    found = interpreted(functional.grad(remat, (0, 1)), X, W)
    close(found, jax_interpreted(jax.grad(lambda *args: every(JAXS, *args), (0, 1)), X, W))


def test_what_a_step_offloads_waits_in_the_hosts_memory():
    policy = 'offload_dot_with_no_batch_dims("device", "pinned_host")'
    text = str(gradient(nested, policy).optimize())
    assert 'placement = "pinned_host"' in text and 'placement = "device"' in text
    assert text.count("dot_general") == str(gradient(nested, "dots_saveable").optimize()).count("dot_general")


@pytest.mark.parametrize("checkpoint", [None, "binomial:1"])
def test_a_users_rule_counts_once_where_steps_are_taken_again(checkpoint):
    """Forward over reverse: as in JAX, what the rule's function computes is differentiated itself."""

    def gradient_moved(lib, custom_jvp, grad, jvp, scan):
        @custom_jvp
        def sine(x):
            return jnp.sin(x)

        @sine.defjvp
        def rule(primals, tangents):
            return jnp.sin(primals[0]), 3.0 * tangents[0] * primals[0]

        def loss(x):
            if checkpoint:
                return scan(lambda c, _: (sine(c) * c, None), x, None, length=4)[0].sum()
            return lib["loop"](lambda c: c[0] < 4, lambda c: (c[0] + 1, sine(c[1]) * c[1]), (0, x))[1].sum()

        return lambda x: jvp(grad(loss), (x,), (jnp.cos(x),))[1]

    def snapshots(*args, **options):
        return functional.scan(*args, checkpoint=checkpoint, **options)

    found = gradient_moved(OURS, functional.custom_jvp, functional.grad, functional.jvp, snapshots)
    expected = gradient_moved(JAXS, jax.custom_jvp, jax.grad, jax.jvp, jax.lax.scan)
    close(interpreted(found, X), jax_interpreted(expected, X))
