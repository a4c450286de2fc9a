"""Lifts nested in each other, lifts of Modules with `setup`, and Modules shared across the boundary."""

import functools

import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors

from ..parity import KEY, assert_parity

X = jnp.arange(30.0).reshape(3, 2, 5) / 7
STACKED = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
SHARED = {"variable_axes": {"params": None}, "split_rngs": {"params": False}}


def nested(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.jit(nn.vmap(nn.Dense, **STACKED))(4)(x)
            x = nn.vmap(nn.jit(nn.Dense), **STACKED)(4)(x)
            x = nn.jit(nn.jit(nn.Dense))(3)(x)
            x = nn.fold_rngs(nn.vmap(nn.Dense, **STACKED))(3)(x)
            return nn.Dense(1)(x)

    return Outer()


def lifted_modules_with_setup(nn):
    class Stack(nn.Module):
        def setup(self):
            self.layers = [nn.Dense(5), nn.Dense(5)]
            self.scale = self.param("scale", nn.initializers.ones, (5,))

        def __call__(self, x):
            return self.layers[1](self.layers[0](x)) * self.scale

        def first(self, x):
            return self.layers[0](x)

    class Outer(nn.Module):
        def setup(self):
            self.mapped = nn.vmap(Stack, **STACKED, methods=["__call__", "first"])()
            self.jitted = nn.jit(Stack, methods=["first", "__call__"])()

        def __call__(self, x):
            return self.mapped(x), self.mapped.first(x), self.jitted.first(x), self.jitted(x)

    return Outer()


def lifted_methods_of_a_module_with_setup(nn):
    class Both(nn.Module):
        def setup(self):
            self.a, self.b = nn.Dense(5), nn.Dense(5)

        @nn.jit
        def jitted(self, x):
            return self.a(x)

        @functools.partial(nn.vmap, **SHARED)
        def mapped(self, x):
            return self.b(x) + self.a(x)

        def __call__(self, x):
            return self.jitted(x), self.mapped(x), self.b(x)

    return Both()


def shared_inside_and_outside(nn):
    class Around(nn.Module):
        inner: nn.Module

        @nn.compact
        def __call__(self, x):
            return self.inner(nn.Dense(5)(x))

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            shared = nn.Dense(5)
            x = nn.vmap(Around, **SHARED)(shared)(shared(x))
            return shared(nn.vmap(Around, **SHARED)(shared)(x))

    return Outer()


def a_child_beside_its_parent(nn):
    class Outer(nn.Module):
        def setup(self):
            self.child = nn.Dense(5)

        def __call__(self, x):
            def body(mdl, child, x):
                return child(x) + mdl.child(x)

            return nn.vmap(body, in_axes=(None, 0), **SHARED)(self, self.child, x)

    return Outer()


def a_variable_as_an_argument(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            state = self.variable("stats", "calls", jnp.zeros, ())

            def body(mdl, state, x):
                state.value = state.value + 1
                return x * state.value

            return nn.jit(body)(self, state, x), state.value

    return Outer()


def every_collection_and_stream(nn):
    return nn.vmap(nn.Dense, variable_axes={True: 0}, split_rngs={True: True})(4)


def a_shared_collection_that_is_written(nn):
    class Counting(nn.Module):
        @nn.compact
        def __call__(self, x):
            count = self.variable("stats", "count", jnp.zeros, ())
            count.value = count.value + 1
            return nn.Dense(2)(x)

    return nn.vmap(Counting, variable_axes={"params": 0, "stats": None}, split_rngs={"params": True})()


BUILDERS = [
    nested,
    lifted_modules_with_setup,
    lifted_methods_of_a_module_with_setup,
    shared_inside_and_outside,
    a_child_beside_its_parent,
    a_variable_as_an_argument,
    every_collection_and_stream,
    a_shared_collection_that_is_written,
]


@pytest.mark.parametrize("build", BUILDERS)
def test_parity(build):
    def run(nn):
        model = build(nn)
        variables = model.init(KEY, X)
        return variables, model.apply(variables, X, mutable=["stats"])

    assert_parity(run, close=True)


def test_an_unbound_module_passes_through():
    class Outer(nn.Module):
        call: bool

        @nn.compact
        def __call__(self, x):
            def body(mdl, other, x):
                return other(x) if self.call else x * other.features

            return nn.vmap(body, in_axes=(None, 0), **STACKED)(self, nn.Dense(3, parent=None), x)

    assert jnp.array_equal(Outer(False).apply({}, X), X * 3)
    with pytest.raises(errors.CallCompactUnboundModuleError):
        Outer(True).apply({}, X)
