"""Lifted remat and remat_scan: Linen's trees, keys, values and gradients, and what is recomputed."""

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors
from stablelift.frontend.lifts.remat_scan import balanced_lengths
from tests.support import optimised

from ..boxes import NamedBox
from ..parity import KEY, assert_parity, assert_same_tree
from .test_scan import error_of

X = jnp.arange(10.0).reshape(2, 5) / 7
RNGS = {"params": KEY, "noise": jax.random.key(3)}


def noisy(nn):
    class Noisy(nn.Module):
        features: int = 5

        @nn.compact
        def __call__(self, x, train=False, *, scale=1.0):
            y = nn.tanh(nn.Dense(self.features)(x)) * scale
            self.sow("intermediates", "y", y)
            return y + jax.random.normal(self.make_rng("noise"), ()) if train else y

    return Noisy


def all_forms(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.remat(noisy(nn), static_argnums=(2,))()(x, True)
            x = nn.remat(noisy(nn), static_argnums=2, prevent_cse=False)()(x, True, scale=2.0)
            x = nn.checkpoint(nn.Dense)(5, name="d")(x)
            policy = jax.checkpoint_policies.dots_saveable
            return nn.remat(lambda mdl, x: nn.Dense(3)(x) + nn.Dense(3)(x), policy=policy)(self, x)

    return Outer()


def decorator_and_methods(nn):
    class Block(nn.Module):
        def setup(self):
            self.a, self.b = nn.Dense(5), nn.Dense(4)

        @nn.remat
        def __call__(self, x):
            return self.first(x) + self.b(x).sum()

        def first(self, x):
            return nn.tanh(self.a(x))

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            twice = nn.remat(Block, methods=["first", "__call__"])()
            return Block()(x), twice(x), twice.first(x)

    return Outer()


def in_other_lifts(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.remat(nn.jit(nn.Dense))(5)(x)
            x = nn.jit(nn.remat(nn.Dense))(5)(x)
            stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
            x = nn.vmap(nn.remat(nn.Dense), **stacked)(5)(x)

            class Step(nn.Module):
                @nn.compact
                def __call__(self, c, _):
                    return nn.tanh(nn.Dense(5)(c)), c

            return nn.scan(nn.remat(Step, prevent_cse=False), length=3, **stacked)()(x, None)

    return Outer()


def repeated(nn):
    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.remat_scan(lambda mdl, x: nn.tanh(nn.Dense(5)(x)), lengths=(2, 1, 2))(self, x)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.remat_scan(nn.Dense, lengths=(2, 3))(5)(x)
            x = nn.remat_scan(nn.Dense, lengths=(2,))(5)(x)
            x = Inner()(x)
            shared = {"variable_axes": {}, "variable_broadcast": "params", "split_rngs": {"params": False}}
            return nn.remat_scan(nn.Dense, lengths=(3, 2), **shared)(5, name="shared")(x)

    return Outer()


@pytest.mark.parametrize("build", [all_forms, decorator_and_methods, in_other_lifts, repeated])
def test_parity(build):
    linen = pytest.importorskip("flax.linen")
    rngs = {"noise": RNGS["noise"]} if build is all_forms else {}

    def run(nn, grad):
        model = build(nn)
        variables = model.init({"params": KEY, **rngs}, X)

        def loss(params, x):
            leaves = jax.tree.leaves(model.apply({"params": params}, x, rngs=rngs))
            return sum((leaf**2).sum() for leaf in leaves)

        value = model.apply(variables, X, rngs=rngs, mutable=["intermediates"])
        return variables, value, grad(loss, argnums=(0, 1))(variables["params"], X)

    assert_same_tree(run(linen, jax.grad), run(nn, nn.functional.grad), close=True)


@optimised()
def test_initial_values_are_linens_bit_for_bit():
    assert_parity(lambda nn: [all_forms(nn).init(RNGS, X), repeated(nn).init(KEY, X)])


def test_one_remat_op_is_traced():
    def apply(x):
        return nn.remat(nn.Dense)(3).apply(variables, x)

    variables = nn.Dense(3).init(KEY, X)
    (equation,) = jax.make_jaxpr(apply)(X).eqns
    assert equation.params["op"] == "lift.remat"
    assert dict(equation.params["attributes"]) == {"prevent_cse": True}


def test_boxes_know_of_every_level_of_a_remat_scan():
    """Linen does not pass `metadata_params` on."""

    def init(key, shape):
        return NamedBox(nn.initializers.ones(key, shape), ("in", "out"))

    def body(mdl, x):
        return x @ mdl.param("w", init, (5, 5))

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.remat_scan(body, lengths=(2, 3), metadata_params={"name": "layers"})(self, x)

    variables = Outer().init(KEY, X)
    box = variables["params"]["w"]
    assert box.names == ("layers", "layers", "in", "out") and box.value.shape == (2, 3, 5, 5)
    assert jnp.allclose(Outer().apply(variables, X), X.sum(1, keepdims=True) * 5.0**5)


def test_what_remat_does_not_take():
    with pytest.raises(NotImplementedError, match="`remat` takes `concrete` for compatibility only"):
        nn.remat(nn.Dense, concrete=True)
    run = lambda: nn.remat(noisy(nn))().init(RNGS, X, "train")  # noqa: E731
    assert error_of(run, errors.LiftArgumentError) == (
        "argument 0/1 of `remat` of `/` is no array: 'train'\n"
        "  hint: name it in `static_argnums`; the Module is 0"
    )
    assert error_of(lambda: nn.remat_scan(nn.Dense), errors.LiftArgumentError) == (
        "`remat_scan` wants at least one length, found lengths=(), length=None\n"
        "  hint: pass lengths=(4, 6), or lengths='auto' with length=24"
    )
    with pytest.raises(errors.LiftArgumentError, match="wants a length of at least 1, found None"):
        nn.remat_scan(nn.Dense, lengths="auto")


def test_balanced_lengths():
    expected = {24: (4, 6), 12: (3, 4), 7: (7,), 9: (3, 3), 1: (1,), 26: (2, 13)}
    assert {length: balanced_lengths(length) for length in expected} == expected
    found = nn.remat_scan(nn.Dense, lengths="auto", length=6)(5).init(KEY, X)
    assert_same_tree(nn.remat_scan(nn.Dense, lengths=(2, 3))(5).init(KEY, X), found)


def test_names():
    lifted = nn.remat(nn.remat_scan(nn.checkpoint(nn.Dense), lengths=(2,)))
    assert lifted.__name__ == "CheckpointRemat_scanCheckpointDense"


def test_static_arguments_may_be_counted_from_the_end():
    found = nn.remat(noisy(nn), static_argnums=-1)().init(RNGS, X, True)
    assert_same_tree(noisy(nn)().init(RNGS, X, True), found)
