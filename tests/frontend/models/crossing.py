"""Random models of equal layers, whose chains cross, split and join."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import stablelift as nn
from stablelift import functional

X = jnp.arange(8.0).reshape(2, 4) * 0.1
RATE = 0.1


class Adding(nn.Module):
    @nn.compact
    def __call__(self, x, u):
        return jnp.tanh(nn.Dense(4)(x) + u)


class Scaling(nn.Module):
    @nn.compact
    def __call__(self, x, u):
        return jnp.sin(nn.Dense(4)(x) * u)


class Both(nn.Module):
    """A layer of two results."""

    @nn.compact
    def __call__(self, x, u):
        w = self.param("w", nn.initializers.normal(), (4,))
        return x * w, u + w


class Model(nn.Module):
    number: int

    @nn.compact
    def __call__(self, x):
        draw = random.Random(self.number)
        faithful = draw.choice([0.5, 0.8, 0.95])  # how often a layer follows the one of its kind before
        values, latest = [x, 2 * x], {}

        def any_value():
            return draw.choice(values[-4:] if draw.random() < 0.5 else values)

        for _ in range(draw.randint(6, 24)):
            kind = draw.choice([Adding] * 3 + [Scaling] * 3 + [Both, jnp.add, jnp.multiply, "sum"])
            first = latest.get(kind, values[-1]) if draw.random() < faithful else any_value()
            second = any_value()
            if kind == "sum":
                found = [first - second.sum()]
            elif isinstance(kind, type):
                found = jax.tree.leaves(kind()(first, second))
            else:
                found = [jnp.tanh(kind(first, second))]
            values += found
            latest[kind] = found[0]
        return sum((1 + at % 3) * value.sum() for at, value in enumerate(draw.sample(values, 5)))


def start(number: int) -> tuple[Any, Any, Any]:
    """A model, its parameters, and what a step leaves: the parameters after it, and the loss, by JAX."""
    model = Model(number)
    params = model.init(jax.random.key(number), X)
    loss, gradient = jax.jit(jax.value_and_grad(model.apply))(params, X)
    return model, params, (jax.tree.map(lambda p, g: p - RATE * g, params, gradient), loss)


def check_step(model: Any, params: Any, wanted: Any, layers: Any) -> None:
    """Raises: AssertionError if a step leaves anything else with its layers `layers`."""
    after, loss = nn.compile(step_of(model), carry=1, layers=layers)(params, X)
    found = getattr(after, "tree", after), loss
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4), found, wanted)


def step_of(model: Any) -> Callable[[Any, Any], Any]:
    def step(params: Any, x: Any) -> Any:
        loss, gradient = functional.value_and_grad(model.apply)(params, x)
        return jax.tree.map(lambda p, g: p - RATE * g, params, gradient), loss

    return step
