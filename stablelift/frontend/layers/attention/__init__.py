"""Attention: the layer, the functions it is made of, and masks."""

from __future__ import annotations

from stablelift.frontend.layers.attention.dot_product import (
    dot_product_attention,
    dot_product_attention_weights,
)
from stablelift.frontend.layers.attention.masks import combine_masks, make_attention_mask, make_causal_mask
from stablelift.frontend.layers.attention.multi_head import (
    MultiHeadAttention,
    MultiHeadDotProductAttention,
    SelfAttention,
)
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "MultiHeadAttention",
    "MultiHeadDotProductAttention",
    "SelfAttention",
    "combine_masks",
    "dot_product_attention",
    "dot_product_attention_weights",
    "make_attention_mask",
    "make_causal_mask",
]

__getattr__ = neighbours(__name__)
