"""`partitioning`: the names that Modules sow beside their variables, as in `flax.linen.partitioning`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from flax.linen import partitioning as linen_partitioning
from jax.sharding import PartitionSpec

import stablelift
from stablelift import partitioning

LIBRARIES = (stablelift, partitioning), (linen, linen_partitioning)
X = jnp.linspace(-1, 1, 6).reshape(2, 3)


def dense_in(nn, names):
    class Dense(nn.Module):
        @nn.compact
        def __call__(self, x, scale=1):
            init = nn.initializers.lecun_normal()
            kernel = names.param_with_axes("kernel", init, (3, 3), axes=("embed", "mlp"))
            seen = names.variable_with_axes("stats", "seen", jnp.zeros, (3,), axes=("mlp",))
            if self.is_mutable_collection("stats"):
                seen.value = seen.value + x.sum(0)
            return jnp.tanh(x @ kernel) * scale

    return Dense


def stacked_in(nn, names):
    dense = dense_in(nn, names)

    class Step(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return names.remat(dense, static_argnums=(1,))()(x, 2), None

    class Stack(nn.Module):
        @nn.compact
        def __call__(self, x):
            steps = names.scan_with_axes(
                Step,
                variable_axes={"params": names.ScanIn(0) if not self.is_initializing() else 0, "stats": 1},
                split_rngs={"params": True},
                length=4,
                axis_name="depth",
                axes_collections=("params", "stats"),
            )
            return steps(name="steps")(x, None)[0]

    return Stack


def mapped_in(nn, names):
    class Ensemble(nn.Module):
        @nn.compact
        def __call__(self, x):
            many = names.vmap_with_axes(
                dense_in(nn, names),
                variable_axes={"params": 1, "stats": 0},
                split_rngs={"params": True},
                in_axes=None,
                axis_size=5,
                partitioning_axis_names={"params": "members", "stats": "members"},
            )
            return many()(x)

    return Ensemble


@pytest.mark.parametrize("model_in", [dense_in, stacked_in, mapped_in])
def test_variables_names_and_values_are_linens(model_in):
    found = []
    for nn, names in LIBRARIES:
        model = model_in(nn, names)()
        variables = model.init(jax.random.key(0), X)
        value, after = model.apply(variables, X, mutable=["stats"])
        sown = {col: names.get_axis_names(variables[f"{col}_axes"]) for col in ("params", "stats")}
        plain = {col: variables[col] for col in ("params", "stats")}
        found.append((plain, {col: dict(specs) for col, specs in sown.items()}, value, after))
    (ours, our_names, value, after), (theirs, their_names, expected, expected_after) = found
    jax.tree.map(np.testing.assert_array_equal, ours, jax.tree.map(lambda x: x, dict(theirs)))
    is_spec = {"is_leaf": lambda node: isinstance(node, PartitionSpec)}
    assert jax.tree.leaves(our_names, **is_spec) == jax.tree.leaves(their_names, **is_spec)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(*map(jnp.ravel, map(lambda t: jax.tree.leaves(t)[0], (after, expected_after))))


def test_axes_that_differ_are_refused():
    class Twice(stablelift.Module):
        @stablelift.compact
        def __call__(self, x):
            kernel = partitioning.param_with_axes("kernel", lambda _: jnp.ones((3, 3)), axes=("a", "b"))
            self.sow(
                "params_axes",
                "kernel_axes",
                partitioning.AxisMetadata(("b", "a")),
                reduce_fn=lambda before, now: now,
            )
            return x @ kernel

    variables = Twice().init(jax.random.key(0), X)
    with pytest.raises(ValueError, match=r"axes of `kernel` were named \('b', 'a'\), and now \('a', 'b'\)"):
        Twice().apply(variables, X, mutable=["params_axes"])


def test_an_axis_that_is_not_where_it_was_put_is_refused():
    model = stacked_in(stablelift, partitioning)()
    variables = model.init(jax.random.key(0), X)
    wrong = partitioning.AxisMetadata(("embed", "mlp", "depth"))
    variables["params_axes"]["steps"]["Core_remat_staticDense_0"]["kernel_axes"] = wrong
    with pytest.raises(ValueError, match="expected the axis `depth` at position 0"):
        model.apply(variables, X)
