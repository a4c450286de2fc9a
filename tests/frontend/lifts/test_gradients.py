"""Lifted value_and_grad and grad."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import errors

from ..parity import KEY, assert_parity

X = jnp.arange(10.0).reshape(2, 5) / 7


def by_one_argument(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            def loss(mdl, x):
                return nn.tanh(nn.Dense(3)(x)).sum()

            value, (dx,) = nn.value_and_grad(loss, self, x)
            return value, dx, nn.Dense(2)(x)

    return Model()


def with_aux_and_integers(nn):
    class Model(nn.Module):
        def setup(self):
            self.layer = nn.Dense(3)

        def loss(self, inputs, labels):
            y = self.layer(inputs["x"] * inputs["w"])
            return (y[jnp.arange(2), labels] ** 2).sum(), y

        def __call__(self, x):
            inputs, labels = {"x": x, "w": jnp.float32(2)}, jnp.array([0, 2])
            (value, aux), (by_inputs, by_labels) = nn.value_and_grad(
                Model.loss, self, inputs, labels, has_aux=True
            )
            assert by_labels.dtype == jax.dtypes.float0 and by_labels.shape == (2,)
            by_bound_method, aux_again = nn.grad(self.loss, self, inputs, labels, has_aux=True)
            return value, aux, by_inputs, by_bound_method[0], aux_again

    return Model()


def with_state(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            def loss(mdl, x):
                calls = mdl.variable("stats", "calls", lambda: jnp.zeros(()))
                calls.value += x.sum()
                keep = jax.random.bernoulli(mdl.make_rng("params"), 0.5, x.shape)
                return (nn.Dense(3)(x * keep) ** 2).mean()

            return nn.grad(loss, self, x)

    return Model()


@pytest.mark.parametrize("build", [by_one_argument, with_aux_and_integers, with_state])
def test_parity(build):
    def run(nn):
        model = build(nn)
        variables = model.init(KEY, X)
        return variables, model.apply(variables, X, rngs=KEY, mutable=["stats"])

    assert_parity(run, close=True)


def test_gradient_inside_a_mapped_module():
    def run(nn):
        model = nn.vmap(type(by_one_argument(nn)), variable_axes={"params": 0}, split_rngs={"params": True})()
        variables = model.init(KEY, X)
        return variables, model.apply(variables, X)

    assert_parity(run, close=True)


def outer(fn, *args):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.grad(fn, self, x, *args)

    return lambda: Outer().init(KEY, X)


def test_the_value_must_be_a_scalar():
    with pytest.raises(errors.LiftArgumentError) as caught:
        outer(lambda mdl, x: nn.Dense(3)(x))()
    assert str(caught.value).split(": error: ")[1] == (
        "a gradient wants a scalar from `<lambda>`, found shape (2, 3)\n"
        "  hint: reduce it, by `.sum()` or `.mean()`"
    )


def test_targets():
    with pytest.raises(
        errors.LiftArgumentError, match="`value_and_grad` lifts functions whose first parameter"
    ):
        outer(nn.Dense)()
    with pytest.raises(ValueError, match="wants a Module first"):
        nn.grad(lambda mdl, x: x.sum(), X, X)


def test_only_integers():
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, n):
            return nn.value_and_grad(lambda mdl, n: n.sum() * 1.0, self, n)

    value, (gradient,) = Outer().apply({}, jnp.arange(3))
    assert float(value) == 3.0 and np.asarray(gradient).dtype == jax.dtypes.float0
