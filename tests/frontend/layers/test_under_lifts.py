"""Layers inside lifts against Linen's: streams, collections and caches pass through as they do there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ..parity import KEY, assert_parity
from .cases.table import floats
from .test_parity import variables_of

X = floats(5, 3, 8)
STREAMS = {"params": KEY, "dropout": jax.random.key(1)}


def run(model, x, mutable=False):
    """The types of what `init` makes, and what `apply` makes of such variables."""
    shapes = jax.eval_shape(model.init, STREAMS, x)
    apply = jax.jit(lambda variables, x: model.apply(variables, x, rngs=STREAMS, mutable=mutable))
    return jax.tree.map(lambda shape: np.zeros(shape.shape, shape.dtype), shapes), apply(
        variables_of(shapes), x
    )


def transformer_of_equal_layers(nn):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            y = nn.LayerNorm()(x)
            mask = nn.make_causal_mask(y[..., 0])
            x = x + nn.MultiHeadAttention(2, dropout_rate=0.2, deterministic=False)(y, mask=mask)
            y = nn.gelu(nn.Dense(16)(nn.RMSNorm()(x)))
            return x + nn.Dropout(0.3, deterministic=False)(nn.Dense(8)(y)), None

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            layers = nn.scan(
                nn.remat(Block, prevent_cse=False),
                variable_axes={"params": 0},
                split_rngs={"params": True, "dropout": True},
                length=2,
            )
            return layers()(x, None)[0]

    return run(Model(), X)


def ensemble_of_convolutions(nn):
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.BatchNorm(use_running_average=False)(nn.Conv(4, (3,))(x))
            x = nn.avg_pool(nn.relu(x), (2,))
            return nn.Dropout(0.5, deterministic=False)(nn.Dense(2)(x))

    ensemble = nn.vmap(
        Net,
        variable_axes={"params": 0, "batch_stats": 0},
        split_rngs={"params": True, "dropout": True},
        in_axes=None,
        axis_size=3,
    )
    return run(ensemble(), X, mutable=["batch_stats"])


def several_lifted_layers(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            carry = (jnp.ones((5, 4)), jnp.zeros((5, 4)))
            return (
                nn.jit(nn.GroupNorm)(2)(x),
                nn.remat(nn.ConvTranspose)(4, (3,), padding="CIRCULAR")(x),
                nn.jit(nn.ConvLocal)(4, (2,))(x),
                nn.checkpoint(nn.OptimizedLSTMCell)(4)(carry, x[:, 0]),
                nn.remat(nn.WeightNorm)(nn.Dense(3))(x),
            )

    return run(Model(), X)


def ensemble_of_recurrent_networks(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            lifted = nn.vmap(
                nn.RNN, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=1, out_axes=1
            )
            return lifted(nn.GRUCell(4))(x)

    return run(Model(), jnp.stack([X, X + 1], axis=1))


def decoding_in_a_loop(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            attention = nn.MultiHeadAttention(2, decode=True)
            if self.is_initializing():
                attention(x)
            decode = nn.scan(
                lambda layer, carry, token: (carry, layer(token[:, None])[:, 0]),
                variable_broadcast="params",
                variable_carry="cache",
                split_rngs={"params": False},
                in_axes=1,
                out_axes=1,
            )
            return decode(attention, (), x)[1]

    return run(Model(), X, mutable=["cache"])


@pytest.mark.parametrize(
    "build",
    [
        transformer_of_equal_layers,
        ensemble_of_convolutions,
        several_lifted_layers,
        ensemble_of_recurrent_networks,
        decoding_in_a_loop,
    ],
)
def test_lifted_layers_are_linens(build):
    assert_parity(build, close=True)
