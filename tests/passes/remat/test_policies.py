"""What each policy saves, and that no policy changes a gradient."""

import re
from collections import Counter
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

from stablelift import Program, checkpoint_policies, functional
from stablelift.errors import LiftError
from stablelift.ir.mlir import context, parse, walk
from tests.interpreter import interpreted, jax_interpreted

theirs = jax.checkpoint_policies


def block(x, w, v):
    """An MLP whose gradient wants two products, a tanh and a sine."""
    h = checkpoint_name(jnp.tanh(x @ w), "hidden")
    scores = jnp.einsum("bi,bio->bo", h, v)
    return checkpoint_name(jnp.sin(scores), "out")


KEYS = jax.random.split(jax.random.key(0), 3)
ARGS = tuple(
    jax.random.normal(key, shape) for key, shape in zip(KEYS, [(3, 5), (5, 7), (3, 7, 4)], strict=True)
)


def gradients(function, policy, wrap=lambda function: function, **options):
    """The program of the gradients of a sum over the rematerialised function."""
    remat = functional.checkpoint(function, policy=policy, **options)
    loss = wrap(lambda *args: (remat(*args) ** 2).sum())
    return Program.trace(functional.grad(loss, (0, 1, 2)), *ARGS)


def plain(function=block):
    loss = lambda *args: (function(*args) ** 2).sum()  # noqa: E731
    return Program.trace(functional.grad(loss, (0, 1, 2)), *ARGS)


def ops(program):
    """How often each op occurs once the lifts are compiled away."""
    with context() as ctx:
        module = parse(program.finished.bytecode, ctx)
        return Counter(op.name.removeprefix("stablehlo.") for op in walk(module))


def repeated(program):
    """How many products, tanhs and sines there are more than without rematerialisation."""
    found, least = ops(program), ops(plain())
    return tuple(found[name] - least[name] for name in ("dot_general", "tanh", "sine"))


# Products, tanhs and sines that the reverse repeats: it uses both products' operands and cos(scores).
REPEATS = [
    (None, (2, 1, 0)),
    (checkpoint_policies.nothing_saveable, (2, 1, 0)),
    (checkpoint_policies.everything_saveable, (0, 0, 0)),
    (checkpoint_policies.dots_saveable, (0, 1, 0)),
    (checkpoint_policies.dots_with_no_batch_dims_saveable, (1, 1, 0)),
    (checkpoint_policies.save_only_these_names("hidden"), (1, 0, 0)),
    (checkpoint_policies.save_only_these_names("out"), (2, 1, 0)),
    (checkpoint_policies.save_any_names_but_these("hidden"), (2, 1, 0)),
    (checkpoint_policies.save_any_names_but_these("other"), (1, 0, 0)),
    (checkpoint_policies.save_anything_except_these_names("hidden"), (0, 1, 0)),
    (
        checkpoint_policies.save_from_both_policies(
            checkpoint_policies.save_only_these_names("hidden"), checkpoint_policies.dots_saveable
        ),
        (0, 0, 0),
    ),
    (checkpoint_policies.over_ops(lambda op, operands, results: op == "stablehlo.tanh"), (1, 0, 0)),
    (
        checkpoint_policies.over_ops(lambda op, operands, results: results == ["tensor<3x4xf32>"]),
        (1, 1, 0),
    ),
    (checkpoint_policies.auto, (0, 0, 0)),
    ("dots_saveable", (0, 1, 0)),
    (theirs.everything_saveable, (0, 0, 0)),
    (theirs.dots_saveable, (0, 1, 0)),
    (theirs.checkpoint_dots_with_no_batch_dims, (1, 1, 0)),
    (theirs.save_only_these_names("hidden"), (1, 0, 0)),
    (theirs.save_any_names_but_these("hidden"), (2, 1, 0)),
    (theirs.save_from_both_policies(theirs.save_only_these_names("hidden"), theirs.dots_saveable), (0, 0, 0)),
    (lambda primitive, *avals, **params: primitive.name == "tanh", (1, 0, 0)),
]


def spelled(value):
    """The name of a case, the same in every process: functions have addresses."""
    return re.sub(r" at 0x\w+", "", str(value))


@pytest.mark.parametrize("policy, expected", REPEATS, ids=spelled)
def test_what_is_repeated(policy, expected):
    assert repeated(gradients(block, policy)) == expected


@pytest.mark.parametrize("policy", [policy for policy, _ in REPEATS], ids=spelled)
def test_gradients_are_those_without_bit_for_bit(policy):
    same(gradients(block, policy), plain())


def same(found, expected):
    for x, y in zip(found(*ARGS), expected(*ARGS), strict=True):
        np.testing.assert_array_equal(x, y)


def close(found, expected):
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-6 * max(1, np.abs(y).max()))


def test_one_call_of_the_reverse_is_kept_for_xla():
    text = str(gradients(block, None).optimize())
    assert text.count('inlineable = "false"') == 1 and text.count("stablehlo.optimization_barrier") == 1
    text = str(gradients(block, None, prevent_cse=False).optimize())
    assert 'inlineable = "false"' not in text and "stablehlo.optimization_barrier" not in text
    text = str(gradients(block, checkpoint_policies.everything_saveable).optimize())
    assert 'inlineable = "false"' not in text


def by_op(function):
    """The function by StableHLO's interpreter, which takes no time to compile."""
    return partial(interpreted, function)


def jax_by_op(function):
    return partial(jax_interpreted, function)


POLICIES = [None, "dots_saveable", 'save_only_these_names("hidden")', "auto", "everything_saveable"]


@pytest.mark.parametrize("policy", POLICIES)
class TestEverywhere:
    """Gradients are JAX's wherever a rematerialised function stands."""

    def remat(self, policy):
        return functional.checkpoint(block, policy=policy)

    def test_under_vmap(self, policy):
        def loss(remat, x, w, v):
            return (functional.vmap(remat, (0, None, 0))(x[:, None], w, v[:, None]) ** 2).sum()

        found = by_op(functional.grad(lambda *args: loss(self.remat(policy), *args), (0, 1, 2)))
        close(found(*ARGS), plain()(*ARGS))

    def test_mapped_gradients(self, policy):
        def one(function):
            loss = lambda x, w, v: (function(x[None], w, v[None]) ** 2).sum()  # noqa: E731
            return lambda grad, vmap: vmap(grad(loss, (0, 1, 2)), (0, None, 0))(*ARGS)

        found = by_op(lambda: one(self.remat(policy))(functional.grad, functional.vmap))()
        close(found, jax_by_op(lambda: one(block)(jax.grad, jax.vmap))())

    def test_second_order(self, policy):
        def twice(function, grad):
            inner = grad(lambda x, w, v: (function(x, w, v) ** 2).sum())
            return grad(lambda *args: (inner(*args) ** 3).sum(), (0, 1, 2))

        found = by_op(twice(self.remat(policy), functional.grad))(*ARGS)
        close(found, jax_by_op(twice(block, jax.grad))(*ARGS))

    def test_forward_over_reverse(self, policy):
        def moved(function, grad, jvp):
            gradient = grad(lambda x, w, v: (function(x, w, v) ** 2).sum(), (0, 1))
            return lambda: jvp(gradient, ARGS, ARGS)

        found = by_op(moved(self.remat(policy), functional.grad, functional.jvp))()
        close(found, jax_by_op(moved(block, jax.grad, jax.jvp))())

    def test_nested(self, policy):
        inner = self.remat(policy)
        outer = functional.checkpoint(lambda x, w, v: inner(jnp.sin(x), w, v) * 2, policy=policy)
        loss = lambda function: lambda *args: (function(*args) ** 2).sum()  # noqa: E731
        expected = loss(lambda x, w, v: block(jnp.sin(x), w, v) * 2)
        found = by_op(functional.grad(loss(outer), (0, 1, 2)))(*ARGS)
        close(found, jax_by_op(jax.grad(expected, (0, 1, 2)))(*ARGS))

    def test_inside_a_custom_vjp(self, policy):
        remat = self.remat(policy)

        @functional.custom_vjp
        def clipped(x, w, v):
            return remat(x, w, v)

        def forward(x, w, v):
            return functional.vjp(remat, x, w, v)

        clipped.defvjp(forward, lambda pullback, ct: pullback(jnp.clip(ct, -0.5, 0.5)))
        found = by_op(functional.grad(lambda *args: (clipped(*args) ** 2).sum(), (0, 1, 2)))(*ARGS)
        out, pullback = jax.vjp(block, *ARGS)
        close(found, pullback(jnp.clip(2 * out, -0.5, 0.5)))

    @pytest.mark.parametrize("prevent_cse", [True, False])
    def test_in_a_scan(self, policy, prevent_cse):
        def loss(remat, scan):
            def run(x, w, v):
                step = lambda c, w: (remat(c, w, v) @ v[0].T[:, :5], None)  # noqa: E731
                return (scan(step, x, jnp.stack([w, -w, 2 * w]))[0] ** 2).sum()

            return run

        remat = functional.checkpoint(block, policy=policy, prevent_cse=prevent_cse)
        found = by_op(functional.grad(loss(remat, functional.scan), (0, 1, 2)))(*ARGS)
        close(found, jax_by_op(jax.grad(loss(block, jax.lax.scan), (0, 1, 2)))(*ARGS))

    def test_around_loops_and_branches(self, policy):
        def run(x, w, v, *, scan, cond, loop):
            x = cond(x[0, 0] > 0, jnp.sin, jnp.cos, x)
            y, ys = scan(lambda c, w: (jnp.tanh(c @ w), checkpoint_name(c @ w, "hidden")), x, w[None] * 2)
            _, z = loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, jnp.sin(c[1] @ v[0])), (0, y))
            return (ys**2).sum() + z.sum()

        def bounded(cond, body, init):
            return functional.while_loop(cond, body, init, max_trip_count=5)

        def thrice(cond, body, init):
            return jax.lax.fori_loop(0, 3, lambda _, carry: body(carry), init)

        square = (jax.random.normal(jax.random.key(4), (3, 5)), jnp.ones((5, 5)) / 3, jnp.ones((2, 5, 5)) / 7)
        ours = {"scan": functional.scan, "cond": functional.cond, "loop": bounded}
        jaxs = {"scan": jax.lax.scan, "cond": jax.lax.cond, "loop": thrice}
        remat = functional.checkpoint(lambda *args: run(*args, **ours), policy=policy)
        found = by_op(functional.grad(remat, (0, 1, 2)))(*square)
        close(found, jax_by_op(jax.grad(lambda *args: run(*args, **jaxs), (0, 1, 2)))(*square))

    def test_jaxs_checkpoint_is_ours(self, policy):
        if policy is None or policy.startswith("auto"):
            policy = None
        known = {
            None: None,
            "dots_saveable": theirs.dots_saveable,
            'save_only_these_names("hidden")': theirs.save_only_these_names("hidden"),
            "everything_saveable": theirs.everything_saveable,
        }
        remat = jax.checkpoint(block, policy=known[policy])
        found = Program.trace(functional.grad(lambda *args: (remat(*args) ** 2).sum(), (0, 1, 2)), *ARGS)
        assert ops(found) == ops(gradients(block, policy))
        same(found, plain())


def loop(scan):
    """A sum over a loop, whose body has two products, a tanh and a sine."""

    def run(w, x, xs):
        def step(c, x):
            h = checkpoint_name(jnp.tanh(c @ w), "hidden")
            return jnp.sin(h @ w.T) + x, h.sum()

        c, ys = scan(step, x, xs, reverse=True)
        return (c**2).sum() + ys.sum()

    return run


def nested(scan):
    """Such a loop in a loop."""

    def run(w, x, xs):
        total = lambda c, x: (jnp.cos(c) * loop(scan)(w, c, x[None]), c.sum())  # noqa: E731
        c, ys = scan(total, x, xs)
        return (c**2).sum() + ys.sum()

    return run


LOOPED = tuple(
    jax.random.normal(key, shape) / 3 for key, shape in zip(KEYS, [(3, 4), (2, 3), (5, 2, 3)], strict=True)
)


@pytest.mark.parametrize(
    "policy, products, tanhs",
    [
        ("nothing_saveable", 2, 1),
        ("dots_saveable", 0, 1),
        ('save_only_these_names("hidden")', 1, 0),
        ("everything_saveable", 0, 0),
    ],
)
def test_policies_look_into_loops(policy, products, tanhs):
    """What the reverse repeats of the body of a loop inside of the rematerialised function."""
    run = loop(functional.scan)

    def gradient(function):
        return Program.trace(functional.value_and_grad(function, (0, 1, 2)), *LOOPED)

    found, plainly = gradient(functional.checkpoint(run, policy=policy)), gradient(run)
    close(found(*LOOPED), jax.value_and_grad(loop(jax.lax.scan), (0, 1, 2))(*LOOPED))
    more = ops(found) - ops(plainly)
    assert (more["dot_general"], more["tanh"]) == (products, tanhs)


@pytest.mark.parametrize("loops", [loop, nested])
def test_looking_into_loops_in_other_lifts(loops):
    def every(run, grad, vmap, remat):
        def loss(*args):
            return remat(lambda *args: jnp.sin(remat(run)(*args)))(*args)

        def twice(w, x, xs):
            return (grad(loss)(w, x, xs) ** 2).sum()

        w, x, xs = LOOPED
        return grad(twice)(w, x, xs), vmap(grad(loss, (0, 1)), (None, 0, None))(w, jnp.stack([x, -x]), xs)

    remat = lambda function: functional.checkpoint(function, policy="dots_saveable")  # noqa: E731
    ours = lambda: every(loops(functional.scan), functional.grad, functional.vmap, remat)  # noqa: E731
    theirs = lambda: every(loops(jax.lax.scan), jax.grad, jax.vmap, lambda function: function)  # noqa: E731
    close(functional.jit(ours)(), jax.jit(theirs)())


def test_a_name_below_a_call_counts():
    def outer(x, w, v):
        return jax.jit(block)(x, w, v)

    saved = gradients(outer, lambda primitive, *avals, **params: primitive.name == "tanh")
    assert repeated(saved) == (1, 0, 0)


def test_saved_values_stay_saved_in_a_loop():
    """A smaller cut would save the product's narrow operand; the policy asks for the product of its ops."""

    def step(c, w):
        return functional.checkpoint(
            lambda c, w: jnp.exp(checkpoint_name(jnp.tanh(c), "t")) * w,
            policy=checkpoint_policies.save_only_these_names("t"),
            prevent_cse=False,
        )(c, w), None

    loss = lambda c, ws: functional.scan(step, c, ws)[0].sum()  # noqa: E731
    text = str(Program.trace(functional.grad(loss), jnp.ones(4), jnp.ones((3, 4))).optimize())
    assert text.count("stablehlo.tanh") == 1


OFFLOADING = checkpoint_policies.save_and_offload_only_these_names(
    names_which_can_be_saved=["out"],
    names_which_can_be_offloaded=["hidden"],
    offload_src="device",
    offload_dst="pinned_host",
)


@pytest.mark.parametrize(
    "policy",
    [
        OFFLOADING,
        theirs.save_and_offload_only_these_names(
            names_which_can_be_saved=["out"],
            names_which_can_be_offloaded=["hidden"],
            offload_src="device",
            offload_dst="pinned_host",
        ),
    ],
    ids=["ours", "jax"],
)
def test_offloaded_values_wait_in_the_hosts_memory(policy):
    found = gradients(block, policy)
    text = str(found.optimize())
    assert text.count('_xla_buffer_placement = "pinned_host"') == 1
    assert text.count('_xla_buffer_placement = "device"') == 1
    assert repeated(found) == (1, 0, 0)
    same(found, plain())


def test_offloaded_products():
    found = gradients(block, theirs.offload_dot_with_no_batch_dims("device", "pinned_host"))
    assert repeated(found) == (1, 1, 0) and 'placement = "pinned_host"' in str(found.optimize())
    same(found, plain())


def test_offloading_in_other_lifts():
    remat = functional.checkpoint(block, policy=OFFLOADING)

    def twice(function, grad, vmap):
        one = lambda x, w, v: (function(x[None], w, v[None]) ** 2).sum()  # noqa: E731
        inner = vmap(grad(one), (0, None, 0))
        return grad(lambda *args: (inner(*args) ** 3).sum(), (0, 1, 2))

    found = functional.jit(twice(remat, functional.grad, functional.vmap))(*ARGS)
    close(found, jax.jit(twice(block, jax.grad, jax.vmap))(*ARGS))


# Errors


def test_a_memory_that_there_is_none_of():
    program = gradients(block, checkpoint_policies.offload_dot_with_no_batch_dims("device", "tape"))
    with pytest.raises(LiftError) as caught:
        program.compile()
    first, _, hint = str(caught.value).split("\n")
    assert first.endswith(": error: a value is offloaded to 'tape', which there is none of")
    assert hint.startswith("  hint: the devices of this process have 'device', ")


def test_a_policy_that_is_none():
    with pytest.raises(TypeError, match="policy: expected one of stablelift.checkpoint_policies, found 3"):
        gradients(block, 3)
    with pytest.raises(ValueError, match="unknown policy `dots`"):
        gradients(block, "dots")


def test_a_function_that_this_process_does_not_have():
    policy = 'over_ops("somewhere.else")'
    with pytest.raises(LiftError) as caught:
        gradients(block, policy).optimize()
    assert str(caught.value) == (
        "error: the policy `somewhere.else` is a function that this process does not have\n"
        "  hint: import the module that makes it, by stablelift.checkpoint_policies.over_ops(function)"
    )


def test_both_policies_decide_value_by_value():
    policy = checkpoint_policies.save_from_both_policies(
        checkpoint_policies.auto, checkpoint_policies.dots_saveable
    )
    with pytest.raises(LiftError) as caught:
        gradients(block, policy).optimize()
    assert str(caught.value) == (
        "error: `save_from_both_policies` joins policies that decide value by value, found `auto`"
    )


def test_two_memories_to_offload_to():
    from jax._src.interpreters.partial_eval import Offloadable

    def policy(primitive, *avals, **params):
        return Offloadable("device", "a" if primitive.name == "tanh" else "b")

    message = "policy `policy`: expected one kind of memory to offload to, found device to a, device to b"
    with pytest.raises(ValueError, match=message):
        gradients(block, policy)
