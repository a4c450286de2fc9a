"""The stages of `compile`, as `jax.jit` has them; static arguments, donation, reports."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import functional
from stablelift.runtime.carried import Carried

from .test_compile import OPTIMISER, Model, start, training_step

X = jax.random.normal(jax.random.key(1), (5, 6))
STAGES = ["trace", "hand-over", "XLA", "lift-verify"]


def step_of(layers="auto", depth=6, **options):
    model = Model(depth=depth)
    step = nn.compile(training_step(model, functional.value_and_grad), layers=layers, **options)
    return step, *start(model)


@pytest.mark.parametrize("layers", ["inline", "outline", "roll"])
def test_stages_are_those_of_jit(layers):
    step, params, state = step_of(layers, carry=2)
    expected = step(params, state, X)
    for args in ((params, state, X), jax.eval_shape(lambda *args: args, params, state, X)):
        lowered = step.lower(*args)
        assert "stablehlo.dot_general" in lowered.as_text() and "lift." not in lowered.as_text()
        assert lowered.compiler_ir() is not None and lowered.cost_analysis()["flops"] > 0
        compiled = lowered.compile()
        assert "HloModule" in compiled.as_text() and compiled.cost_analysis()["flops"] > 0
        assert compiled.memory_analysis().argument_size_in_bytes > 0
        assert set(STAGES) <= set(compiled.seconds) and min(compiled.seconds.values()) >= 0
    found = compiled(params, state, X)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    if layers == "roll":
        found = compiled(*found[:2], X)
        assert isinstance(found[0], Carried)


def test_stages_before_any_call():
    step, params, state = step_of(depth=2)
    value = step.lower(params, state, X).compile()(params, state, X)[2]
    np.testing.assert_allclose(value, step(params, state, X)[2])
    assert "carried" not in str(nn.explain(step))


def test_a_report_in_seconds_and_bytes():
    step, params, state = step_of(depth=2, donate=(0, 1))
    compiled = step.lower(params, state, X).compile()
    report = compiled.report()
    assert report.seconds == compiled.seconds
    assert report.total_seconds == pytest.approx(sum(compiled.seconds.values()))
    memory = compiled.memory_analysis()
    assert report.bytes["temporaries"] == memory.temp_size_in_bytes
    assert report.bytes["results in donated arguments"] == memory.alias_size_in_bytes > 0
    assert report.peak_bytes == (
        memory.argument_size_in_bytes
        + memory.output_size_in_bytes
        + memory.temp_size_in_bytes
        - memory.alias_size_in_bytes
    )
    lines = str(report).splitlines()
    assert lines[0].startswith("trace ") and lines[0].endswith(" s")
    assert [line.split("  ")[0] for line in lines[-6:]] == [
        "arguments", "results", "results in donated arguments", "temporaries", "code", "at most at once"
    ]  # fmt: skip
    assert len(set(map(len, lines))) == 1
    assert str(nn.Program.trace(jnp.sin, X).compile().report()).splitlines()[-1].endswith("B")


# Donation and what is carried


def test_what_is_donated_and_returned_is_carried():
    for donate in (True, (0, 1)):
        step, params, state = step_of("roll", donate=donate)
        params, state, _ = step(params, state, X)
        assert isinstance(params, Carried) and isinstance(state, Carried)
    step, params, state = step_of("roll", donate=(0, 1), carry=0)
    params, state, _ = step(params, state, X)
    assert isinstance(params, dict)
    step, params, state = step_of("roll", donate=0)
    params, state, _ = step(params, state, X)
    assert isinstance(params, Carried) and not isinstance(state, Carried)


@pytest.mark.parametrize("donate", [0, (0,), True])
def test_donated_buffers_are_gone(donate):
    step = nn.compile(lambda x, y: (x + y, y.sum()), donate=donate)
    x, y = X + 0, X + 0
    np.testing.assert_allclose(step(x, y)[0], X + X)
    assert x.is_deleted() and not y.is_deleted()


def test_nothing_is_donated_where_nothing_is_returned():
    for function in (lambda x: x[0], lambda x: {"x": x}, lambda x: (x[:2], x)):
        x = X + 0
        nn.compile(function, donate=True)(x)
        assert not x.is_deleted()


# Static and keyword arguments


def test_static_arguments():
    traced = []

    def scaled(x, times, *, mode="add", shift=0.0):
        traced.append((times, mode))
        return x * times + shift if mode == "add" else x * times - shift

    for static in (("times", "mode"), (1, "mode")):
        traced.clear()
        step = nn.compile(scaled, static=static)
        for args, kwargs, expected in [
            ((X, 2), {}, X * 2),
            ((X, 2), {}, X * 2),
            ((X,), {"times": 2}, X * 2),
            ((X, 2.0), {}, X * 2),
            ((X, 3), {"mode": "sub", "shift": X}, X * 2),
            ((X, 3), {"mode": "sub", "shift": X + 1}, X * 2 - 1),
        ]:
            np.testing.assert_allclose(step(*args, **kwargs), expected, rtol=1e-5, atol=1e-6)
        assert traced == [(2, "add"), (2.0, "add"), (3, "sub")]
        assert step.choice.layers == "inline" and step.latest[0].in_avals
    assert nn.compile(lambda x, n: x[:n], static=1)(X, 2).shape == (2, 6)
    lowered = nn.compile(scaled, static="times").lower(X, 2, shift=X)
    np.testing.assert_allclose(lowered.compile()(X, shift=X), X * 3, rtol=1e-5)


def test_keyword_arguments():
    def run(x, *, scale, shift=0.0):
        return x * scale + shift

    step = nn.compile(run)
    np.testing.assert_allclose(step(X, scale=2.0), X * 2)
    np.testing.assert_allclose(step(X, scale=2.0, shift=X), X * 3, rtol=1e-6)
    assert step.choice.layers == "inline" and str(nn.explain(step)).startswith("equal layers: inline")
    np.testing.assert_allclose(step.lower(X, scale=2.0).compile()(X, scale=3.0), X * 3, rtol=1e-6)


@pytest.mark.parametrize("layers", ["roll", "inline"])
def test_what_might_be_given_by_position_is(layers):
    """Donation and carries count positions: what comes by keyword beside them keeps its buffers."""
    traced = []

    def add(x, y, z=0.0, *, scale=1.0):
        traced.append(scale)
        return x + y, y * scale + z, y

    given = nn.compile(add, carry=1, donate=True, layers=layers)
    for args, kwargs in (((), {"x": 1, "y": 2}), ((), {"y": 2, "x": 1}), ((1,), {"y": 2}), ((1, 2), {})):
        arrays = {name: value * X for name, value in kwargs.items()}
        x, y, _ = given(*(value * X for value in args), **arrays)
        np.testing.assert_allclose((x, y), (3 * X, 2 * X), rtol=1e-6)
        assert not kwargs or not arrays["y"].is_deleted()
        assert "x" not in kwargs or arrays["x"].is_deleted()
    assert traced == [1.0]
    scale, y = X + 1, X + 0
    nn.compile(add, carry=1, donate=(0, 1, 2), layers=layers)(X + 0, y, scale=scale)
    assert y.is_deleted() and not scale.is_deleted()
    lowered = nn.compile(add, layers=layers, static="z").lower(X, z=1, y=X, scale=X)
    np.testing.assert_allclose(lowered.compile()(y=X, x=X, scale=X)[1], X * X + 1, rtol=1e-6)
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda *, x, y: (x, y), carry=1, layers=layers)(x=X, y=X)
    assert str(caught.value) == (
        "carry: expected the 1 leading arguments of `callee` by position, found 0 beside x, y"
    )


def test_donation_counts_static_arguments():
    step = nn.compile(lambda n, x: x * n, static=0, donate=1)
    x = X + 0
    np.testing.assert_allclose(step(2, x), X * 2)
    assert x.is_deleted()


def test_a_method_is_compiled_where_it_is_defined():
    class Trainer:
        def __init__(self, rate):
            self.rate = rate

        @functools.partial(nn.compile, static=0, donate=1, carry=1)
        def step(self, x, y):
            return x - self.rate * y, self.rate

    class Doubled:
        @nn.compile
        def __call__(self, x):
            return 2 * x

    jax.tree_util.register_pytree_node(Doubled, lambda it: ((), None), lambda _, children: Doubled())
    for rate in (0.5, 0.25):
        x = X + 0
        np.testing.assert_allclose(Trainer(rate).step(x, y=X)[0], (1 - rate) * X, rtol=1e-6)
        assert x.is_deleted()
    np.testing.assert_allclose(Doubled()(X), 2 * X)
    assert Trainer.step.__name__ == "step"


def test_init_of_a_model():
    model = Model(depth=2)
    found = nn.compile(model.init)(jax.random.key(0), X)
    expected = model.init(jax.random.key(0), X)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    assert OPTIMISER.init(found)[0].count == 0


def test_bad_requests():
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x, n: x, static="m")
    assert str(caught.value) == "static: `<lambda>` has no argument `m`, it has x, n"
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x, n: x, static=1)(X, [2])
    assert str(caught.value) == "static: the values are compared by hash, found [2]"
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x, n: x, static=1, donate=1)(X, 2)
    assert str(caught.value) == (
        "donate: expected arguments that are given by position and are not static, found 1"
    )
    with pytest.raises(ValueError) as caught:
        _ = nn.compile(lambda x, n: x, static=1).latest
    assert str(caught.value) == "nothing is compiled yet: call the function, or `prepare` it, first"
