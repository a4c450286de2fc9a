"""`@stablelift.module` on classes and functions."""

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors

from .parity import KEY, assert_same_tree

X = jnp.arange(10.0).reshape(2, 5) / 7


@nn.module
class Block:
    """A block."""

    features: int = 4

    def __call__(self, x):
        return nn.relu(nn.Dense(self.features)(x))


@nn.module
def block(mdl, x, *, features: int = 4, names=["a"]):  # noqa: B006
    """A block."""
    assert mdl.features == features and mdl.names == tuple(names)
    return nn.relu(nn.Dense(features)(x))


class Written(nn.Module):
    features: int = 4

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(self.features)(x))


@pytest.mark.parametrize("made", [Block, block])
def test_made_modules_are_those_one_would_write(made):
    assert issubclass(made, nn.Module) and made.__doc__ == "A block." and made.__module__ == __name__
    for fields in ({}, {"features": 2}):
        variables = Written(**fields).init(KEY, X)
        assert_same_tree(variables, made(**fields).init(KEY, X))
        assert_same_tree(Written(**fields).apply(variables, X), made(**fields).apply(variables, X))
    assert made(features=2) == made(features=2) != made()


def test_they_nest_are_named_and_are_lifted():
    @nn.module
    def network(mdl, x):
        x = Block()(block(features=3, name="first")(x))
        return nn.vmap(Block, variable_axes={"params": 0}, split_rngs={"params": True})(2)(x)

    params = network().init(KEY, X)["params"]
    assert params.keys() == {"first", "Block_0", "VmapBlock_0"}
    assert params["VmapBlock_0"]["Dense_0"]["kernel"].shape == (2, 4, 2)


def test_setup_inheritance_and_super():
    class Scaling:
        def finish(self, x):
            return x * 2

    @nn.module
    class Layer(Scaling):
        width: int

        def setup(self):
            self.dense = nn.Dense(self.width)

        def finish(self, x):
            return super().finish(x) + 1

        def __call__(self, x):
            return self.finish(self.dense(x))

    @nn.module
    class Wide(Layer):
        def __call__(self, x):
            return super().__call__(x) + nn.Dense(self.width)(x)

    variables = Wide(3).init(KEY, X)
    assert variables["params"].keys() == {"dense", "Dense_0"}
    plain = nn.Dense(3).apply({"params": variables["params"]["dense"]}, X) * 2 + 1
    assert jnp.allclose(Layer(3).apply({"params": {"dense": variables["params"]["dense"]}}, X), plain)


def test_call_arguments_stay_call_arguments():
    @nn.module
    def scale(mdl, x, by=1.0, *rest, power=1, **options):
        return (x * by) ** power + sum(rest) + options.get("shift", 0)

    assert float(scale(power=2).apply({}, jnp.float32(3), 2.0, 1.0, shift=4)) == 41.0
    assert jax.jit(scale().apply)({}, X).shape == (2, 5)


def test_what_cannot_be_made_a_module():
    with pytest.raises(TypeError, match="found 3"):
        nn.module(3)
    with pytest.raises(TypeError, match="to define `__call__"):

        @nn.module
        class NoCall:
            x: int = 0

    with pytest.raises(TypeError, match="take a Module as its first parameter"):

        @nn.module
        def no_module(*, width=1):
            return width

    with pytest.raises(errors.ReservedModuleAttributeError, match="`parent` and `name` are reserved"):

        @nn.module
        def named(mdl, x, *, parent=1):
            return x
