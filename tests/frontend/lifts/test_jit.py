"""Lifted jit and fold_rngs: Linen's keys, one trace for equal Modules, effects of a cached trace kept."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors

from ..parity import KEY, assert_parity

X = jnp.arange(10.0).reshape(2, 5) / 7


def class_form(nn):
    jitted = nn.jit(nn.Dense)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = jitted(5)(x)
            x = jitted(5)(x)
            return nn.Dense(2)(jitted(5)(x)), self.make_rng("params")

    return Outer()


def method_form(nn):
    class Model(nn.Module):
        @nn.jit
        @nn.compact
        def __call__(self, x):
            mean = self.variable("stats", "mean", lambda: jnp.zeros(5))
            if not self.is_initializing():
                mean.value = mean.value + x.mean(0)
            return nn.Dense(3)(x - mean.value), jax.random.normal(self.make_rng("noise"))

    class Outer(nn.Module):
        def setup(self):
            self.model = Model()

        def __call__(self, x):
            return self.model(x), self.model(x)

    return Outer()


def function_form(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dense(5)(x)
            x = nn.jit(lambda mdl, x: nn.Dense(5)(nn.Dense(4)(x)))(self, x)
            return nn.Dense(2)(x)

    return Outer()


def folded(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.fold_rngs(nn.Dense)(4)(x)
            return nn.fold_rngs(lambda mdl, x: nn.Dense(2)(x))(self, x)

    return Outer()


def filtered(nn):
    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(x), self.has_rng("noise"), self.has_variable("stats", "calls")

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            self.variable("stats", "calls", jnp.zeros, ())
            inner = nn.jit(Inner, variables=["params"], rngs="params")(name="inner")
            y, *seen = inner(x)
            return y, [float(flag) for flag in seen], jax.random.normal(self.make_rng("noise"))

    return Outer()


@pytest.mark.parametrize("build", [class_form, method_form, function_form, folded, filtered])
def test_parity(build):
    rngs = {"params": KEY, "noise": jax.random.key(4)}

    def run(nn):
        model = build(nn)
        variables = model.init(rngs, X)
        apply = functools.partial(model.apply, rngs=rngs, mutable=["stats"])
        return variables, apply(variables, X), apply(variables, X), model.init(rngs, X)

    assert_parity(run, close=True)


def test_equal_instances_share_one_trace():
    traces = []

    class Traced(nn.Module):
        width: Any = 5

        @nn.compact
        def __call__(self, x):
            traces.append(self.width)
            return nn.Dense(5)(x) * self.width

    jitted = nn.jit(Traced)

    class Outer(nn.Module):
        widths: tuple[Any, ...]

        @nn.compact
        def __call__(self, x):
            for width in self.widths:
                x = jitted(width)(x)
            return x

    model = Outer((5, 5, 5))
    variables = model.init(KEY, X)
    kernels = {name: layer["Dense_0"]["kernel"] for name, layer in variables["params"].items()}
    assert traces == [5] and len(kernels) == 3
    assert not jnp.array_equal(kernels["JitTraced_0"], kernels["JitTraced_1"])
    traces.clear()
    for _ in range(2):
        model.apply(variables, X)
    assert traces == [5]
    traces.clear()
    Outer((1, 1.0, True, -1, -2)).init(KEY, X)  # equal or equal in hash, and yet not the same
    assert len(traces) == 5


def test_a_cached_trace_still_counts_keys_and_names():
    def run(nn):
        @nn.jit
        def body(mdl, x):
            return nn.Dense(5)(x), mdl.make_rng("params")

        class Inner(nn.Module):
            @nn.compact
            def __call__(self, x):
                y, key = body(self, x)
                return nn.Dense(2)(y), key, self.make_rng("params")

        class Outer(nn.Module):
            @nn.compact
            def __call__(self, x):
                return Inner()(x), Inner()(x)

        return Outer().init_with_output(KEY, X)

    values, variables = run(nn)
    # Linen forgets the count of names when it does not trace again, so it cannot be the oracle here.
    assert variables["params"]["Inner_1"].keys() == {"Dense_0", "Dense_1"}
    keys = [jax.random.key_data(key).tolist() for inner in values for key in inner[1:]]
    assert len({tuple(key) for key in keys}) == 4


def test_two_outer_modules_in_one_jitted_module_have_keys_of_their_own():
    class Both(nn.Module):
        one: nn.Module
        two: nn.Module

        @nn.compact
        def __call__(self, x):
            return self.one(x) + self.two(x)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.jit(Both)(nn.Dense(3), nn.Dense(3))(x)

    params = Outer().init(KEY, X)["params"]
    assert not jnp.array_equal(params["Dense_0"]["kernel"], params["Dense_1"]["kernel"])


def test_keyword_static_and_module_arguments():
    class Scaled(nn.Module):
        @nn.compact
        def __call__(self, x, layer, factor, *, twice=False, shift=0.0):
            return layer(nn.Dense(5)(x)) * (factor if twice else 1) + shift

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.Dense(5)
            jitted = nn.jit(Scaled, static_argnums=3, static_argnames="twice")(name="s")
            method = nn.jit(lambda mdl, n, x: x * n, static_argnums=(1,))
            return method(self, 2, jitted(x, layer, 3, twice=True, shift=jnp.float32(1)))

    variables = Outer().init(KEY, X)
    assert set(variables["params"]) == {"Dense_0", "s"}
    assert Outer().apply(variables, X).shape == (2, 5)


def test_works_inside_jax_jit_and_vmap():
    def run(nn):
        model = class_form(nn)
        variables = jax.jit(model.init)(KEY, X)
        loss = jax.grad(lambda v: model.apply(v, X, rngs=KEY)[0].sum())(variables)
        mapped = nn.vmap(type(model), variable_axes={"params": 0}, split_rngs={"params": True})()
        return variables, loss, mapped.init(KEY, X)

    assert_parity(run, close=True)


def test_a_field_that_cannot_be_hashed():
    class Holding(nn.Module):
        table: Any

        @nn.compact
        def __call__(self, x):
            return x + self.table

    with pytest.raises(errors.LiftArgumentError) as caught:
        nn.jit(Holding)(jnp.ones(5)).init(KEY, X)
    assert str(caught.value).split(": error: ")[1] == (
        "the field `0.JitHolding.table` of a jitted Module cannot be hashed: ArrayImpl\n"
        "  hint: pass an array as an argument or keep it in a variable; make other values hashable"
    )


def test_unbound_and_device():
    with pytest.raises(errors.CallCompactUnboundModuleError):
        nn.jit(nn.Dense)(3)(X)
    with pytest.raises(errors.LiftArgumentError, match="neither `device` nor `backend`"):
        nn.jit(nn.Dense, backend="cpu")
