"""The programs that benchmarks measure: functions of parameters and data, written with flax.linen or plain
JAX.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp


class Workload(NamedTuple):
    """A scalar function of parameters and data, and arguments for it."""

    name: str
    function: Callable[[Any, Any], jax.Array]
    parameters: Any
    data: Any


class Block(nn.Module):
    """One pre-norm transformer layer."""

    heads: int = 4

    @nn.compact
    def __call__(self, x):
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(num_heads=self.heads)(y, mask=nn.make_causal_mask(x[..., 0]))
        y = nn.Dense(4 * x.shape[-1])(nn.LayerNorm()(x))
        return x + nn.Dense(x.shape[-1])(nn.gelu(y))


class Transformer(nn.Module):
    """A language model: embeddings, `layers` blocks, logits."""

    layers: int = 12
    width: int = 128
    vocabulary: int = 256

    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(self.vocabulary, self.width)(tokens)
        x = x + self.param("position", nn.initializers.normal(0.02), (tokens.shape[-1], self.width))
        for _ in range(self.layers):
            x = Block()(x)
        return nn.Dense(self.vocabulary)(nn.LayerNorm()(x))


class ConvNet(nn.Module):
    """Residual stages of 3x3 convolutions with pooling between them."""

    widths: tuple[int, ...] = (16, 32)
    blocks: int = 2

    @nn.compact
    def __call__(self, images):
        x = nn.Conv(self.widths[0], (3, 3))(images)
        for width in self.widths:
            x = nn.Conv(width, (3, 3), strides=(2, 2))(x)
            for _ in range(self.blocks):
                y = nn.Conv(width, (3, 3))(nn.relu(nn.GroupNorm(num_groups=4)(x)))
                x = x + nn.Conv(width, (3, 3))(nn.relu(nn.GroupNorm(num_groups=4)(y)))
        return nn.Dense(10)(nn.avg_pool(x, (2, 2)).reshape(x.shape[0], -1))


def transformer(layers: int = 12, width: int = 128, length: int = 64, batch: int = 2) -> Workload:
    """Next-token loss of a transformer."""
    model = Transformer(layers, width)
    tokens = jax.random.randint(jax.random.key(1), (batch, length), 0, model.vocabulary)

    def loss(parameters: Any, tokens: Any) -> jax.Array:
        logits = nn.log_softmax(model.apply(parameters, tokens))
        return -jnp.mean(jnp.take_along_axis(logits[:, :-1], tokens[:, 1:, None], -1))

    return Workload(f"transformer, {layers} layers", loss, model.init(jax.random.key(0), tokens), tokens)


def conv_net(batch: int = 8, size: int = 16) -> Workload:
    """Classification loss of a residual convolutional net."""
    model = ConvNet()
    images = jax.random.normal(jax.random.key(1), (batch, size, size, 3))

    def loss(parameters: Any, images: Any) -> jax.Array:
        return -jnp.mean(nn.log_softmax(model.apply(parameters, images))[:, 0])

    return Workload("residual conv net", loss, model.init(jax.random.key(0), images), images)


def lstm(steps: int = 128, batch: int = 8, units: int = 64) -> Workload:
    """Mean square of what an LSTM, scanned over time, puts out."""
    cell = nn.OptimizedLSTMCell(units)
    inputs = jax.random.normal(jax.random.key(1), (steps, batch, units))
    carry = cell.initialize_carry(jax.random.key(0), inputs[0].shape)

    def loss(parameters: Any, inputs: Any) -> jax.Array:
        def step(carry: Any, x: Any) -> Any:
            return cell.apply(parameters, carry, x)

        return jnp.mean(jax.lax.scan(step, carry, inputs)[1] ** 2)

    return Workload(f"LSTM, {steps} steps", loss, cell.init(jax.random.key(0), carry, inputs[0]), inputs)


def physics_informed(points: int = 256, width: int = 64) -> tuple[Workload, Callable[[Any], Workload]]:
    """The heat equation's residual of a two-layer network u(t, x): u_t = u_xx at random points.

    Returns the network alone (its mean output), and the residual's loss as a function of the library that
    differentiates and maps (`jax`, or `stablelift.functional`), since that is part of the program.
    """
    keys = jax.random.split(jax.random.key(0), 4)
    weights = {
        "in": jax.random.normal(keys[0], (2, width)),
        "mid": jax.random.normal(keys[1], (width, width)) / width**0.5,
        "out": jax.random.normal(keys[2], (width,)) / width**0.5,
    }
    data = jax.random.uniform(keys[3], (points, 2))

    def network(weights: Any, t: Any, x: Any) -> jax.Array:
        hidden = jnp.tanh(jnp.stack([t, x]) @ weights["in"])
        return jnp.tanh(hidden @ weights["mid"]) @ weights["out"]

    def value(library: Any) -> Callable[[Any, Any], jax.Array]:
        def mean(weights: Any, data: Any) -> jax.Array:
            return jnp.mean(library.vmap(lambda point: network(weights, *point))(data))

        return mean

    def residual(library: Any) -> Workload:
        def loss(weights: Any, data: Any) -> jax.Array:
            def at(point: Any) -> jax.Array:
                t, x = point
                u_t = library.grad(network, 1)(weights, t, x)
                u_xx = library.grad(lambda x: library.grad(network, 2)(weights, t, x))(x)
                return u_t - u_xx

            return jnp.mean(library.vmap(at)(data) ** 2)

        return Workload("physics-informed net", loss, weights, data)

    return Workload("network", value(jax), weights, data), residual
