"""Attention, with masks, dropout, a cache and contractions of one's own."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from .table import Case, bf16, f16, flags, floats, normal, of

HEADS = {"num_heads": 2}
TOKENS, OTHERS = floats(2, 3, 8), floats(2, 5, 6)
NOISY = {"dropout_rate": 0.4, "deterministic": False}
ATTENTION = [
    of("MultiHeadDotProductAttention", TOKENS, **HEADS),
    of(
        "MultiHeadDotProductAttention",
        TOKENS,
        OTHERS,
        **HEADS,
        qkv_features=12,
        out_features=7,
        normalize_qk=True,
        use_bias=False,
    ),
    of(
        "MultiHeadDotProductAttention",
        TOKENS,
        OTHERS,
        OTHERS + 1,
        **HEADS,
        bias_init=normal,
        out_bias_init=normal,
        out_kernel_init=normal,
    ),
    of(
        "MultiHeadDotProductAttention",
        TOKENS,
        call={"inputs_kv": OTHERS},
        **HEADS,
        param_dtype=bf16,
        normalize_qk=True,
    ),
    of("MultiHeadAttention", TOKENS, call={"mask": flags(2, 1, 3, 3)}, **HEADS, **NOISY),
    of("MultiHeadAttention", TOKENS, call={"deterministic": True}, **HEADS, dropout_rate=0.4),
    of("MultiHeadAttention", TOKENS, call={"deterministic": True}, **HEADS, deterministic=True),
    of(
        "SelfAttention",
        TOKENS,
        **HEADS,
        **NOISY,
        broadcast_dropout=False,
        dtype=bf16,
        force_fp32_for_softmax=True,
    ),
    of("SelfAttention", TOKENS, call={"sow_weights": True}, mutable=["intermediates"], **HEADS, dtype=f16),
    of(
        "SelfAttention",
        TOKENS[0],
        call={"mask": flags(2, 3, 3)},
        **HEADS,
        qkv_dot_general=jax.lax.dot_general,
        out_dot_general_cls=lambda: jax.lax.dot_general,
    ),
    of(
        "SelfAttention",
        TOKENS[None],
        **HEADS,
        qk_attn_weights_einsum_cls=lambda: jnp.einsum,
        attn_weights_value_einsum_cls=lambda: jnp.einsum,
    ),
    of("SelfAttention", TOKENS[:, :1], mutable=["cache"], **HEADS, decode=True),
    of(
        "SelfAttention",
        TOKENS[:, :1],
        mutable=["cache"],
        call={"mask": flags(2, 1, 1, 1)},
        **HEADS,
        decode=True,
        dtype=bf16,
    ),
    Case(
        "SelfAttention of a function that names few arguments",
        lambda nn: nn.SelfAttention(
            2, attention_fn=lambda q, k, v, mask, **rest: nn.dot_product_attention(q, k, v, mask=mask)
        ),
        (TOKENS,),
        {"mask": flags(2, 1, 3, 3)},
    ),
]
