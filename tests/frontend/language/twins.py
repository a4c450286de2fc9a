"""The Modules and functions of norm.lift, in Python."""

import jax
import jax.numpy as jnp

import stablelift as nn


class Norm(nn.Module):
    epsilon: float = 1e-5
    momentum: float = 0.9

    @nn.compact
    def __call__(self, x):
        d = x.shape[-1]
        mean = self.variable("batch_stats", "mean", jnp.zeros, (d,))
        scale = self.param("scale", nn.initializers.ones, (d,))
        m = jnp.mean(jnp.reshape(x, (-1, d)), axis=0)
        mean.value = self.momentum * mean.value + (1 - self.momentum) * m
        return (x - m) * jax.lax.rsqrt(jnp.var(x, axis=-1, keepdims=True) + self.epsilon) * scale


class Attention(nn.Module):
    width: int
    heads: int = 2

    @nn.compact
    def __call__(self, x, mask):
        batch, t, d = x.shape
        query = self.param("query", nn.initializers.normal(stddev=0.02), (d, self.width))
        h = self.width // self.heads
        q = jnp.reshape(x @ query, (batch, t, self.heads, h))
        scores = jnp.einsum("bthd,bshd->bhts", q, q) / jnp.sqrt(h)
        p = jax.nn.softmax(jnp.where(mask, scores, -1e9))
        o = jnp.einsum("bhts,bshd->bthd", p, q)
        return jnp.reshape(o, (batch, t, self.width)), p


class Block(nn.Module):
    width: int = 8
    dtype: object = jnp.float32

    @nn.compact
    def __call__(self, x, mask):
        norm = Norm(epsilon=1e-6)
        y, weights = Attention(self.width)(norm(x), mask)
        initializer = nn.initializers.normal(0.02)
        project = nn.Dense(x.shape[-1], use_bias=False, kernel_init=initializer, name="out")
        return x + project(y) * 0.5 + jnp.astype(weights[0, 0, ..., :1], self.dtype)


Stacked = nn.vmap(
    Norm, variable_axes={"params": 0, "batch_stats": 0}, split_rngs={"params": True}, axis_size=3
)
Twice = nn.vmap(
    nn.vmap(nn.Dense, variable_axes={"params": None}, split_rngs={"params": False}),
    variable_axes={"params": 0},
    split_rngs={"params": True},
    in_axes=-1,
    out_axes=-2,
)


def cross_entropy(logits, labels):
    hot = jax.nn.one_hot(labels, logits.shape[-1])
    return -jnp.mean(jnp.sum(hot * jax.nn.log_softmax(logits), axis=-1))
