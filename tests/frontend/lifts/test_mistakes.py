"""The mistakes of lifting, each with a message of its own: the Module's path, the lift, what to change."""

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors

KEY = jax.random.key(0)
X = jnp.ones((3, 2, 5))
RNGS = {"params": KEY, "dropout": KEY}


def inside(run):
    """`run(mdl, x)` in the submodule `Encoder_0` of a model, initialised."""

    class Encoder(nn.Module):
        @nn.compact
        def __call__(self, x):
            return run(self, x)

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Encoder()(x)

    return Model().init(RNGS, X)


def dense(mdl, x):
    return nn.Dense(3)(x)


def step(mdl, c, x):
    return c, nn.Dense(3)(x)


def counted(mdl, c):
    mdl.put_variable("state", "n", mdl.get_variable("state", "n") + 1)
    return c


def forever(mdl, c):
    return True


def with_state(run):
    def prepared(mdl, x):
        mdl.variable("state", "n", lambda: jnp.int32(0))
        return run(mdl, x)

    return prepared


SPLIT = {"params": True}
UNSPLIT = {"params": False}
NOT_FOUND, NO_KEY = errors.ScopeCollectionNotFound, errors.InvalidRngError
VMAP_HINT = "name it in `variable_axes`: {'params': 0} stacks it, {'params': None} shares it"
SCAN_HINT = "name it in `variable_axes` to stack it, in `variable_broadcast` to share it"
BEFORE = "create it before the loop, such as by one call of its body"
SPLIT_HINT = "name it in `split_rngs`: {'params': True} gives each %s keys of its own, False one key"

MISTAKES = {
    "vmap, a collection that no axis covers": (
        lambda mdl, x: nn.vmap(dense, split_rngs=SPLIT)(mdl, x),
        NOT_FOUND,
        "`/vmap(Encoder_0)/Dense_0` wants `kernel` from collection `params`, which `vmap` does not cover",
        VMAP_HINT,
    ),
    "scan, a collection that no axis covers": (
        lambda mdl, x: nn.scan(step, split_rngs=SPLIT)(mdl, 0, x),
        NOT_FOUND,
        "`/scan(Encoder_0)/Dense_0` wants `kernel` from collection `params`, which `scan` does not cover",
        SCAN_HINT,
    ),
    "vmap in remat, whose filter leaves it out": (
        lambda mdl, x: nn.remat(
            lambda mdl, x: nn.vmap(dense, {"params": 0}, SPLIT)(mdl, x), variables="state"
        )(mdl, x),
        NOT_FOUND,
        "`/vmap(remat(Encoder_0))/Dense_0` wants `kernel` from collection `params`, "
        "which `remat` does not cover",
        "name it in `variables` of `remat`",
    ),
    "vmap, a stream that is not split": (
        lambda mdl, x: nn.vmap(dense, {"params": 0})(mdl, x),
        NO_KEY,
        "`/vmap(Encoder_0)/Dense_0` needs a key from random stream `params`, which `vmap` does not cover\n"
        "  streams here: none",
        SPLIT_HINT % "instance",
    ),
    "scan, a stream that is not split": (
        lambda mdl, x: nn.scan(step, {"params": 0}, split_rngs={"dropout": True})(mdl, 0, x),
        NO_KEY,
        "`/scan(Encoder_0)/Dense_0` needs a key from random stream `params`, which `scan` does not cover\n"
        "  streams here: ['dropout']",
        SPLIT_HINT % "step",
    ),
    "scan, dropout without keys": (
        lambda mdl, x: nn.scan(
            lambda mdl, c, x: (c, nn.Dropout(0.5, deterministic=False)(x)),
        )(mdl, 0, x),
        NO_KEY,
        "`/scan(Encoder_0)/Dropout_0` needs a key from random stream `dropout`, which `scan` does not cover\n"
        "  streams here: none",
        (SPLIT_HINT % "step").replace("params", "dropout"),
    ),
    "jit, a stream that it leaves out": (
        lambda mdl, x: nn.jit(dense, rngs="dropout")(mdl, x),
        NO_KEY,
        "`/jit(Encoder_0)/Dense_0` needs a key from random stream `params`, which `jit` does not cover\n"
        "  streams here: ['dropout']",
        "name it in `rngs` of `jit`",
    ),
    "while_loop, created in the body": (
        lambda mdl, x: nn.while_loop(forever, lambda mdl, c: nn.Dense(5)(c), mdl, x, split_rngs=UNSPLIT),
        NOT_FOUND,
        "`/while_loop(Encoder_0)/Dense_0` wants `kernel` from collection `params`, "
        "in which `while_loop` creates nothing",
        BEFORE,
    ),
    "while_loop, created in the body beside others": (
        lambda mdl, x: nn.while_loop(
            forever, lambda mdl, c: nn.Dense(5, name="b")(c), mdl, nn.Dense(5)(x), split_rngs=UNSPLIT
        ),
        errors.ScopeParamNotFoundError,
        "no parameter `kernel` in `/while_loop(Encoder_0)/b` of collection `params`, "
        "in which `while_loop` creates nothing",
        BEFORE,
    ),
    "while_loop, created in the condition": (
        with_state(
            lambda mdl, x: nn.while_loop(
                lambda mdl, c: mdl.variable("state", "m", lambda: True).value, counted, mdl, x, "state"
            )
        ),
        errors.ScopeVariableNotFoundError,
        "no variable `m` in `/while_loop(Encoder_0)` of collection `state`, "
        "in which `while_loop` creates nothing",
        BEFORE,
    ),
    "while_loop, carried and created in the body": (
        lambda mdl, x: nn.while_loop(
            forever, lambda mdl, c: nn.Dense(5)(c), mdl, x, "params", split_rngs=UNSPLIT
        ),
        errors.LiftTypeError,
        "the body of `while_loop` in `/Encoder_0` creates variables that the loop carries\n"
        "  created: params/Dense_0/bias, params/Dense_0/kernel",
        "create them before the loop, such as by one call of its body, or leave their collection out of "
        "`carry_variables`",
    ),
    "while_loop, written but only read": (
        with_state(lambda mdl, x: nn.while_loop(forever, counted, mdl, x)),
        errors.ModifyScopeVariableError,
        "cannot update `n` in `/while_loop(Encoder_0)`: `while_loop` only reads collection `state`",
        "name it in `carry_variables`; the condition writes nothing",
    ),
    "vmap, written but only read": (
        with_state(
            lambda mdl, x: nn.vmap(counted, {"state": nn.In(None)})(mdl, x),
        ),
        errors.ModifyScopeVariableError,
        "cannot update `n` in `/vmap(Encoder_0)`: `vmap` only reads collection `state`",
        VMAP_HINT.replace("params", "state"),
    ),
    "map_variables, created but only read": (
        lambda mdl, x: nn.map_variables(dense, "params")(mdl, x),
        NOT_FOUND,
        "`/map_variables(Encoder_0)/Dense_0` wants `kernel` from collection `params`, "
        "in which `map_variables` creates nothing",
        "let `map_variables` create it: init=True, or mutable=True",
    ),
    "map_variables, written but only read": (
        with_state(lambda mdl, x: nn.map_variables(counted, "state")(mdl, x)),
        errors.ModifyScopeVariableError,
        "cannot update `n` in `/map_variables(Encoder_0)`: `map_variables` only reads collection `state`",
        "let `map_variables` write it: mutable=True",
    ),
    "scan, the carry changes its structure": (
        lambda mdl, x: nn.scan(lambda mdl, c, x: ((c, c), x))(mdl, x[0], x),
        errors.LiftTypeError,
        "the body of `scan` in `/Encoder_0` changes the carry in structure\n"
        "  expected: float32[2, 5]\n"
        "  found: (float32[2, 5], float32[2, 5])",
        "return what the body was given, in the same structure",
    ),
    "scan, the carry changes its type": (
        lambda mdl, x: nn.scan(lambda mdl, c, x: ({"h": c["h"].astype("bfloat16")}, x))(mdl, {"h": x[0]}, x),
        errors.LiftTypeError,
        "the body of `scan` in `/Encoder_0` changes the carry in type\n"
        "  carry h: expected float32[2, 5], found bfloat16[2, 5]",
        "convert it, by `astype` or `reshape`",
    ),
    "while_loop, the carry changes its type": (
        lambda mdl, x: nn.while_loop(forever, lambda mdl, c: c[:, :1], mdl, x),
        errors.LiftTypeError,
        "the body of `while_loop` in `/Encoder_0` changes the carry in type\n"
        "  carry: expected float32[3, 2, 5], found float32[3, 1, 5]",
        "convert it, by `astype` or `reshape`",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake(mistake):
    run, error, what, remedy = MISTAKES[mistake]
    with pytest.raises(error) as caught:
        inside(run)
    place, _, found = str(caught.value).partition(": error: ")
    assert found == f"{what}\n  hint: {remedy}"
    assert __file__.endswith(place.rsplit(":", 1)[0])


def test_without_a_lift_to_blame_the_call_is():
    with pytest.raises(errors.ScopeCollectionNotFound) as caught:
        nn.vmap(nn.Dense, {"params": 0}, SPLIT)(3).apply({}, X)
    assert str(caught.value).partition(": error: ")[2] == (
        "`/vmap()` wants `kernel` from collection `params`, which is empty here\n"
        "  hint: pass `params` in `variables`, or make it mutable"
    )
    with pytest.raises(errors.InvalidRngError) as caught:
        nn.vmap(nn.Dropout, split_rngs={"dropout": True})(0.5, deterministic=False).apply({}, X)
    assert str(caught.value).partition(": error: ")[2] == (
        "`/vmap()` needs a key from random stream `dropout`\n"
        "  streams here: none\n"
        "  hint: pass rngs={'dropout': key}"
    )
