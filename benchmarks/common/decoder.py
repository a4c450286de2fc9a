"""A decoder of equal layers, in the namespace of either library, and a step of its training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax

VOCABULARY, WIDTH, HEADS, SEQUENCE, BATCH = 256, 128, 4, 64, 2


def decoder(nn: Any, spelling: str = "linen", *, scanned: bool = False) -> Any:
    """The class of the model in the library `nn`; its field is its depth.

    `spelling` says how the layer norm is written: by the library's own, or as `((x - m) ** 2).mean()`.
    The layers are a plain Python loop, or with `scanned` a hand-written `nn.scan`.
    """

    class Norm(nn.Module):
        @nn.compact
        def __call__(self, x):
            scale = self.param("scale", nn.initializers.ones, (x.shape[-1],))
            bias = self.param("bias", nn.initializers.zeros, (x.shape[-1],))
            mean = x.mean(-1, keepdims=True)
            variance = ((x - mean) ** 2).mean(-1, keepdims=True)
            return (x - mean) / jnp.sqrt(variance + 1e-6) * scale + bias

    norm = nn.LayerNorm if spelling == "linen" else Norm

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x, mask):
            x = x + nn.MultiHeadDotProductAttention(HEADS)(norm()(x), mask=mask)
            h = nn.gelu(nn.Dense(4 * WIDTH)(norm()(x)))
            return x + nn.Dense(WIDTH)(h)

    class Step(Block):
        def __call__(self, x, mask):
            return super().__call__(x, mask), None

    class Decoder(nn.Module):
        depth: int

        @nn.compact
        def __call__(self, tokens):
            x = nn.Embed(VOCABULARY, WIDTH)(tokens)
            x = x + self.param("positions", nn.initializers.normal(0.02), (tokens.shape[1], WIDTH))
            mask = nn.make_causal_mask(tokens)
            if scanned:
                layers = nn.scan(
                    Step,
                    variable_axes={"params": 0},
                    split_rngs={"params": True},
                    in_axes=nn.broadcast,
                    length=self.depth,
                )
                x, _ = layers()(x, mask)
            else:
                for _ in range(self.depth):
                    x = Block()(x, mask)
            return nn.Dense(VOCABULARY)(norm()(x))

    return Decoder


def training_step(model: Any, optimiser: Any, value_and_grad: Callable[..., Any]) -> Callable[..., Any]:
    """A new function (params, optimiser state, tokens) -> (params, state, loss), which nobody has traced."""

    def step(params: Any, state: Any, tokens: Any) -> Any:
        def loss(params: Any) -> Any:
            logits = model.apply(params, tokens)
            targets = jnp.roll(tokens, -1, axis=1)
            return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()

        value, gradients = value_and_grad(loss)(params)
        updates, state = optimiser.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, value

    return step
