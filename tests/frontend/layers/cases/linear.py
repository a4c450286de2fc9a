"""Contractions, lookups, convolutions, dropout, PReLU and Sequential."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from .table import IMAGES, Case, X, bf16, f16, flags, floats, integers, normal, of

LINEAR = [
    of("Dense", X, features=5),
    of("Dense", X.astype(bf16), features=5, use_bias=False, param_dtype=f16, kernel_init=normal),
    of("Dense", integers(2, 3), features=5, dtype=bf16),
    of("Dense", X, features=5, dot_general_cls=lambda: jax.lax.dot_general, precision="highest"),
    of("Dense", jnp.zeros((0, 4)), features=5),
    of("DenseGeneral", X, features=(5, 6), axis=(-1, 1)),
    of("DenseGeneral", X, features=5, axis=0, param_dtype=bf16),
    of("DenseGeneral", X, features=(5, 6), batch_dims=(0,), bias_init=normal),
    of("DenseGeneral", X, features=5, axis=(2, -2), batch_dims=0),
    of("DenseGeneral", floats(2, 3, 5, 4), features=5, axis=(2, 3), batch_dims=(0, 1), dtype=f16),
    of("DenseGeneral", X, features=(1, 5), axis=(0, 1, 2), use_bias=False),
    of("Einsum", X, shape=(4, 5, 6), einsum_str="abc,cde->abde", bias_init=normal),
    of("Einsum", X, shape=(4, 5, 3), einsum_str="abc,cdb->abd", bias_init=normal),
    of("Einsum", X, shape=(4, 5, 6), einsum_str="abc,cde->aebd", bias_init=normal),
    of("Einsum", floats(3, 6, 2, 4), shape=(2, 4, 5), einsum_str="...c, ...cd -> ...d", bias_init=normal),
    of("Einsum", X, shape=(4, 5), call={"einsum_str": "...c,cd->...d"}, dtype=bf16, use_bias=False),
    of("Embed", integers(2, 3), num_embeddings=7, features=5),
    of("Embed", jnp.array([-1, 0, 6, 7, -8]), num_embeddings=7, features=5),
    of("Embed", integers(2, 3, dtype=np.uint8), num_embeddings=7, features=5, dtype=bf16),
    of("Embed", integers(2, 3), num_embeddings=1, features=5, param_dtype=f16),
    of("Embed", X.astype(bf16), num_embeddings=7, features=4, method="attend"),
]


def _einsum(nn):
    class Product(nn.Module):
        @nn.compact
        def __call__(self, x, kernel):
            return nn.Fp8Einsum()("...k,nk->...n", x, kernel)

    return Product()


EIGHT_BITS = [
    *(
        Case(op, lambda nn, op=op: nn.Dense(5, dot_general_cls=getattr(nn, op)), (X,))
        for op in ("Fp8DotGeneral", "Fp8DirectDotGeneralOp", "Fp8DotGeneralOp", "NANOOFp8DotGeneralOp")
    ),
    Case("Fp8Einsum", _einsum, (X, floats(5, 4))),
]

CONVOLUTIONS = [
    of("Conv", IMAGES, features=6, kernel_size=(3, 2), bias_init=normal),
    of("Conv", X, features=5, kernel_size=3),
    of(
        "Conv",
        IMAGES,
        features=6,
        kernel_size=(3, 2),
        strides=(1, 2),
        padding="VALID",
        kernel_dilation=(2, 1),
    ),
    of(
        "Conv",
        IMAGES,
        features=6,
        kernel_size=(3, 2),
        padding=((1, 0), 2),
        input_dilation=(2, 1),
        strides=None,
    ),
    of("Conv", IMAGES, features=6, kernel_size=(3, 2), padding=1, feature_group_count=2),
    of("Conv", IMAGES, features=6, kernel_size=(4, 3), padding="CIRCULAR", kernel_dilation=2, strides=2),
    of("Conv", IMAGES, features=6, kernel_size=(4, 3), padding="REFLECT"),
    of("Conv", X, features=5, kernel_size=(2,), padding="CAUSAL", kernel_dilation=2),
    of("Conv", IMAGES[0], features=5, kernel_size=(3, 2)),
    of("Conv", floats(2, 1, 3, 5, 4), features=5, kernel_size=(2,), dtype=bf16, use_bias=False),
    of("Conv", X, features=5, kernel_size=(2,), mask=flags(2, 4, 5).astype(np.float32), param_dtype=f16),
    of("Conv", jnp.zeros((0, 5, 3)), features=5, kernel_size=(2,)),
    of("ConvLocal", IMAGES, features=6, kernel_size=(3, 2), bias_init=normal),
    of("ConvLocal", IMAGES, features=6, kernel_size=(3, 2), strides=(2, 1), padding=1, use_bias=False),
    of("ConvLocal", X[0], features=5, kernel_size=(2,), padding="CIRCULAR", dtype=bf16),
    of("ConvLocal", X, features=5, kernel_size=(2,), padding="CAUSAL", mask=flags(3, 8, 5)),
    of("ConvLocal", X, features=5, kernel_size=(2,), padding=1, input_dilation=2),
    of("ConvTranspose", IMAGES, features=5, kernel_size=(3, 2), bias_init=normal),
    of(
        "ConvTranspose",
        IMAGES,
        features=5,
        kernel_size=(3, 2),
        strides=(2, 3),
        padding="VALID",
        kernel_dilation=(1, 2),
    ),
    of("ConvTranspose", IMAGES[0], features=5, kernel_size=(3, 2), strides=(2, 3), transpose_kernel=True),
    of("ConvTranspose", IMAGES, features=5, kernel_size=(3, 2), strides=(2, 3), padding="CIRCULAR"),
    of(
        "ConvTranspose",
        IMAGES,
        features=5,
        kernel_size=(5, 4),
        strides=(2, 3),
        padding="CIRCULAR",
        transpose_kernel=True,
    ),
    of(
        "ConvTranspose",
        X,
        features=5,
        kernel_size=3,
        strides=2,
        padding=1,
        dtype=bf16,
        preferred_element_type=np.float32,
    ),
    of("ConvTranspose", IMAGES, features=5, kernel_size=(2,), use_bias=False, mask=flags(2, 4, 5)),
]

OTHER = [
    of("Dropout", X, rate=0.4, deterministic=False),
    of("Dropout", X.astype(bf16), rate=0.4, deterministic=False, broadcast_dims=(0, -1)),
    of("Dropout", X, rate=0.4, call={"deterministic": True}),
    of("Dropout", X, rate=0.4, call={"deterministic": False, "rng": jax.random.key(3)}),
    of("Dropout", X, rate=1.0, deterministic=False),
    of("Dropout", X, rate=0.0, deterministic=False),
    of("Dropout", jnp.zeros((0, 3)), rate=0.4, deterministic=False),
    of("PReLU", X),
    of("PReLU", X.astype(bf16), param_dtype=f16, negative_slope_init=0.3),
    Case(
        "Sequential of layers and functions",
        lambda nn: nn.Sequential([nn.Dense(5), nn.relu, nn.Dense(2)]),
        (X,),
    ),
    Case(
        "Sequential that passes on tuples and dicts",
        lambda nn: nn.Sequential(
            [nn.Dense(5), lambda x: (x, 2), lambda x, y: {"inputs": x * y}, nn.Dense(2)]
        ),
        (X,),
    ),
]
