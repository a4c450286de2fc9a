"""Random nestings of lifts around small layers with parameters, statistics, streams and state.

A recipe is drawn from a number; `build` makes of it a model of either module system, and `check` compares the
two: initial variables, results, what is written, gradients. All layers keep the shape of what they take.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import stablelift
from stablelift import functional
from tests.frontend.parity import assert_same_tree

X = jnp.sin(jnp.arange(12.0) ** 2).reshape(3, 4)
STREAMS = ("params", "dropout", "noise")
WRITTEN = ["batch_stats", "state", "intermediates"]

Recipe = tuple[Any, ...]
"""A name, options, and the recipes of what is inside."""


# Layers ---------------------------------------------------------------------------------------------


def dense(nn: Any) -> Any:
    class Dense(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = nn.tanh(nn.Dense(x.shape[-1])(x))
            self.sow("intermediates", "y", y.sum())
            return y

    return Dense


def norm(nn: Any) -> Any:
    class Norm(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.BatchNorm(use_running_average=False, momentum=0.9)(x)

    return Norm


def dropout(nn: Any) -> Any:
    class Drop(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dropout(0.3, deterministic=False)(x)

    return Drop


def noise(nn: Any) -> Any:
    class Noise(nn.Module):
        @nn.compact
        def __call__(self, x):
            scale = self.param("scale", nn.initializers.normal(), x.shape[-1:])
            return x + scale * jax.random.normal(self.make_rng("noise"), x.shape)

    return Noise


def counter(nn: Any) -> Any:
    class Counter(nn.Module):
        def setup(self):
            self.calls = self.variable("state", "calls", lambda: jnp.ones(()))
            self.bias = self.param("bias", nn.initializers.uniform(), (4,))

        def __call__(self, x):
            self.calls.value = self.calls.value + 1
            return x / self.calls.value + self.bias

    return Counter


LAYERS: dict[str, Callable[[Any], Any]] = {
    "dense": dense, "norm": norm, "dropout": dropout, "noise": noise, "counter": counter,
}  # fmt: skip


# What holds others ----------------------------------------------------------------------------------


def holding(nn: Any, body: Callable[[Any, Any], Any]) -> Any:
    """The class of a Module that does `body(self, x)`."""

    class Holding(nn.Module):
        @nn.compact
        def __call__(self, x):
            return body(self, x)

    return Holding


def one_after_another(nn: Any, options: Any, *inner: Any) -> Any:
    def body(mdl, x):
        for each in inner:
            x = x + each()(x)
        return x

    return holding(nn, body)


def twice(nn: Any, options: Any, inner: Any) -> Any:
    def body(mdl, x):
        shared = inner()
        return shared(shared(x) * 0.5)

    return holding(nn, body)


def in_jit(nn: Any, options: Any, inner: Any) -> Any:
    if options["of"] == "class":
        return nn.jit(inner)
    return holding(nn, lambda mdl, x: nn.jit(lambda mdl, x: mdl(x) * 2)(inner(), x))


def in_remat(nn: Any, options: Any, inner: Any) -> Any:
    policy = options["policy"] and getattr(jax.checkpoint_policies, options["policy"])
    lift = partial(nn.remat, policy=policy, prevent_cse=options["prevent_cse"])
    if options["of"] == "class":
        return lift(inner)
    return holding(nn, lambda mdl, x: lift(lambda mdl, x: mdl(x) + x)(inner(), x))


def _axes(options: Any, axis: Any) -> dict[str, Any]:
    of_params = None if options["shared"] else 0
    return {
        "variable_axes": {"params": of_params, **dict.fromkeys(WRITTEN, axis)},
        "split_rngs": {"params": not options["shared"], "dropout": options["split"], "noise": True},
    }


def in_vmap(nn: Any, options: Any, inner: Any) -> Any:
    axes = _axes(options, 0)

    def body(mdl, x):
        stacked = jnp.stack([x, 0.5 * x, x + 1], options["axis"])
        maps = {"in_axes": options["axis"], "out_axes": options["axis"], **axes}
        if options["of"] == "class":
            return nn.vmap(inner, **maps)()(stacked).mean(options["axis"])
        return nn.vmap(lambda mdl, x: mdl(x), **maps)(inner(), stacked).sum(options["axis"])

    return holding(nn, body)


def in_scan(nn: Any, options: Any, inner: Any) -> Any:
    axes = _axes(options, 0)
    if options["shared"]:
        del axes["variable_axes"]["params"]
        axes["variable_broadcast"] = "params"
    if options["carried"]:
        axes["variable_carry"] = ["state", "batch_stats"]
        for col in axes["variable_carry"]:
            del axes["variable_axes"][col]

    class Step(nn.Module):
        @nn.compact
        def __call__(self, x, u):
            y = inner()(x + u)
            return y, y.sum()

    def body(mdl, x):
        scanned = nn.scan(Step, **axes, reverse=options["reverse"], unroll=options["unroll"])
        last, sums = scanned()(x, jnp.arange(2.0) / 3)
        return last + sums.mean()

    return holding(nn, body)


def in_remat_scan(nn: Any, options: Any, inner: Any) -> Any:
    axes = _axes({**options, "shared": False}, 0)
    return holding(nn, lambda mdl, x: nn.remat_scan(inner, lengths=(2, 2), **axes)()(x))


def in_map_variables(nn: Any, options: Any, inner: Any) -> Any:
    halved = partial(jax.tree.map, lambda v: v * 0.5)
    doubled = partial(jax.tree.map, lambda v: v * 2)
    return nn.map_variables(inner, "params", halved, doubled, init=True, mutable=options["mutable"])


def in_custom_vjp(nn: Any, options: Any, inner: Any) -> Any:
    def forward(mdl, x):
        y, pullback = nn.vjp(lambda mdl, x: mdl(x), mdl, x)
        return y * options["value"], pullback

    def backward(pullback, ct):
        return jax.tree.map(lambda g: 0.5 * g, pullback(ct))

    return holding(nn, lambda mdl, x: nn.custom_vjp(lambda mdl, x: mdl(x), forward, backward)(inner(), x))


def in_cond(nn: Any, options: Any, inner: Any) -> Any:
    def body(mdl, x):
        layer = inner()
        if options["switch"]:
            index = jnp.int32(x.sum() > -1e3)
            return nn.switch(index, [lambda mdl, x: mdl(x), lambda mdl, x: mdl(2 * x) * 3], layer, x)
        return nn.cond(x.sum() > -1e3, lambda mdl, x: mdl(x), lambda mdl, x: mdl(2 * x) * 3, layer, x)

    return holding(nn, body)


def in_derivatives(nn: Any, options: Any, inner: Any) -> Any:
    def body(mdl, x):
        layer = inner()
        if options["of"] == "vjp":
            y, pullback = nn.vjp(lambda mdl, x: mdl(x), layer, x)
            return y + pullback(y)[1]
        if options["of"] == "jvp":
            return sum(nn.jvp(lambda mdl, x: mdl(x), layer, (x,), (jnp.cos(x),), {}))
        value, (gradient,) = nn.value_and_grad(lambda mdl, x: jnp.sin(mdl(x)).sum(), layer, x)
        return gradient + value

    return holding(nn, body)


def in_while_loop(nn: Any, options: Any, inner: Any) -> Any:
    def body(mdl, x):
        layer = inner()
        if mdl.is_initializing():
            return layer(x)

        def step(mdl, carry):
            return carry[0] + 1, mdl(carry[1])

        splits = {"dropout": True, "noise": True, "params": False}
        carried = {"carry_variables": ["state", "batch_stats"], "split_rngs": splits}
        loop = nn.while_loop(lambda mdl, carry: carry[0] < 2, step, layer, (0, x), **carried)
        return x + jax.lax.stop_gradient(loop[1])

    return holding(nn, body)


OF = {"of": ("class", "function")}
FLAG = (False, True)
POLICIES = (None, "dots_saveable", "nothing_saveable", "everything_saveable")

LIFTS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "one after another": (one_after_another, {}),
    "twice": (twice, {}),
    "jit": (in_jit, OF),
    "remat": (in_remat, {**OF, "policy": POLICIES, "prevent_cse": FLAG}),
    "vmap": (in_vmap, {**OF, "shared": FLAG, "split": FLAG, "axis": (0, 1)}),
    "scan": (
        in_scan,
        {"shared": FLAG, "split": FLAG, "carried": FLAG, "reverse": FLAG, "unroll": (1, 2)},
    ),
    "remat_scan": (in_remat_scan, {"split": FLAG}),
    "map_variables": (in_map_variables, {"mutable": FLAG}),
    "custom_vjp": (in_custom_vjp, {"value": (1, 2)}),
    "cond": (in_cond, {"switch": FLAG}),
    "derivatives": (in_derivatives, {"of": ("vjp", "jvp", "grad")}),
    "while_loop": (in_while_loop, {}),
}


def recipe(number: int) -> Recipe:
    """The recipe of that number."""
    rng = random.Random(number)

    def draw(depth: int) -> Recipe:
        if depth == 0:
            return rng.choice(list(LAYERS)), {}
        name = rng.choice(list(LIFTS))
        options = {key: rng.choice(values) for key, values in LIFTS[name][1].items()}
        count = 2 if name == "one after another" else 1
        return name, options, *(draw(depth - 1) for _ in range(count))

    return draw(rng.choice((2, 3, 3, 4)))


def spelled(found: Recipe) -> str:
    name, options, *inner = found
    chosen = ",".join(f"{key}={value}" for key, value in options.items())
    held = " + ".join(map(spelled, inner))
    return f"{name}[{chosen}]({held})" if inner else name


def build(nn: Any, found: Recipe) -> Any:
    """The class of a Module."""
    name, options, *inner = found
    if not inner:
        return LAYERS[name](nn)
    return LIFTS[name][0](nn, options, *(build(nn, each) for each in inner))


# Comparison -----------------------------------------------------------------------------------------


def _streams(seed: int) -> dict[str, Any]:
    return {name: jax.random.key(seed + place) for place, name in enumerate(STREAMS)}


def outcomes(
    nn: Any, found: Recipe, given: Any = X, wrappers: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Callable[[], Any]]:
    """What is compared of a model on an array, by name; the first of them is asked first."""
    model = build(nn, found)()
    held: list[Any] = []

    def init() -> Any:
        held.append(model.init(_streams(0), given))
        return held[0]

    def apply(mutable: Any) -> Any:
        return model.apply(held[0], given, rngs=_streams(7), mutable=mutable)

    def loss(variables: Any, x: Any) -> Any:
        y, written = model.apply(variables, x, rngs=_streams(7), mutable=WRITTEN)
        return (y * jnp.sin(jnp.arange(y.size).reshape(y.shape))).sum(), written

    def of_params() -> tuple[Any, Any]:
        others = {col: xs for col, xs in held[0].items() if col != "params"}
        return lambda p, x: loss({**p, **others}, x), {"params": held[0].get("params", {})}

    def gradients(lib: Any, jit: Any = jax.jit) -> Any:
        function, params = of_params()
        return jit(lib.value_and_grad(function, (0, 1), has_aux=True))(params, given)

    is_ours = nn is stablelift
    ways = {"init": init, "apply": lambda: apply(WRITTEN), "all mutable": lambda: apply(True)}
    return ways | {
        "gradients by jax": lambda: gradients(jax),
        "gradients": lambda: gradients(functional if is_ours else jax),
        "gradients by jax, compiled": lambda: gradients(jax, stablelift.compile if is_ours else jax.jit),
        **{
            name.replace("_", " "): lambda wrapper=wrapper: wrapper(*of_params(), given)
            for name, wrapper in wrappers.items()
        },
    }


def check(number: int, x: Any = X, wrappers: Mapping[str, Any] = MappingProxyType({})) -> list[str]:
    """What Linen refuses of the model of that number; raises where the two differ."""
    linen = pytest.importorskip("flax.linen")
    found = recipe(number)
    theirs, ours = (outcomes(nn, found, x, wrappers) for nn in (linen, stablelift))
    refused: list[str] = []
    for name, ask in theirs.items():
        try:
            expected = ask()
        except Exception as error:  # whatever Linen or JAX makes of it
            refused.append(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")
            if name == "init":
                return refused
            continue
        if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(expected)):
            refused.append(f"{name}: a value of another trace in the results")
            continue
        found_by_us = ours[name]()
        try:
            assert_same_tree(expected, found_by_us, close=True, rtol=1e-4)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
    return refused
