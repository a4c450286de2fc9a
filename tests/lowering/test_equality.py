"""Jaxprs are equal by their structure if they compute the same; lifts that are equal are compiled once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.lowering import jax_compat
from stablelift.lowering.structure import _RULES, UnlikeAnything, structure_of
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = jnp.linspace(-1.0, 1.0, 6).reshape(2, 3)
SCALE = 2.0


def traced(function, *args):
    return jax_compat.make_jaxpr(function, [jax_compat.aval_of(arg) for arg in args or (X,)])


def layer(x):
    return jax.nn.softmax(jax.nn.relu(x) * 2.0) + jnp.where(x > 0, x, -0.0)


def surrogate(slope):
    """A step whose derivative is another function's."""

    @jax.custom_jvp
    def step(x):
        return jnp.sign(x)

    step.defjvp(lambda primals, tangents: (step(*primals), slope * tangents[0]))
    return step


@jax.custom_vjp
def doubled(x):
    return 2 * x


doubled.defvjp(lambda x: (2 * x, ()), lambda _, ct: (ct * SCALE,))


def branching(x):
    return jax.lax.cond(x.sum() > 0, jnp.sin, jnp.cos, jax.lax.fori_loop(0, 3, lambda _, x: x * x, x))


@pytest.mark.parametrize("function", [layer, branching, doubled, surrogate(1.0), jnp.sinc, jnp.sort])
def test_traces_of_one_function_are_equal(function):
    one, other = (structure_of(traced(lambda x: function(x))) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


OTHERS = {
    "a number": lambda x: jax.nn.softmax(jax.nn.relu(x) * 2.5) + jnp.where(x > 0, x, -0.0),
    "a sign": lambda x: jax.nn.softmax(jax.nn.relu(x) * 2.0) + jnp.where(x > 0, x, 0.0),
    "an op": lambda x: jax.nn.softmax(jax.nn.relu(x) * 2.0) - jnp.where(x > 0, x, -0.0),
    "an axis": lambda x: jax.nn.softmax(jax.nn.relu(x) * 2.0, 0) + jnp.where(x > 0, x, -0.0),
    "an operand": lambda x: jax.nn.softmax(jax.nn.relu(x) * 2.0) + jnp.where(x > 0, -0.0, x),
    "a result": lambda x: (layer(x), x),
}


@pytest.mark.parametrize("what", OTHERS)
def test_functions_that_differ_are_not(what):
    assert structure_of(traced(OTHERS[what])) != structure_of(traced(layer))


def test_types_count():
    assert structure_of(traced(layer)) != structure_of(traced(layer, X.astype(jnp.bfloat16)))
    assert structure_of(traced(layer)) != structure_of(traced(layer, X[0]))


def test_rules_of_users_count():
    one, same, other = (structure_of(traced(surrogate(slope))) for slope in (1.0, 1.0, 3.0))
    assert one == same
    assert one != other


def test_a_rule_that_reads_what_has_changed_is_another(monkeypatch):
    before = structure_of(traced(lambda x: doubled(x)))
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert structure_of(traced(lambda x: doubled(x))) != before
    np.testing.assert_array_equal(functional.grad(lambda x: functional.jit(doubled)(x).sum())(X), 5.0 + 0 * X)


def test_rules_of_jax_are_known_without_a_trace(monkeypatch):
    """Of a user's function that JAX wraps in one of its own they are traced."""

    def stepped(slope):
        step = jax.custom_jvp(lambda x: jnp.sign(x))
        step.defjvps(lambda moving, out, x: slope * SCALE * moving)
        return step

    with monkeypatch.context() as patch:
        patch.setattr("stablelift.lowering.structure._RULES", dict.fromkeys(_RULES, lambda *_: 1 // 0))
        one, other = (structure_of(traced(lambda x: jax.nn.relu(x))) for _ in range(2))
        assert one == other
        with pytest.raises(UnlikeAnything):
            structure_of(traced(stepped(1.0)))
    before = structure_of(traced(stepped(1.0)))
    assert before == structure_of(traced(stepped(1.0))) != structure_of(traced(stepped(3.0)))
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert before != structure_of(traced(stepped(1.0)))


class Held:
    """An object that is equal to itself alone, and changes."""

    def __init__(self):
        self.state = 1


HELD = {"an array": np.ones(2), "a function": lambda x: x, "an object": Held()}


@pytest.mark.parametrize("what", HELD)
def test_what_cannot_be_compared_is_unlike_anything(what):
    with pytest.raises(UnlikeAnything):
        structure_of({"value": [HELD[what]]})


def test_constants_are_unlike_anything():
    with pytest.raises(UnlikeAnything):
        structure_of(traced(lambda x: x + jnp.arange(3.0)[::-1] * np.arange(3.0)))


def test_equal_lifts_are_compiled_once(monkeypatch):
    traces = []
    trace = Program.trace
    monkeypatch.setattr(Program, "trace", lambda *args, **kwargs: traces.append(1) or trace(*args, **kwargs))

    def model(x):
        for _ in range(4):
            x = functional.checkpoint(lambda x: jnp.tanh(x) * 1.25)(x)
        return x.sum()

    lowered = jax.jit(jax.value_and_grad(model)).lower(X)
    assert len(traces) == 2  # the function and its gradient
    assert lowered.as_text().count("func.func private @") < 8
    expected = jax.value_and_grad(_plain)(X)
    for found, wanted in zip(lowered.compile()(X), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    model(X)
    before = len(traces)
    model(X)
    assert len(traces) == before


def _plain(x):
    for _ in range(4):
        x = jnp.tanh(x) * 1.25
    return x.sum()


def test_a_rule_of_jax_is_traced_once_for_a_type(monkeypatch):
    rules = []

    def counted(params, in_avals):
        rules.append(in_avals)
        return jvp_function(params, in_avals)

    jvp_function = jax_compat.jvp_function
    monkeypatch.setattr(jax_compat, "jvp_function", counted)

    def loss(x):
        return (jax.nn.relu(jax.nn.relu(x) - 0.25) * jax.nn.relu(x[0])).sum()

    program = Program.trace(functional.grad(loss), X)
    assert len(rules) == 2
    np.testing.assert_allclose(program(X), jax.grad(loss)(X), rtol=1e-6)
