"""Each construct of a body does what its Python does: control flow, methods, members, keys, tuples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift.frontend.language.build import build
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import LiftTraceError, Source
from stablelift.frontend.language.parse import parse

KEY = jax.random.key(3)
X = jnp.linspace(-1.0, 2.0, 3 * 5).reshape(3, 5)


def namespace(text: str):
    file, source = parse(text, "m.lift"), Source.of(text, "m.lift")
    check(file, source)
    return build(file, source, "m")


def same(left, right) -> None:
    assert jax.tree.structure(left) == jax.tree.structure(right)
    jax.tree.map(np.testing.assert_array_equal, left, right)


def same_modules(ours, twin, *arguments, **keywords) -> None:
    value, variables = ours.init_with_output({"params": KEY, "noise": KEY}, *arguments, **keywords)
    wanted, expected = twin.init_with_output({"params": KEY, "noise": KEY}, *arguments, **keywords)
    same(variables, expected)
    same(value, wanted)


def test_loops_over_tuples_and_ranges():
    text = (
        "module MLP\n  widths: (int, ...) = (4, 3)\n\n  call(x: f32[*batch, d])\n"
        "    for width in widths\n      x = relu(Dense(width)(x))\n"
        "    for i in range(len(widths))\n      x = x + i * widths[i]\n    return x\n"
    )

    class MLP(nn.Module):
        widths: tuple = (4, 3)

        @nn.compact
        def __call__(self, x):
            for width in self.widths:
                x = nn.relu(nn.Dense(width)(x))
            for i in range(len(self.widths)):
                x = x + i * self.widths[i]
            return x

    same_modules(namespace(text).MLP(), MLP(), X)
    same_modules(namespace(text).MLP(widths=(2, 6, 4)), MLP(widths=(2, 6, 4)), X)


def test_conditions_on_the_configuration():
    text = (
        'module Layer\n  bias: bool = true\n  mode: str = "relu"\n\n'
        "  call(x: f32[*batch, d], static scale: float = 1.0)\n"
        "    if bias\n      param b: f32[d] = ones()\n      x = x + b\n"
        '    if mode == "relu"\n      return relu(x)\n'
        '    elif mode == "tanh" and not bias\n      return tanh(x)\n'
        "    return x * scale if scale > 1 else -x\n"
    )

    class Layer(nn.Module):
        bias: bool = True
        mode: str = "relu"

        @nn.compact
        def __call__(self, x, scale=1.0):
            if self.bias:
                x = x + self.param("b", nn.initializers.ones, (x.shape[-1],))
            if self.mode == "relu":
                return jax.nn.relu(x)
            if self.mode == "tanh" and not self.bias:
                return jnp.tanh(x)
            return x * scale if scale > 1 else -x

    ours = namespace(text).Layer
    for fields in ({}, {"bias": False}, {"bias": False, "mode": "tanh"}, {"mode": "none"}):
        same_modules(ours(**fields), Layer(**fields), X)
    same_modules(ours(mode="none"), Layer(mode="none"), X, scale=3.0)
    with pytest.raises(LiftTraceError, match="wants float for `scale`, got f32"):
        ours().init(KEY, X, scale=jnp.ones(()))


def test_several_methods_share_members():
    text = (
        "module Autoencoder\n  latent: int = 2\n  width: int = 5\n\n  encoder = Dense(latent)\n"
        "  decoder = (Dense(4), Dense(width))\n  param shift: f32[latent] = normal()\n"
        "  variable stats.calls: i32 = zeros()\n\n"
        "  encode(x: f32[*batch, width]) -> f32[*batch, latent]\n    return encoder(x) + shift\n\n"
        "  decode(z: f32[*batch, latent]) -> f32[*batch, width]\n"
        "    for layer in decoder\n      z = layer(z)\n    return z\n\n"
        "  call(x: f32[*batch, width]) -> f32[*batch, width]\n    update calls = calls + 1\n"
        "    return decode(encode(x))\n\n"
        "module Both\n  call(x: f32[*batch, d])\n    model = Autoencoder(width=d)\n"
        "    return model.decode(model.encode(x)) + model(x)\n"
    )

    class Autoencoder(nn.Module):
        latent: int = 2
        width: int = 5

        def setup(self):
            self.encoder = nn.Dense(self.latent)
            self.decoder = (nn.Dense(4), nn.Dense(self.width))
            self.shift = self.param("shift", nn.initializers.normal(), (self.latent,))
            self.calls = self.variable("stats", "calls", jnp.zeros, (), jnp.int32)

        def encode(self, x):
            return self.encoder(x) + self.shift

        def decode(self, z):
            for layer in self.decoder:
                z = layer(z)
            return z

        def __call__(self, x):
            self.calls.value = self.calls.value + 1
            return self.decode(self.encode(x))

    class Both(nn.Module):
        @nn.compact
        def __call__(self, x):
            model = Autoencoder(width=x.shape[-1])
            return model.decode(model.encode(x)) + model(x)

    m = namespace(text)
    same_modules(m.Autoencoder(), Autoencoder(), X)
    same_modules(m.Both(), Both(), X)
    variables = m.Autoencoder().init(KEY, X)
    same(
        m.Autoencoder().apply(variables, X, method="encode"),
        Autoencoder().apply(variables, X, method="encode"),
    )


def test_random_streams():
    text = (
        'module Noisy\n  call(x: f32[*batch, d])\n    k = make_rng("noise")\n'
        "    return x + normal(k, (*batch, d)) * bernoulli(fold_in(k, 1), 0.5, x_shape(x))\n\n"
    ).replace("x_shape(x)", "(*batch, d)")

    class Noisy(nn.Module):
        @nn.compact
        def __call__(self, x):
            k = self.make_rng("noise")
            return x + jax.random.normal(k, x.shape) * jax.random.bernoulli(
                jax.random.fold_in(k, 1), 0.5, x.shape
            )

    same_modules(namespace(text).Noisy(), Noisy(), X)


def test_modules_and_functions_as_fields():
    text = (
        "fn double(x)\n  return 2 * x\n\n"
        "module Residual\n  inner: module = Dense(5)\n  activation: function = relu\n\n"
        "  call(x: f32[*batch, d])\n    return x + activation(inner(x))\n\n"
        "module Net\n  call(x: f32[*batch, d])\n    y = Residual(Dense(d), double)(x)\n"
        "    return Residual(inner=Dense(d, use_bias=false))(y)\n"
    )

    class Residual(nn.Module):
        inner: nn.Module
        activation: object = nn.relu

        @nn.compact
        def __call__(self, x):
            return x + self.activation(self.inner(x))

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = Residual(nn.Dense(x.shape[-1]), lambda x: 2 * x)(x)
            return Residual(inner=nn.Dense(x.shape[-1], use_bias=False))(y)

    m = namespace(text)
    same_modules(m.Residual(), Residual(nn.Dense(5)), X)
    same_modules(m.Residual(nn.Dense(5), jnp.sin), Residual(nn.Dense(5), jnp.sin), X)
    same_modules(m.Net(), Net(), X)


def test_comprehensions_and_tuples_of_modules():
    text = (
        "module Heads\n  sizes: (int, int) = (2, 3)\n\n  call(x: f32[b, d])\n"
        "    heads = [Dense(size) for size in sizes]\n    outs = [head(x) for head in heads]\n"
        "    pairs = [(i, i * i) for i in range(1, 4)]\n    total = 0\n"
        "    for i, square in pairs\n      total = total + square - i\n"
        "    return concatenate(outs, axis=-1) * total\n"
    )

    class Heads(nn.Module):
        sizes: tuple = (2, 3)

        @nn.compact
        def __call__(self, x):
            heads = [nn.Dense(size) for size in self.sizes]
            return jnp.concatenate([head(x) for head in heads], axis=-1) * 8

    same_modules(namespace(text).Heads(), Heads(), X)


def test_tuples_as_arguments_and_results():
    text = (
        "fn step(carry: (f32[n], (f32[n, d], i32)), x: f32[n]) -> ((f32[n], (f32[n, d], i32)), f32)\n"
        "  a, rest = carry\n  b, i = rest\n  return (a + x, (b, i + 1)), sum(a)\n\n"
        "fn twice(x: f32[n], y: f32[n, d]) -> f32[n]\n  carry, _ = step((x, (y, 3)), x)\n  return carry[0]\n"
    )
    m = namespace(text)
    (a, (b, i)), total = m.step((X[0], (X.T, 2)), X[1])
    same((a, b, i, total), (X[0] + X[1], X.T, jnp.asarray(3), jnp.sum(X[0])))
    same(m.twice(X[0], X.T), 2 * X[0])
    with pytest.raises(LiftTraceError, match=r"wants \(f32\[n\], \(f32\[n, d\], i32\)\) for `carry`"):
        m.step((X[0], X.T), X[1])


def test_arguments_that_may_be_left_out():
    text = (
        "fn f(x: f32[n], mask: bool[n] = none, static times: int = 2)\n"
        "  y = x if mask == none else where(mask, x, 0)\n  return y * times\n"
    )
    f = namespace(text).f
    same(f(X[0]), X[0] * 2)
    same(f(X[0], X[0] > 0, times=3), jnp.where(X[0] > 0, X[0], 0) * 3)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "for i in range(300)\n    for j in range(300)\n      x = x + 1\n  return x",
            "the loops of one call have more than 20000 rounds",
        ),
        (
            "y = [[[i + j + k for i in range(99)] for j in range(99)] for k in range(99)]\n  return x",
            "the loops of one call have more than 20000 rounds",
        ),
        ("return x[range(0, 3, n - 3)[0]]", "the step of a `range` is zero"),
        (
            "a = 3\n  for i in range(99)\n    a = a * a\n  return x * a",
            "the result does not fit into 64 bits",
        ),
        ("return sum(unstack(zeros((2000, 3)))[0]) + x", "expected at most 1024 pieces, found 2000"),
        (
            "a = x\n  for i in range(99)\n    a = (a, a)\n  return sum(array(a))",
            "a tuple holds at most 20000 values, those of tuples inside included",
        ),
        (
            "a = ()\n  for i in range(99)\n    a = (*a, *a, x)\n  return sum(array(a))",
            "a tuple holds at most 20000 values, those of tuples inside included",
        ),
        (
            "a = x\n  for i in range(999)\n    a = [a for j in range(1)]\n  return sum(array(a))",
            "tuples nest at most 100 deep",
        ),
    ],
)
def test_loops_are_bounded(body, reason):
    with pytest.raises(LiftTraceError) as caught:
        namespace(f"fn f(x: f32[n])\n  {body}\n").f(X[:, 0])
    assert caught.value.diagnostics[0].message == reason


def test_the_budget_is_shared_by_calls_and_begins_anew():
    text = (
        "fn f(x)\n  for i in range(150)\n    x = g(x)\n  return x\n\n"
        "fn g(x)\n  for i in range(150)\n    x = h(x)\n  return x\n\nfn h(x)\n  return x\n"
    )
    m = namespace(text)
    with pytest.raises(LiftTraceError, match="20000 rounds"):
        m.f(X)
    assert m.g(X) is X


def test_only_methods_of_modules_are_called():
    text = "module M\n  inner: module\n\n  call(x)\n    return inner.METHOD(x)\n"
    for name in ("__class__", "apply", "missing", "_state"):
        model = namespace(text.replace("METHOD", name)).M(nn.Dense(3))
        with pytest.raises(LiftTraceError, match=f"module `Dense` has no method `{name}`"):
            model.init(KEY, X)


def test_a_size_that_is_solved_for():
    text = (
        "module M\n  extra: int = 1\n\n  call(x: f32[n, 3 * d + extra], y: f32[n * d, e - n]) -> f32[d, e]\n"
        "    return zeros((d, e)) + x[0, 0] + y[0, 0]\n"
    )
    model = namespace(text).M()
    assert model.apply({}, jnp.ones((2, 7)), jnp.ones((4, 3))).shape == (2, 5)
    with pytest.raises(LiftTraceError) as caught:
        model.apply({}, jnp.ones((2, 6)), jnp.ones((4, 3)))
    (problem,) = caught.value.diagnostics
    assert problem.message == "`call` wants f32[n, 3 * d + extra] for `x`, got the size 6"
    assert problem.hints == ("no `d` makes `3 * d + extra` 6",)


def test_methods_that_call_functions_make_nothing():
    text = (
        "fn half(x)\n  return x / 2\n\nmodule M\n  first(x)\n    return half(x)\n\n"
        "  second(x)\n    return half(first(x))\n\n  call(x)\n    return Dense(3)(second(x))\n"
    )
    model = namespace(text).M()
    variables = model.init(KEY, X)
    assert variables["params"].keys() == {"Dense_0"}
    same(model.apply(variables, X, method="second"), X / 4)


def test_sizes_of_values_have_names():
    text = (
        "module Patches\n  dim: int = 4\n\n  call(x: f32[b, h, c])\n"
        "    y: f32[b, n, dim] = Conv(dim, 2, strides=2)(x)\n    param pos: f32[n, dim] = ones()\n"
        "    return y + pos\n\n"
        "fn rest(x: f32[*s])\n  y: f32[*s, n, 2 * n, n] = f(x)\n  return zeros((n,))\n\n"
        "fn f(x: f32[*s])\n  return x[..., none, none, none] * ones((3, 6, 3))\n\n"
        "fn g(x)\n  y: f32[n, n] = x\n  return zeros((n,))\n"
    )
    m = namespace(text)
    variables = m.Patches().init(KEY, jnp.ones((2, 6, 3)))
    assert variables["params"]["pos"].shape == (3, 4)
    assert m.rest(X).shape == (3,)
    with pytest.raises(LiftTraceError) as caught:
        m.g(X)
    (problem,) = caught.value.diagnostics
    assert (problem.message, problem.hints) == (
        "`y` is declared f32[n, n], found f32[3, 5]",
        ("the declared sizes are [3, 3]",),
    )


def test_tuples_are_spliced():
    text = (
        "module Skips\n  widths: (int, ...) = (4, 3)\n\n  call(x: f32[*b, d])\n    skips = ()\n"
        "    for width in (*widths, d)\n      x = tanh(Dense(width)(x))\n      skips = (*skips, x)\n"
        "    return concatenate((*skips, zeros((*b, 1))), axis=-1)\n"
    )

    class Skips(nn.Module):
        widths: tuple = (4, 3)

        @nn.compact
        def __call__(self, x):
            skips = []
            for width in (*self.widths, x.shape[-1]):
                x = jnp.tanh(nn.Dense(width)(x))
                skips.append(x)
            return jnp.concatenate([*skips, jnp.zeros((*x.shape[:-1], 1))], axis=-1)

    same_modules(namespace(text).Skips(), Skips(), X)
    text = (
        "fn both(x: f32[n])\n  a = (x, 2 * x)\n  return *a, x\n\n"
        "fn declared(x: f32[n]) -> (f32[n], f32[n], f32[n])\n  a = (x, 2 * x)\n  return *a, x\n\n"
        "fn use(x: f32[n])\n  a, b, c = both(x)\n  return declared(x)[1] + b + c\n"
    )
    m = namespace(text)
    same(m.both(X[0]), (X[0], 2 * X[0], X[0]))
    same(m.declared(X[0]), (X[0], 2 * X[0], X[0]))
    same(m.use(X[0]), 5 * X[0])
