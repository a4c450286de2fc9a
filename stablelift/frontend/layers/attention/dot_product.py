"""Dot-product attention, as functions of queries, keys and values.

    weights = softmax(query · key / sqrt(depth) + bias),   result = weights · value

Source: Vaswani et al. 2017, arXiv:1706.03762.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.layers.dtypes import promote_dtype

Contraction = Callable[..., Any]


def dot_product_attention_weights(
    query: Any,
    key: Any,
    bias: Any = None,
    mask: Any = None,
    broadcast_dropout: bool = True,
    dropout_rng: Any = None,
    dropout_rate: float = 0.0,
    deterministic: bool = False,
    dtype: Any = None,
    precision: Any = None,
    module: Any = None,
    force_fp32_for_softmax: bool = False,
    einsum_dot_general: Contraction | None = None,
    einsum: Contraction | None = None,
) -> Any:
    """How much each query looks at each key: the softmax, over the keys, of their scaled product.

    `bias` is added before the softmax, where `mask` is false the weight is zero; both are broadcast to the
    weights. Unless `deterministic`, weights are dropped with probability `dropout_rate`, with
    `broadcast_dropout` the same ones for all batch entries and heads. `dtype` is what is computed in (None:
    promoted); with `force_fp32_for_softmax` the softmax of half floats is computed and returned as float32.
    With `module` the weights are sown as 'attention_weights' into its 'intermediates'. `einsum`, or the
    contraction `einsum_dot_general`, is used in place of JAX's.

    Shapes: query [*batch, queries, heads, depth], key [*batch, keys, heads, depth]
    -> [*batch, heads, queries, keys]. Raises: LayerArgumentError if the shapes do not fit, or without a key
    for dropout.
    """
    query, key = promote_dtype(query, key, dtype=dtype)
    dtype = query.dtype
    _check_shapes(query, key)
    query = query / jnp.sqrt(query.shape[-1]).astype(dtype)
    contract = _einsum("einsum", einsum, einsum_dot_general, precision)
    weights = contract("...qhd,...khd->...hqk", query, key)
    if bias is not None:
        weights = weights + bias
    if mask is not None:
        weights = jnp.where(mask, weights, jnp.finfo(dtype).min)
    if force_fp32_for_softmax and dtype != jnp.float32:
        weights = jax.nn.softmax(weights.astype(jnp.float32))
    else:
        weights = jax.nn.softmax(weights).astype(dtype)
    if module is not None:
        module.sow("intermediates", "attention_weights", weights)
    if deterministic or dropout_rate == 0.0:
        return weights
    if dropout_rng is None:
        raise LayerArgumentError(
            f"dropout with rate {dropout_rate} needs a key",
            hint="pass `dropout_rng`, or `deterministic=True`",
        )
    keep = 1.0 - dropout_rate
    shared = weights.ndim - 2 if broadcast_dropout else 0
    shape = (1,) * shared + weights.shape[shared:]
    kept = jax.random.bernoulli(dropout_rng, keep, shape)
    return weights * (kept.astype(dtype) / jnp.asarray(keep, dtype=dtype))


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    broadcast_dropout: bool = True,
    dropout_rng: Any = None,
    dropout_rate: float = 0.0,
    deterministic: bool = False,
    dtype: Any = None,
    precision: Any = None,
    module: Any = None,
    force_fp32_for_softmax: bool = False,
    einsum_dot_general: Contraction | None = None,
    qk_attn_weights_einsum: Contraction | None = None,
    attn_weights_value_einsum: Contraction | None = None,
) -> Any:
    """The mean of the values, weighted for each query by `dot_product_attention_weights`.

    The two einsums are those of query with key and of weights with values; give both or none.

    Shapes: query [*batch, queries, heads, depth], key [*batch, keys, heads, depth], value [*batch, keys,
    heads, width] -> [*batch, queries, heads, width]. Raises: LayerArgumentError if the shapes do not fit, for
    one einsum of two, or without a key for dropout.
    """
    query, key, value = promote_dtype(query, key, value, dtype=dtype)
    if (qk_attn_weights_einsum is None) != (attn_weights_value_einsum is None):
        raise LayerArgumentError(
            "one of `qk_attn_weights_einsum` and `attn_weights_value_einsum` is given",
            hint="pass both or none",
        )
    contract = _einsum("attn_weights_value_einsum", attn_weights_value_einsum, einsum_dot_general, precision)
    _check_shapes(query, key, value)
    weights = dot_product_attention_weights(
        query,
        key,
        bias,
        mask,
        broadcast_dropout,
        dropout_rng,
        dropout_rate,
        deterministic,
        query.dtype,
        precision,
        module,
        force_fp32_for_softmax,
        einsum_dot_general,
        qk_attn_weights_einsum,
    )
    return contract("...hqk,...khd->...qhd", weights, value)


def _einsum(
    option: str, einsum: Contraction | None, dot_general: Contraction | None, precision: Any
) -> Contraction:
    """The einsum that was given, as it is, or JAX's with what was given for it."""
    if einsum is None:
        options = {} if dot_general is None else {"_dot_general": dot_general}
        return partial(jnp.einsum, precision=precision, **options)
    if precision is not None or dot_general is not None:
        raise LayerArgumentError(
            f"`{option}` is given together with `precision` or `einsum_dot_general`",
            hint="let the einsum that you pass have them",
        )
    return einsum


def _check_shapes(query: Any, key: Any, value: Any = None) -> None:
    others = [key] if value is None else [key, value]
    rule = None
    if query.ndim < 3 or any(x.ndim != query.ndim for x in others):
        rule = "have equally many axes, at least three"
    elif any(x.shape[:-3] != query.shape[:-3] for x in others):
        rule = "have the same batch"
    elif any(x.shape[-2] != query.shape[-2] for x in others):
        rule = "have equally many heads"
    elif key.shape[-1] != query.shape[-1]:
        rule = "have the same depth (queries and keys)"
    elif value is not None and key.shape[-3] != value.shape[-3]:
        rule = "have the same length (keys and values)"
    if rule:
        shapes = {"query": query, "key": key, "value": value}
        raise LayerArgumentError(
            f"the operands of attention {rule}",
            *(f"{name}: {x.shape}" for name, x in shapes.items() if x is not None),
            hint="the axes are [*batch, length, heads, depth]",
        )
