"""Boxes of partitioned variables against Linen's: names, specs, rules, and what lifts do with them."""

import os
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import stablelift
import stablelift as nn
from stablelift import errors

from .parity import KEY, assert_parity

RULES = (("batch", "x"), ("heads", "y"), ("embed", "x"), ("embed", "y"), ("pair", ("x", "y")))
X = jnp.ones((2, 3))


def described(tree):
    """A tree of boxes as text and shapes, equal for both packages."""

    def of(box):
        if hasattr(box, "names"):
            rules = getattr(box, "rules", None)
            return type(box).__name__, box.names, rules, jnp.shape(box.value), str(box.get_partition_spec())
        return jnp.shape(box)

    return jax.tree.map(of, tree, is_leaf=lambda x: hasattr(x, "names"))


def mlp(nn, wrap=None, first=("a", "b"), second=("b", None)):
    wrap = wrap or nn.with_partitioning
    kernel = nn.initializers.lecun_normal()

    class MLP(nn.Module):
        @nn.compact
        def __call__(self, x):
            h = nn.relu(nn.Dense(4, kernel_init=wrap(kernel, first))(x))
            return nn.Dense(5, kernel_init=wrap(kernel, second), use_bias=False)(h)

    return MLP


def stacked(nn, lift, axis=0, **options):
    MLP = mlp(nn)
    named = {"metadata_params": {nn.PARTITION_NAME: "layers"}, **options}

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            axes, split = {"params": axis}, {"params": True}
            if lift == "vmap":
                lifted = nn.vmap(MLP, variable_axes=axes, split_rngs=split, **named)
                return lifted()(jnp.stack([x, x]))

            def body(mdl, c):
                return MLP()(c)[..., :3], ()

            return nn.scan(body, variable_axes=axes, split_rngs=split, length=6, **named)(self, x)[0]

    return Model()


@pytest.mark.parametrize(("lift", "axis"), [("vmap", 0), ("vmap", 1), ("scan", 0), ("scan", 1)])
def test_lifts_name_the_axis_they_add(lift, axis):
    trees = []
    for package in (pytest.importorskip("flax.linen"), stablelift):
        model = stacked(package, lift, axis)
        shapes = jax.eval_shape(model.init, KEY, X)
        specs = package.get_partition_spec(shapes)
        trees.append((described(shapes), jax.tree.map(str, specs)))
    assert trees[0] == trees[1]


def test_values_and_results_are_linens():
    def build(nn):
        model = stacked(nn, "scan")
        value, variables = model.init_with_output(KEY, X)
        return value, nn.unbox(variables), model.apply(variables, X), model.apply(nn.unbox(variables), X)

    assert_parity(build)


def test_a_negative_axis_is_named_where_the_array_has_it():
    """Linen inserts the name before the last one, while the array has the axis at the end."""
    shapes = jax.eval_shape(stacked(nn, "vmap", -1).init, KEY, X)["params"]["VmapMLP_0"]
    kernel = shapes["Dense_0"]["kernel"]
    assert (kernel.value.shape, kernel.names) == ((3, 4, 2), ("a", "b", "layers"))
    model = stacked(nn, "vmap", -1)
    assert model.apply(model.init(KEY, X), X).shape == (2, 2, 5)


@pytest.mark.parametrize("lift", ["vmap", "scan"])
def test_an_axis_without_a_name(lift):
    with pytest.raises(errors.PartitioningUnspecifiedError) as raised:
        jax.eval_shape(stacked(nn, lift, metadata_params={}).init, KEY, X)
    assert str(raised.value).split(" error: ")[1] == (
        "a lift adds an axis to a variable partitioned as ('a', 'b'), and the axis has no name\n"
        "  hint: pass metadata_params={nn.PARTITION_NAME: 'name' or None} to the lift"
    )


def test_an_axis_of_another_name():
    variables = stacked(nn, "vmap").init(KEY, X)
    other = stacked(nn, "vmap", metadata_params={nn.PARTITION_NAME: "depth"})
    with pytest.raises(ValueError) as raised:
        other.apply(variables, X)
    assert str(raised.value) == (
        "axis 0 of a variable partitioned as ('layers', 'a', 'b') is 'layers', "
        "the lift's `metadata_params` call it 'depth'"
    )


NAMES = [
    ("batch", "length", "heads", "embed"), ("embed", "batch"), ("embed", "heads"), ("batch", None, "pair"),
    ("pair", "heads"), (PartitionSpec.UNCONSTRAINED, "heads"), (), None, ("nothing",),
]  # fmt: skip


@pytest.mark.parametrize("names", NAMES, ids=str)
def test_rules(names):
    linen = pytest.importorskip("flax.linen")
    assert nn.logical_to_mesh_axes(names, RULES) == linen.logical_to_mesh_axes(names, RULES)
    with nn.logical_axis_rules(RULES), linen.logical_axis_rules(RULES):
        assert nn.logical_to_mesh_axes(names) == linen.logical_to_mesh_axes(names)
        assert nn.get_logical_axis_rules() == linen.get_logical_axis_rules() == RULES
    assert nn.get_logical_axis_rules() == ()


def test_rules_are_set_and_refused():
    nn.set_logical_axis_rules(RULES)
    try:
        assert nn.logical_to_mesh_axes(("heads",)) == PartitionSpec("y")
    finally:
        nn.set_logical_axis_rules(())
    with pytest.raises(ValueError) as raised:
        nn.logical_to_mesh_axes(("a", "b", "a"), RULES)
    assert str(raised.value) == "logical axis names ['a'] occur more than once in ('a', 'b', 'a')"
    with pytest.raises(ValueError) as raised:
        nn.logical_to_mesh_axes(("a",), {"a": "x"})  # type: ignore[arg-type]
    assert str(raised.value) == "logical axis rules are a list of pairs, found dict"


def test_trees_of_specs_and_shardings():
    linen = pytest.importorskip("flax.linen")
    mesh = Mesh(np.array(jax.devices()[:1]).reshape(1, 1), ("x", "y"))
    tree = {"w": PartitionSpec("embed", "heads"), "b": (PartitionSpec("heads"), PartitionSpec())}
    assert nn.logical_to_mesh(tree, RULES) == linen.logical_to_mesh(tree, RULES)
    assert nn.logical_to_mesh_sharding(tree, mesh, RULES) == linen.logical_to_mesh_sharding(tree, mesh, RULES)
    boxes = [p.Partitioned(jnp.ones((2, 3)), ("x", None)) for p in (linen, nn)]
    one, other = ({"w": box, "b": jnp.ones(3), "none": 3} for box in boxes)
    assert linen.get_partition_spec(one) == nn.get_partition_spec(other)
    assert linen.get_sharding(one, mesh) == nn.get_sharding(other, mesh)


def test_boxes_are_pytrees_with_the_key_paths_of_linen():
    linen = pytest.importorskip("flax.linen")

    def paths(nn):
        boxes = {"p": nn.Partitioned(jnp.ones(2), ("x",)), "l": nn.LogicallyPartitioned(jnp.ones(3), ("a",))}
        return [(jax.tree_util.keystr(p), x.shape) for p, x in jax.tree_util.tree_leaves_with_path(boxes)]

    assert paths(linen) == paths(nn)
    box = nn.LogicallyPartitioned(jnp.ones(3), ("a",), rules=(("a", "x"),))
    assert box.replace_boxed(jnp.ones(2)).rules == box.rules and box.replace(names=("b",)).names == ("b",)
    assert nn.meta.is_axis_metadata(box) and isinstance(box, nn.Partitioned)


def test_fallbacks_of_constraints():
    mesh = Mesh(np.array(jax.devices()[:1]).reshape(1, 1), ("x", "y"))
    fallback = nn.spmd.RulesFallback
    x = jnp.ones((2, 3))
    assert nn.with_logical_constraint(x, ("a", "b"), mesh=mesh) is x  # no rules
    assert nn.with_logical_constraint(x, ("batch", "b"), RULES) is x  # no mesh
    assert nn.with_logical_constraint(x, None, RULES, mesh) is x
    assert nn.with_logical_constraint(x, ("batch", "b"), RULES, mesh, fallback.NO_CONSTRAINT) is x
    spread = nn.with_logical_constraint({"x": x}, {"x": ("batch", "b")}, RULES, mesh)["x"]
    assert spread.sharding == NamedSharding(mesh, PartitionSpec("x", None))
    with pytest.raises(ValueError) as raised:
        nn.with_logical_constraint(x, ("batch", "b"), RULES, mesh, fallback.RAISE_ERROR)
    assert str(raised.value) == "no rule applies to one of the logical axis names ('batch', 'b')"


def test_a_trace_is_not_reused_under_other_rules():
    """Equal layers and equal jitted Modules share a trace, but only under the same rules."""
    seen = []

    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            seen.append(nn.get_logical_axis_rules())
            return nn.Dense(3)(x)

    Jitted = nn.jit(Layer)
    variables = Layer().init(KEY, X)
    seen.clear()
    Jitted().apply(variables, X)
    with nn.logical_axis_rules(RULES):
        Jitted().apply(variables, X)
        Jitted().apply(variables, X)
    assert seen == [(), RULES]

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for rules in (), RULES, RULES:
                with nn.logical_axis_rules(rules):
                    x = Layer()(x)
            return x

    seen.clear()
    stablelift.compile(Model().init)(KEY, X)
    assert seen == [(), RULES]


def test_on_a_mesh_of_several_devices():
    """Variables and results are spread as the boxes say, under `jax.jit` and in a lift."""
    script = """
        import jax, jax.numpy as jnp, numpy as np, stablelift as nn
        from jax.sharding import Mesh, PartitionSpec as P
        mesh = Mesh(np.array(jax.devices()).reshape(2, 4), ("data", "model"))
        kernel = nn.with_logical_partitioning(nn.initializers.lecun_normal(), ("in", "hidden"))

        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                def body(mdl, c):
                    c = nn.Dense(8, kernel_init=kernel)(c)
                    return nn.with_logical_constraint(nn.relu(c), ("batch", "hidden")), ()
                options = dict(variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
                scanned = nn.scan(body, metadata_params={nn.PARTITION_NAME: "layers"}, **options)
                return scanned(self, x)[0]

        rules = (("batch", "data"), ("hidden", "model"))
        model, key, x = Model(), jax.random.key(0), jnp.ones((4, 8))
        plain = nn.unbox(model.init(key, x))
        expected = model.apply(plain, x)
        def loss(variables, x):
            return (model.apply(variables, x) ** 2).sum()
        expected_gradient = jax.jit(jax.grad(loss))(plain, x)
        with jax.set_mesh(mesh), nn.logical_axis_rules(rules):
            specs = nn.logical_to_mesh(nn.get_partition_spec(jax.eval_shape(model.init, key, x)))
            shardings = jax.tree.map(lambda s: jax.sharding.NamedSharding(mesh, s), specs,
                                     is_leaf=lambda s: isinstance(s, P))
            variables = jax.jit(lambda k, x: nn.unbox(model.init(k, x)), out_shardings=shardings)(key, x)
            boxed = jax.jit(model.init)(key, x)
            value = jax.jit(model.apply)(boxed, x)
            gradient = nn.unbox(jax.jit(jax.grad(loss))(boxed, x))
            shown = jax.jit(model.apply).lower(boxed, x).as_text()
        found = variables["params"]["Dense_0"]["kernel"]
        assert found.sharding.spec == P(None, None, "model"), found.sharding
        assert "sharding" in shown
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
        for one, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected_gradient), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    """
    env = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, **env, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
