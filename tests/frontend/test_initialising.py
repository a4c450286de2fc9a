"""`init` is one compiled program; where it cannot be it runs op by op, and says so if that is our fault."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

import stablelift
from stablelift.frontend import initialising

from .parity import assert_same_tree

KEY = jax.random.key(0)
X = jnp.linspace(0.0, 1.0, 5)


def mapped_by_jax(nn):
    """A model that maps a method of its own with `jax.vmap`: its layers are initialised under the map."""

    class Field(nn.Module):
        def setup(self):
            self.inner, self.last = nn.Dense(8), nn.Dense(1)

        def u(self, x):
            return self.last(jnp.tanh(self.inner(x[None])))[0]

        def __call__(self, x):
            return jax.vmap(self.u)(x)

    return Field()


def test_parameters_made_under_a_map_of_jaxs_are_not_mapped():
    found, expected = (mapped_by_jax(nn).init(KEY, X) for nn in (stablelift, linen))
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def of_state_spaces(nn):
    """Parameters as state space models make them: what one op computes, the next one takes."""

    def steps(key, shape):
        u = jax.random.uniform(key, shape)
        steps = jnp.maximum(jnp.exp(u * (jnp.log(0.1) - jnp.log(0.001)) + jnp.log(0.001)), 1e-4)
        return steps + jnp.log(-jnp.expm1(-steps))

    def decay(key, shape):
        size = jnp.log(jax.random.uniform(key, shape) + 0.1)
        return jnp.log(jnp.sqrt(1 - jnp.abs(jnp.exp(-jnp.exp(size) + 1j * size)) ** 2))

    class States(nn.Module):
        @nn.compact
        def __call__(self):
            self.param("steps", steps, (64,))
            self.param("decay", decay, (64,))
            self.param("line", lambda key: jnp.linspace(3.0, 6.0, 64) * jax.random.normal(key, (64,)))
            self.param("power", lambda key: -(-5.0 + 12.0 * (jnp.arange(64) / 63) ** 0.3))
            self.param("twice", lambda key: jax.random.normal(key, (64,)) * 0.3 * 0.7)
            return self.param("added", lambda key: 1 - jax.random.uniform(key, (64,)) ** 2)

    return States()


def test_what_initializers_compute_in_several_ops_has_linens_bits():
    found, expected = (of_state_spaces(nn).init(KEY) for nn in (stablelift, linen))
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_what_a_scan_draws_and_scales_has_linens_bits():
    """JAX compiles the body of a loop as one program, in which two factors are one."""

    def scanned(nn):
        class Layer(nn.Module):
            @nn.compact
            def __call__(self, x):
                return nn.Dense(8, kernel_init=nn.initializers.normal(0.02))(x), None

        return nn.scan(Layer, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)()

    found, expected = (scanned(nn).init(KEY, jnp.ones((2, 8))) for nn in (stablelift, linen))
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def lifts_mapped_by_jax(nn):
    """A model that makes its parameters inside of lifts, inside of a map of JAX's."""
    stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
    shared = {"variable_broadcast": "params", "split_rngs": {"params": False}}

    class Step(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return jnp.tanh(nn.Dense(2)(x)), x

    class Derivatives(nn.Module):
        @nn.compact
        def __call__(self, x):
            _, (dx,) = nn.value_and_grad(lambda mdl, x: nn.Dense(1)(x)[0], self, x)
            y, dy = nn.jvp(lambda mdl, x: nn.Dense(2)(x), self, (x,), (dx,), variable_tangents={})
            return y + dy

    class Lifts(nn.Module):
        @nn.compact
        def __call__(self, x):
            x, _ = nn.scan(Step, **shared, length=3)()(x, None)
            x, _ = nn.scan(nn.remat(Step), **stacked, length=3)()(x, None)
            x = nn.vmap(nn.Dense, **stacked, in_axes=None, axis_size=3)(2)(x).sum(0)
            x = nn.remat_scan(nn.Dense, lengths=(2, 2))(2)(x)
            layers = [lambda mdl, x, i=i: nn.Dense(2, name="chosen")(i + x) for i in range(3)]
            x = nn.cond(True, layers[0], layers[1], self, x)
            x = nn.switch(1, layers, self, x)
            return nn.jit(Derivatives)()(x)

    class Mapped(nn.Module):
        def setup(self):
            self.inner = Lifts()

        def __call__(self, x):
            return jax.vmap(self.inner)(x)

    return Mapped()


def test_parameters_of_lifts_under_a_map_of_jaxs_are_not_mapped():
    x = jnp.linspace(0.0, 1.0, 6).reshape(3, 2)
    found = lifts_mapped_by_jax(stablelift).init(KEY, x)
    expected = jax.jit(lifts_mapped_by_jax(linen).init)(KEY, x)
    assert_same_tree(expected, found)


def deep(nn, depth):
    """Equal layers, whose initializer scales what it draws."""

    class Deep(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(depth):
                x = nn.Dense(x.shape[-1], kernel_init=nn.initializers.normal(0.02))(x)
            return x

    return Deep()


def test_under_jit_equal_layers_are_drawn_at_once_with_linens_bits():
    found, expected = (jax.jit(deep(nn, 6).init)(KEY, X) for nn in (stablelift, linen))
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    rounds = [
        jax.jit(deep(stablelift, depth).init).lower(KEY, X).as_text().count("stablehlo.xor")
        for depth in (4, 8)
    ]
    assert rounds[0] == rounds[1] > 0


def test_under_jit_what_is_unused_is_not_drawn():
    def bias(key):
        return deep(stablelift, 4).init(key, X)["params"]["Dense_0"]["bias"]

    assert "stablehlo.xor" not in jax.jit(bias).lower(KEY).as_text()


def test_under_jit_values_that_are_known_stay_known():
    variables = jax.jit(lambda key: LooksAtValues().init(key, np.asarray(X)))(KEY)
    assert variables["params"]["Dense_0"]["kernel"].shape == (5, 2)
    with pytest.raises(jax.errors.ConcretizationTypeError):
        jax.jit(LooksAtValues().init)(KEY, X)


class LooksAtValues(stablelift.Module):
    @stablelift.compact
    def __call__(self, x):
        return stablelift.Dense(2 if float(x[0]) == 0 else 3)(x)


def test_a_module_that_looks_at_values_is_initialised_op_by_op_in_silence():
    kernel = LooksAtValues().init(KEY, X)["params"]["Dense_0"]["kernel"]
    assert kernel.shape == (5, 2)


def test_a_module_that_prints_is_initialised_without_a_warning(capfd):
    class Printing(stablelift.Module):
        @stablelift.compact
        def __call__(self, x):
            jax.debug.print("mean {}", x.mean())
            return stablelift.Dense(2)(x)

    assert Printing().init(KEY, X)["params"]["Dense_0"]["kernel"].shape == (5, 2)
    assert "mean 0.5" in capfd.readouterr().out
    jax.block_until_ready(jax.jit(Printing().init)(KEY, X))
    assert "mean 0.5" in capfd.readouterr().out


def test_a_defect_of_the_compiler_is_told(monkeypatch):
    def broken(*args):
        raise IndexError("tuple index out of range")

    monkeypatch.setattr(initialising, "_compiled", broken)
    with pytest.warns(RuntimeWarning) as caught:
        variables = stablelift.Dense(2).init(KEY, X)
    assert variables["params"]["kernel"].shape == (5, 2)
    assert str(caught[0].message) == (
        "init ran op by op, since it could not be compiled: IndexError: tuple index out of range\n"
        "  hint: the values are right, but this is a defect of stablelift: please report it"
    )
    assert caught[0].filename == __file__


def positions(key, shape):
    """Sines and cosines of known numbers."""
    frequencies = jnp.exp(-1.3 * jnp.arange(shape[1] // 2))
    angles = jnp.arange(shape[0])[:, None] * frequencies
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)


INITIALISERS = {
    "positions": positions,
    "scaled_twice": lambda key, shape: jax.random.normal(key, shape) * 0.02 / jnp.sqrt(14.0),
    "step_sizes": lambda key, shape: jnp.log(jnp.expm1(jnp.exp(jax.random.uniform(key, shape) * 3 - 5))),
    "spaced": lambda key, shape: jnp.log(jnp.linspace(0.1, 1.0, shape[0])),
    "bounded": lambda key, shape: jax.random.truncated_normal(key, -1.3, 1.7, shape) * 0.3,
    "deviation": lambda key, shape: (jnp.arange(shape[0]) * 0.1) / jnp.std(jnp.arange(shape[0]) * 0.1),
    "bumps": lambda key, shape: jnp.exp(-((jnp.arange(shape[0]) - 18.0) ** 2) / 3.3) / jnp.sqrt(2 * jnp.pi),
}


def test_initialisers_of_several_ops_give_the_bits_of_running_them_op_by_op():
    def build(nn):
        class Model(nn.Module):
            @nn.compact
            def __call__(self):
                return [self.param(name, made, (37, 6)) for name, made in INITIALISERS.items()]

        return Model().init(KEY)

    assert_same_tree(build(linen), build(stablelift))


def test_initialisers_of_several_ops_give_the_same_bits_inside_of_lifts():
    """What Linen compiles as one program (`jit`, the body of `scan`) rounds as one; all else op by op."""
    stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
    shared = {"variable_broadcast": "params", "split_rngs": {"params": False}, "length": 2}
    initialisers = ("scaled_twice", "step_sizes", "spaced", "bounded")

    def build(nn):
        class Layer(nn.Module):
            @nn.compact
            def __call__(self, x, _=None):
                for name in initialisers:
                    self.param(name, INITIALISERS[name], (37, 6))
                unit = self.param("unit", lambda key: (lambda x: x / jnp.linalg.norm(x))(drawn(key)))
                self.param("rows", lambda key: rows(jax.random.uniform(key, (37, 6))))
                self.param("rows_of_normals", lambda key: rows(drawn(key)))
                return x + unit.sum(), None

        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                for lifted in (nn.jit(Layer), nn.remat(Layer), nn.map_variables(Layer, init=True)):
                    x, _ = lifted()(x)
                mapped = nn.vmap(nn.remat(Layer), **stacked, in_axes=None, axis_size=3)
                x = mapped()(x)[0].sum(0)
                x, _ = nn.scan(Layer, **stacked, length=2)()(x, None)
                x, _ = nn.scan(Layer, **shared)()(x, None)
                # As little is left of a derivative in a variable as in the forward pass.
                _, (dx,) = nn.value_and_grad(lambda layer, x: layer(x)[0].sum(), Layer(name="grad"), x)
                y, _ = nn.jvp(lambda layer, x: layer(x)[0], Layer(name="jvp"), (x,), (dx,), {})
                return y

        return Model().init(KEY, X)

    expected, found = build(linen), build(stablelift)
    for name in ("JitLayer_0", "ScanLayer_0"):  # as one program: XLA rounds these by the processor
        one, other = (tree["params"][name].pop("rows_of_normals") for tree in (expected, found))
        assert_same_tree(one, other, close=True, rtol=1e-4)
    assert_same_tree(expected, found)


def drawn(key):
    return jax.random.normal(key, (37, 6))


def rows(x):
    return x / x.sum(-1, keepdims=True)
