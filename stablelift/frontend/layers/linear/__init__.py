"""Linear layers: contractions, lookups and convolutions."""

from __future__ import annotations

from stablelift.frontend.layers.linear.convolution import Conv
from stablelift.frontend.layers.linear.dense import Dense, DenseGeneral, default_kernel_init
from stablelift.frontend.layers.linear.einsum import Einsum
from stablelift.frontend.layers.linear.embedding import Embed, default_embed_init
from stablelift.frontend.layers.linear.local_convolution import ConvLocal
from stablelift.frontend.layers.linear.padding import canonicalize_padding
from stablelift.frontend.layers.linear.transposed_convolution import ConvTranspose
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "Conv",
    "ConvLocal",
    "ConvTranspose",
    "Dense",
    "DenseGeneral",
    "Einsum",
    "Embed",
    "canonicalize_padding",
    "default_embed_init",
    "default_kernel_init",
]

__getattr__ = neighbours(__name__)
