"""The layers that contract in eight-bit floats, step by step beside Linen's: values, gradients, scales."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import stablelift
from stablelift import functional

from ..parity import KEY, assert_same_tree
from .cases.table import floats

linen = pytest.importorskip("flax.linen")

OWG = stablelift.fp8_ops.OVERWRITE_WITH_GRADIENT
OPS = ("Fp8DirectDotGeneralOp", "Fp8DotGeneralOp", "NANOOFp8DotGeneralOp")
X = floats(6, 4, 12)

pytestmark = pytest.mark.filterwarnings("ignore:.*Fp8DotGeneralOp:DeprecationWarning")


def dense(nn, op):
    return nn.Dense(5, dot_general_cls=getattr(nn, op))


def general(nn, op):
    return nn.DenseGeneral((3, 5), axis=(-1, 1), batch_dims=(0,), dot_general_cls=getattr(nn, op))


def attention(nn, op):
    ops = {"qkv_dot_general_cls": getattr(nn, op), "out_dot_general_cls": getattr(nn, op)}
    return nn.MultiHeadDotProductAttention(3, use_bias=False, **ops)


def einsum(nn, op):
    class Product(nn.Module):
        @nn.compact
        def __call__(self, x):
            kernel = self.param("kernel", nn.initializers.normal(1.0), (5, 12))
            return nn.Fp8Einsum()("...k,nk->...n", x, kernel)

    return Product()


def block(nn, op):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            x = nn.tanh(nn.Dense(12, dot_general_cls=getattr(nn, op))(x))
            return x, x.sum()

    return Block


def scanned(nn, op):
    axes = {"variable_axes": {"params": 0, OWG: 0}, "split_rngs": {"params": True}}
    return first(nn, nn.scan(nn.remat(block(nn, op)), length=3, **axes)())


def repeated(nn, op):
    """One layer in all steps: what its scales become is added up, in Linen too."""
    axes = {"variable_broadcast": ["params", OWG], "split_rngs": {"params": False}}
    return first(nn, nn.scan(block(nn, op), length=3, **axes)())


def first(nn, layer):
    class First(nn.Module):
        inner: nn.Module

        def __call__(self, x):
            return self.inner(x, None)[0]

    return First(layer)


def mapped(nn, op):
    axes = {"variable_axes": {"params": 0, OWG: 0}, "split_rngs": {"params": True}}
    return nn.vmap(nn.Dense, **axes)(5, dot_general_cls=getattr(nn, op))


def outlined(nn, op):
    return nn.jit(nn.remat(nn.Dense))(5, dot_general_cls=getattr(nn, op))


BUILDS = (dense, general, attention, scanned, repeated, mapped, outlined)
CASES = [(build, op) for build in BUILDS for op in OPS[: {dense: 3, scanned: 2}.get(build, 1)]]
CASES.append((einsum, None))


def stepped(nn, build, op, gradient, compiled, steps=3):
    """Variables after some steps, in which scales and histories are overwritten; and the last gradients."""
    model = build(nn, op)

    def loss(variables, x):
        return jnp.sum(jnp.sin(model.apply(variables, x)))

    @compiled
    def step(variables, x):
        of_variables, of_x = gradient(loss, (0, 1))(variables, x)
        params = jax.tree.map(lambda p, g: p - 0.1 * g, variables["params"], of_variables["params"])
        return {"params": params, OWG: of_variables[OWG]}, of_x

    variables, of_x = model.init(KEY, X), None
    for number in range(steps):
        variables, of_x = step(variables, X * (1 + number))
    return variables, of_x


@functools.cache
def steps_of_linen(build, op):
    return stepped(linen, build, op, jax.grad, jax.jit)


def plain(function):
    return function


MODES = {
    "by JAX": (jax.grad, jax.jit),
    "by JAX, op by op": (jax.grad, plain),
    "ours": (functional.grad, jax.jit),
    "compiled": (functional.grad, lambda step: stablelift.compile(step)),
}


@pytest.mark.parametrize("op", OPS)
def test_values_and_variables_are_linens_bit_for_bit(op):
    values = [dense(nn, op).init_with_output(KEY, X) for nn in (linen, stablelift)]
    assert_same_tree(*values)
    assert list(values[1][1]) == ["params", OWG]
    shapes = {name: leaf.shape for name, leaf in values[1][1][OWG][f"{op}_0"].items()}
    assert set(shapes.values()) == {(1024,), (1,)} and len(shapes) == 6


@pytest.mark.parametrize(("build", "op"), CASES)
def test_steps_are_linens(build, op):
    expected = steps_of_linen(build, op)
    for mode in ("by JAX", "ours"):
        found = stepped(stablelift, build, op, *MODES[mode])
        assert_same_tree(expected, found, close=True, rtol=3e-5)


@pytest.mark.parametrize("mode", ["by JAX, op by op", "compiled"])
@pytest.mark.parametrize("build", [dense, scanned])
def test_steps_are_linens_however_they_run(build, mode):
    expected = steps_of_linen(build, OPS[0])
    found = stepped(stablelift, build, OPS[0], *MODES[mode])
    assert_same_tree(expected, jax.tree.map(np.asarray, found), close=True, rtol=3e-5)


def test_scales_and_histories_follow_the_magnitudes():
    model = stablelift.Dense(5, use_bias=False, dot_general_cls=stablelift.Fp8DotGeneral)
    variables = model.init(KEY, X)
    grad = functional.grad(lambda variables, x: model.apply(variables, x).sum())
    for number in range(3):
        variables = {**variables, OWG: grad(variables, X * (number + 1))[OWG]}
    found = variables[OWG]["Fp8DirectDotGeneralOp_0"]
    largest = np.abs(X).max()
    np.testing.assert_allclose(found["input_amax_history"][:3], [3 * largest, 0, 0])
    np.testing.assert_allclose(found["input_amax_history"][-2:], [largest, 2 * largest])
    np.testing.assert_allclose(found["input_scale"], 2 * largest / 448)
    np.testing.assert_allclose(found["output_grad_scale"], 1 / 57344)


def trained(nn, compiled, train_state):
    """Steps by the TrainState of flax, which overwrites what is to be overwritten."""
    model = dense(nn, "Fp8DotGeneral")
    x, y = floats(8, 12), floats(8, 5, seed=1)
    state = train_state.TrainState.create(apply_fn=model.apply, params=model.init(KEY, x), tx=optax.adam(0.1))
    gradient = functional.grad if nn is stablelift else jax.grad

    def step(state):
        grads = gradient(lambda params: jnp.mean((state.apply_fn(params, x) - y) ** 2))(state.params)
        return state.apply_gradients(grads=grads)

    step = compiled(step)
    for _ in range(4):
        state = step(state)
    return jax.tree.map(np.asarray, (state.params, state.opt_state))


def test_a_train_state_of_flax_overwrites_the_scales():
    train_state = pytest.importorskip("flax.training.train_state")
    expected = trained(linen, jax.jit, train_state)
    for compiled in (jax.jit, lambda step: stablelift.compile(step, carry=1)):
        found = trained(stablelift, compiled, train_state)
        assert_same_tree(expected, found, close=True, rtol=1e-4)


def test_half_precision_computes_as_linens():
    layers = [nn.Dense(5, dtype=jnp.bfloat16, dot_general_cls=nn.Fp8DotGeneral) for nn in (linen, stablelift)]
    variables = layers[0].init(KEY, X)
    values = [jax.jit(layer.apply)(variables, X) for layer in layers]
    assert values[1].dtype == jnp.bfloat16
    assert_same_tree(*(value.astype(jnp.float32) for value in values), close=True, rtol=1e-2)


def test_the_deprecated_layer_says_so():
    with pytest.warns(DeprecationWarning, match="`Fp8DotGeneralOp` is deprecated"):
        stablelift.Fp8DotGeneralOp()


def test_another_call_than_of_dot_general_is_refused():
    with pytest.raises(stablelift.errors.LayerArgumentError) as caught:
        stablelift.Fp8DotGeneral().init(KEY, X, X)
    assert (
        str(caught.value)
        .split("\n", 1)[0]
        .endswith("error: expected inputs, a kernel and dimension numbers, found 2 positional arguments")
    )
