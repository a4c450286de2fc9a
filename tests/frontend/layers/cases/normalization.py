"""Normalization of activations and of parameters."""

from __future__ import annotations

import jax.numpy as jnp

from .table import IMAGES, Case, X, as_text, bf16, f16, flags, integers, normal, of

TRAINED = {"use_running_average": False}
NORMALIZATION = [
    of("LayerNorm", X),
    of("LayerNorm", X, use_fast_variance=False, scale_init=normal, bias_init=normal, epsilon=0.1),
    of("LayerNorm", X, call={"mask": flags(2, 3, 4)}),
    of("LayerNorm", X, call={"mask": flags(2, 3, 1)}, use_fast_variance=False),
    of("LayerNorm", X, reduction_axes=(1, 2), feature_axes=(2, 0), scale_init=normal),
    of("LayerNorm", X.astype(bf16), dtype=f16, use_bias=False),
    of("LayerNorm", X.astype(bf16), force_float32_reductions=False, use_scale=False, use_bias=False),
    of("LayerNorm", X.astype(f16), param_dtype=bf16),
    of("LayerNorm", X + 1j * X[:, ::-1]),
    of("LayerNorm", integers(2, 3)),
    of("LayerNorm", jnp.zeros((0, 3))),
    of("LayerNorm", jnp.zeros((2, 0))),
    of("RMSNorm", X),
    of("RMSNorm", X.astype(bf16), reduction_axes=(0, 1), feature_axes=(1, 2), scale_init=normal),
    of("RMSNorm", X, call={"mask": flags(2, 3, 4)}, use_scale=False, dtype=bf16),
    of("GroupNorm", X, num_groups=2, scale_init=normal, bias_init=normal),
    of("GroupNorm", X, num_groups=None, group_size=1, use_fast_variance=False),
    of("GroupNorm", X, num_groups=2, reduction_axes=-1, dtype=bf16),
    of("GroupNorm", X, num_groups=2, reduction_axes=(0, 1, 2), call={"mask": flags(2, 3, 4)}),
    of("GroupNorm", X[0, 0], num_groups=2),
    of("InstanceNorm", IMAGES, scale_init=normal),
    of("InstanceNorm", IMAGES, feature_axes=(-1, 1), use_bias=False),
    of("InstanceNorm", X.astype(f16), call={"mask": flags(2, 3, 4)}, use_scale=False),
    of("BatchNorm", X, mutable=["batch_stats"], scale_init=normal, bias_init=normal, **TRAINED),
    of("BatchNorm", X, use_running_average=True),
    of("BatchNorm", X, mutable=["batch_stats"], call=TRAINED, axis=(1, -1), momentum=0.5, epsilon=0.1),
    of("BatchNorm", X, mutable=True, use_fast_variance=False, call={"mask": flags(2, 3, 1)}, **TRAINED),
    of(
        "BatchNorm",
        X.astype(bf16),
        mutable=["batch_stats"],
        param_dtype=bf16,
        force_float32_reductions=False,
        **TRAINED,
    ),
    of(
        "BatchNorm",
        X.astype(f16),
        mutable=["batch_stats"],
        dtype=bf16,
        use_bias=False,
        use_scale=False,
        **TRAINED,
    ),
]


def normed(norm, layer, call=None, mutable=False, **fields):
    """A case of two layers under a norm of parameters, whose names and keys depend on where they are."""

    def build(nn):
        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                y = getattr(nn, norm)(layer(nn), **fields)(x, **call or {})
                inner = nn.Dense(3, name="inner")
                return y, getattr(nn, norm)(inner, name="second", **fields)(y, **call or {})

        return Model()

    shown = [as_text(name, value) for name, value in {**fields, **(call or {})}.items()]
    return Case(" ".join([norm, "of", type(layer(_Names())).__name__, *shown]), build, (X,), {}, mutable)


class _Names:
    """Stands for a module system, where only the name of a layer is asked for."""

    def __getattr__(self, name):
        return type(name, (), {"__init__": lambda self, *args, **kwargs: None})


UPDATED = {"call": {"update_stats": True}, "mutable": ["batch_stats", "norms"]}
REPARAMETERIZED = [
    normed("SpectralNorm", lambda nn: nn.Dense(5), **UPDATED),
    normed(
        "SpectralNorm",
        lambda nn: nn.Conv(5, (2,)),
        **UPDATED,
        n_steps=3,
        collection_name="norms",
        epsilon=0.1,
    ),
    normed(
        "SpectralNorm", lambda nn: nn.SelfAttention(2), {"update_stats": False}, dtype=bf16, param_dtype=f16
    ),
    normed("SpectralNorm", lambda nn: nn.LayerNorm(), {"update_stats": True}, n_steps=0),
    normed("WeightNorm", lambda nn: nn.Dense(5)),
    normed("WeightNorm", lambda nn: nn.Conv(5, (2,)), feature_axes=(0, -1), variable_filter={"kern"}),
    normed(
        "WeightNorm", lambda nn: nn.SelfAttention(2), feature_axes=None, variable_filter=None, epsilon=0.1
    ),
    normed("WeightNorm", lambda nn: nn.Dense(5), use_scale=False, variable_filter={"bias"}),
    normed("WeightNorm", lambda nn: nn.Dense(5), dtype=bf16, param_dtype=f16),
]
