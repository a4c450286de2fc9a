"""Every lift of a `.lift` file is the lift of Python: of modules, of methods, of functions."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import functional
from stablelift.frontend.language.diagnostics import LiftTraceError
from stablelift.frontend.language.load import load
from tests.support import assert_close

from .test_constructs import namespace, same

HERE = Path(__file__).parent
KEY = jax.random.key(5)
X = jnp.linspace(-1.0, 1.0, 2 * 3 * 5).reshape(2, 3, 5)
Y = X[0]


class Layer(nn.Module):
    width: int = 5

    @nn.compact
    def __call__(self, x):
        mean = self.variable("batch_stats", "mean", jnp.zeros, (x.shape[-1],))
        mean.value = mean.value + 1
        return jnp.tanh(nn.Dense(self.width)(x)) + jnp.sum(mean.value)


class Step(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        y = jnp.tanh(nn.Dense(carry.shape[-1])(carry) + x)
        return y, jnp.sum(y, axis=-1)


class Residual(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + jnp.tanh(nn.Dense(x.shape[-1])(x))


class Twin(nn.Module):
    width: int = 3

    def setup(self):
        self.front = nn.Dense(self.width)
        self.back = nn.Dense(5)

    def encode(self, x):
        return self.front(x)

    def __call__(self, x):
        return self.back(self.encode(x))


class Centre(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(x.shape[-1])(x) - jax.lax.pmean(x, "batch")


class Power(nn.Module):
    @nn.compact
    def __call__(self, x, times):
        for _ in range(times):
            x = x * x
        return nn.Dense(x.shape[-1])(x)


def scaled(by, names):
    def mapped(tree):
        if not hasattr(tree, "items"):
            return tree
        return {k: v * by if k in names and not hasattr(v, "items") else mapped(v) for k, v in tree.items()}

    return mapped


def everything(by):
    return lambda tree: jax.tree.map(lambda array: array * by, tree)


SPLIT, JOINT = {"split_rngs": {"params": True}}, {"split_rngs": {"params": False}}
POLICY = jax.checkpoint_policies.dots_saveable
TWINS = {
    "Rows": (nn.vmap(Layer, {"params": 0, "batch_stats": None}, in_axes=1, **SPLIT), (X,)),
    "Loop": (
        nn.scan(Step, variable_broadcast="params", in_axes=1, out_axes=1, **JOINT),
        (Y, X.swapaxes(0, 1)),
    ),
    "Deep": (
        nn.scan(
            nn.remat(Step, policy=POLICY),
            length=3,
            variable_axes={"params": 0},
            in_axes=nn.broadcast,
            out_axes=-1,
            **SPLIT,
        ),
        (Y, Y),
    ),
    "Repeated": (nn.remat_scan(Residual, lengths=(2, 3)), (Y,)),
    "Again": (nn.checkpoint(Residual, prevent_cse=False), (Y,)),
    "Compiled": (nn.jit(Residual), (Y,)),
    "Folded": (nn.fold_rngs(Residual), (Y,)),
    "Encoders": (nn.vmap(Twin, {"params": None}, methods=["encode"], in_axes=1, **JOINT), (X,)),
    "Doubled": (
        nn.map_variables(nn.Dense, "params", scaled(2, ["kernel"]), scaled(0.5, ["kernel"]), True, True),
        (Y,),
    ),
    "Plain": (nn.map_variables(nn.Dense, "params", everything(2), init=True), (Y,)),
    "Centred": (
        nn.vmap(Centre, {"params": None}, axis_name="batch", spmd_axis_name="data", **JOINT),
        (X,),
    ),
    "Unrolled": (nn.scan(Step, variable_broadcast="params", reverse=True, unroll=2, **JOINT), (Y, X)),
    "Halves": (nn.remat_scan(Residual, lengths=(2, 2)), (Y,)),
    "Powered": (nn.jit(Power, static_argnums=2), (Y, 3)),
    "Named": (
        nn.add_metadata_axis(nn.vmap(nn.Dense, {"params": 0}, **SPLIT), variable_axes={"params": 0}),
        (X,),
    ),
}


@pytest.fixture(scope="module")
def lifts():
    return load(HERE / "lifts.lift")


@pytest.mark.parametrize("name", TWINS)
def test_a_lift_of_a_module(lifts, name):
    twin, arguments = TWINS[name]
    fields = {"features": 4} if name in ("Doubled", "Plain", "Named") else {}
    ours, theirs = getattr(lifts, name)(**fields), twin(**fields)
    value, variables = ours.init_with_output(KEY, *arguments)
    wanted, expected = theirs.init_with_output(KEY, *arguments)
    same(variables, expected)
    same(value, wanted)

    def loss(model):
        def run(params):
            out, _ = model.apply({**variables, "params": params}, *arguments, mutable=["batch_stats"])
            return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(out))

        return functional.grad(run)(variables["params"])

    # XLA need not round two programs alike: on some processors it does not in this one.
    (assert_close if name == "Halves" else same)(loss(ours), loss(theirs))
    if name == "Encoders":
        same(
            ours.apply(variables, X, method="encode"),
            theirs.apply(variables, X, method="encode"),
        )


def test_a_collection_that_is_only_read(lifts):
    mean = jnp.arange(10.0).reshape(2, 5)
    same(lifts.Shared().apply({"batch_stats": {"mean": mean}}, X), X - mean[:, None])


FUNCTIONS = """
fn f(x: f32[n], y: f32[n]) -> f32
  return sum(sin(x) * y * y)

fn cube(x: f32[*s]) -> f32[*s]
  return x * x * x

fn step(carry: f32[n], x: f32[n]) -> (f32[n], f32)
  return tanh(carry + x), sum(carry)

fn small(state: (f32[n], i32)) -> bool
  x, i = state
  return i < 4

fn grow(state: (f32[n], i32)) -> (f32[n], i32)
  x, i = state
  return x * 1.5, i + 1

fn forward(x: f32[*s]) -> (f32[*s], f32[*s])
  return cube(x), x

fn backward(x: f32[*s], ct: f32[*s]) -> f32[*s]
  return clip(ct * x, -0.1, 0.1)

lift gradient = grad(f)
lift both = value_and_grad(f, argnums=(0, 1))
lift second = vmap(grad(grad(cubed)))
lift moved = jvp(f)
lift pulled = vjp(cube)
lift rows = vmap(f, in_axes=(0, none))
lift loop = scan(step)
lift counted = while_loop(small, grow)
lift chosen = cond(cube, backwards)
lift picked = switch(cube, backwards, cube)
lift clipped = custom_vjp(cube, forward, backward)
lift stored = jit(remat(cube, policy=nothing_saveable))

fn cubed(x: f32) -> f32
  return x ** 3

fn backwards(x: f32[*s]) -> f32[*s]
  return -x

fn pull(x: f32[n]) -> (f32[n], f32[n])
  y, pullback = pulled(x)
  return y, pullback(ones_like(x))
"""


def test_lifts_of_functions():
    m = namespace(FUNCTIONS)
    a, b = jnp.linspace(0.1, 1.0, 4), jnp.linspace(1.0, 2.0, 4)
    f = lambda x, y: jnp.sum(jnp.sin(x) * y * y)  # noqa: E731
    close = lambda left, right: jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, 1e-5), left, right)  # noqa: E731
    close(m.gradient(a, b), jax.grad(f)(a, b))
    close(m.both(a, b), jax.value_and_grad(f, (0, 1))(a, b))
    close(m.second(a), 6 * a)
    close(m.moved((a, b), (b, a)), jax.jvp(f, (a, b), (b, a)))
    close(m.pull(a), (a**3, 3 * a**2))
    close(m.rows(jnp.stack([a, b]), b), jnp.stack([f(a, b), f(b, b)]))
    xs = jnp.stack([a, b, a])
    close(m.loop(a, xs), jax.lax.scan(lambda c, x: (jnp.tanh(c + x), jnp.sum(c)), a, xs))
    close(m.counted((a, 1)), (a * 1.5**3, jnp.asarray(4)))
    close(m.chosen(True, a), a**3)
    close(m.picked(1, a), -a)
    close(m.stored(a), a**3)
    close(m.clipped(a), a**3)
    close(functional.grad(lambda x: jnp.sum(m.clipped(x)))(b), jnp.full(4, 0.1))
    assert m.gradient.__name__ == "gradient"


MODULES = """
module Field
  width: int = 8

  inner = Dense(width)
  last = Dense(1)

  u(x: f32, t: f32) -> f32
    return squeeze(last(tanh(inner(stack((x, t))))), axis=0)

  residual(x: f32, t: f32) -> f32
    u_xx = grad(grad(u))(x, t)
    _, u_t = value_and_grad(u, argnums=1)(x, t)
    value, along = jvp(u)((x, t), (1.0, 0.0))
    return u_t - u_xx + along * value

  pulled(x: f32, t: f32) -> (f32, f32)
    y, pullback = vjp(u)(x, t)
    return pullback(2.0)

  call(x: f32[n], t: f32[n]) -> f32[n]
    return vmap(residual)(x, t)

module Chooser
  left = Dense(3)
  right = Dense(3)

  twice(x: f32[3]) -> f32[3]
    return right(left(x))

  start(x: f32[3]) -> bool
    return sum(x) < 3

  call(x: f32[3]) -> f32[3]
    y = cond(left, right)(x[0] > 0, x) + switch(left, twice)(1, x)
    return y
"""


class Field(nn.Module):
    width: int = 8

    def setup(self):
        self.inner = nn.Dense(self.width)
        self.last = nn.Dense(1)

    def u(self, x, t):
        return self.last(jnp.tanh(self.inner(jnp.stack((x, t))))).squeeze(0)

    def __call__(self, x, t):
        return jax.vmap(self.u)(x, t)


def test_lifts_of_methods_see_the_variables():
    model = namespace(MODULES.split("module Chooser")[0]).Field()
    x, t = jnp.linspace(0.0, 1.0, 5), jnp.linspace(0.5, 1.0, 5)
    variables = model.init(KEY, x, t)
    expected = Field().init(KEY, x, t)
    same(variables, expected)

    def residual(x, t):
        u = lambda x, t: Field().apply(variables, x, t, method="u")  # noqa: E731
        u_x, u_t = jax.grad(u, (0, 1))(x, t)
        return u_t - jax.grad(jax.grad(u))(x, t) + u_x * u(x, t)

    np.testing.assert_allclose(model.apply(variables, x, t), jax.vmap(residual)(x, t), rtol=2e-5, atol=1e-6)
    u = lambda x, t: Field().apply(variables, x, t, method="u")  # noqa: E731
    found = model.apply(variables, x[1], t[1], method="pulled")
    np.testing.assert_allclose(found, 2 * jnp.stack(jax.grad(u, (0, 1))(x[1], t[1])), rtol=1e-5)


def test_branches_of_submodules():
    text = MODULES.split("module Chooser")[1].replace(
        "    return y if is_first(x) else y\n", "    return y\n"
    )
    model = namespace("module Chooser" + text).Chooser()
    x = jnp.arange(3.0) + 1
    variables = model.init(KEY, x)
    params = variables["params"]
    dense = lambda name, x: x @ params[name]["kernel"] + params[name]["bias"]  # noqa: E731
    wanted = dense("left", x) + dense("right", dense("left", x))
    np.testing.assert_allclose(model.apply(variables, x), wanted, rtol=1e-5)


def test_functions_of_different_modules_are_refused():
    text = "module M\n  call(x: f32[3])\n    a = Dense(3)\n    b = Dense(3)\n    return cond(a, b)(true, x)\n"
    with pytest.raises(LiftTraceError, match="use the variables of different modules"):
        namespace(text).M().init(KEY, jnp.ones(3))


def test_custom_vjp_of_a_method():
    text = (
        "module M\n  inner = Dense(2)\n\n  g(x: f32[3]) -> f32[2]\n    return sin(inner(x))\n\n"
        "  forward(x: f32[3]) -> (f32[2], f32[3])\n    return g(x), x\n\n"
        "  call(x: f32[3]) -> f32[2]\n    return custom_vjp(g, forward, backward)(x)\n\n"
        "fn backward(x: f32[3], ct: f32[2]) -> f32[3]\n  return x * sum(ct)\n"
    )
    model = namespace(text).M()
    x = jnp.array([0.1, 0.2, 0.3])
    variables = model.init(KEY, x)

    def gradients(method):
        weights = jnp.array([1.0, 3.0])
        loss = lambda variables, x: jnp.sum(model.apply(variables, x, method=method) * weights)  # noqa: E731
        return functional.value_and_grad(loss, (0, 1))(variables, x)

    value, (ours, by_x) = gradients("__call__")
    expected, (theirs, _) = gradients("g")
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5), ours, theirs)
    np.testing.assert_allclose(by_x, 4 * x, rtol=1e-6)
