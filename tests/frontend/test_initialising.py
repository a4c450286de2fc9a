"""`init` is one compiled program; where it cannot be it runs op by op, and says so if that is our fault."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

import stablelift
from stablelift.frontend import initialising

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


class LooksAtValues(stablelift.Module):
    @stablelift.compact
    def __call__(self, x):
        return stablelift.Dense(2 if float(x[0]) == 0 else 3)(x)


def test_a_module_that_looks_at_values_is_initialised_op_by_op_in_silence():
    kernel = LooksAtValues().init(KEY, X)["params"]["Dense_0"]["kernel"]
    assert kernel.shape == (5, 2)


def test_a_module_with_side_effects_is_initialised_op_by_op_in_silence(capfd):
    class Printing(stablelift.Module):
        @stablelift.compact
        def __call__(self, x):
            jax.debug.print("mean {}", x.mean())
            return stablelift.Dense(2)(x)

    assert Printing().init(KEY, X)["params"]["Dense_0"]["kernel"].shape == (5, 2)
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
