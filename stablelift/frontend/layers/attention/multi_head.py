"""MultiHeadDotProductAttention and its shorter names: projections, attention in each head, a projection."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.arguments import merge_param
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.attention.decoding import with_cache
from stablelift.frontend.layers.attention.dot_product import dot_product_attention
from stablelift.frontend.layers.linear.dense import DenseGeneral, default_kernel_init
from stablelift.frontend.layers.normalization.layer_norm import LayerNorm
from stablelift.frontend.module import Module


class MultiHeadDotProductAttention(Module):
    """Attention of `num_heads` heads between projections of the inputs, projected back.

    `qkv_features` (None: those of the queries' inputs) are split evenly among the heads; `out_features`
    (None: the same) is the size of the result. `kernel_init` and `bias_init` serve all projections, the last
    one unless `out_kernel_init` and `out_bias_init` are given. Weights are dropped with probability
    `dropout_rate`, unless `deterministic`, given here or at the call; `broadcast_dropout` as in
    `dot_product_attention`, in place of which `attention_fn` may be called with those of its arguments that
    it names. With `decode`, see `layers/attention/decoding.py`. With `normalize_qk`, queries and keys are
    layer-normalized. The contractions may be replaced, by functions or by classes of them.

    Parameters: query, key, value {kernel [n, heads, depth], bias [heads, depth]}, out {kernel [heads, depth,
    out], bias [out]}, with `normalize_qk` query_ln, key_ln {scale [depth]}.
    Source: Vaswani et al. 2017, arXiv:1706.03762; normalize_qk: Dehghani et al. 2023, arXiv:2302.05442.
    """

    num_heads: int
    dtype: Any = None
    param_dtype: Any = jnp.float32
    qkv_features: int | None = None
    out_features: int | None = None
    broadcast_dropout: bool = True
    dropout_rate: float = 0.0
    deterministic: bool | None = None
    precision: Any = None
    kernel_init: Callable[..., Any] = default_kernel_init
    out_kernel_init: Callable[..., Any] | None = None
    bias_init: Callable[..., Any] = initializers.zeros_init()
    out_bias_init: Callable[..., Any] | None = None
    use_bias: bool = True
    attention_fn: Callable[..., Any] = dot_product_attention
    decode: bool = False
    normalize_qk: bool = False
    force_fp32_for_softmax: bool = False
    qkv_dot_general: Callable[..., Any] | None = None
    out_dot_general: Callable[..., Any] | None = None
    qkv_dot_general_cls: Any = None
    out_dot_general_cls: Any = None
    qk_attn_weights_einsum_cls: Any = None
    attn_weights_value_einsum_cls: Any = None

    @compact
    def __call__(
        self,
        inputs_q: Any,
        inputs_k: Any = None,
        inputs_v: Any = None,
        *,
        inputs_kv: Any = None,
        mask: Any = None,
        deterministic: bool | None = None,
        dropout_rng: Any = None,
        sow_weights: bool = False,
    ) -> Any:
        """Shapes: inputs_q [*batch, queries, n], inputs_k and inputs_v [*batch, keys, m]
        -> [*batch, queries, out]; mask, broadcast to [*batch, heads, queries, keys], is false where a query
        does not look.

        Keys default to the queries' inputs and values to the keys'; `inputs_kv` gives both. `dropout_rng` is
        a key, else one of the stream 'dropout' is used. With `sow_weights` the weights are sown.
        Raises: LayerArgumentError if the features do not divide by the heads, if inputs are missing or given
        twice, or if `deterministic` is, where there is dropout.
        """
        inputs_k, inputs_v = self._keys_and_values(inputs_q, inputs_k, inputs_v, inputs_kv)
        depth, out_features = self._widths(inputs_q)
        project = partial(
            DenseGeneral,
            axis=-1,
            features=(self.num_heads, depth),
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            use_bias=self.use_bias,
            precision=self.precision,
            dot_general=self.qkv_dot_general,
            dot_general_cls=self.qkv_dot_general_cls,
        )
        query = project(name="query")(inputs_q)
        key = project(name="key")(inputs_k)
        value = project(name="value")(inputs_v)
        if self.normalize_qk:
            normalize = partial(LayerNorm, use_bias=False, dtype=self.dtype, param_dtype=self.param_dtype)
            query, key = normalize(name="query_ln")(query), normalize(name="key_ln")(key)
        if self.decode:
            key, value, mask = with_cache(self, query, key, value, mask)
        attended = self._attention(deterministic, dropout_rng, mask, sow_weights)(query, key, value)
        return DenseGeneral(
            features=out_features,
            axis=(-2, -1),
            kernel_init=self.out_kernel_init or self.kernel_init,
            bias_init=self.out_bias_init or self.bias_init,
            use_bias=self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            precision=self.precision,
            dot_general=self.out_dot_general,
            dot_general_cls=self.out_dot_general_cls,
            name="out",
        )(attended)

    @nowrap
    def _keys_and_values(self, inputs_q: Any, inputs_k: Any, inputs_v: Any, inputs_kv: Any) -> Any:
        if inputs_kv is not None:
            if inputs_k is not None or inputs_v is not None:
                raise LayerArgumentError(
                    "`inputs_kv` is given together with `inputs_k` or `inputs_v`",
                    hint="pass `inputs_k` and `inputs_v`",
                    module=self,
                )
            return inputs_kv, inputs_kv
        if inputs_k is None and inputs_v is not None:
            raise LayerArgumentError(
                "`inputs_v` is given without `inputs_k`",
                hint="pass the inputs of both as `inputs_k`",
                module=self,
            )
        inputs_k = inputs_q if inputs_k is None else inputs_k
        return inputs_k, inputs_k if inputs_v is None else inputs_v

    @nowrap
    def _widths(self, inputs_q: Any) -> tuple[int, int]:
        """The depth of a head, and the size of the result."""
        features = jnp.shape(inputs_q)[-1]
        inside = self.qkv_features or features
        if inside % self.num_heads:
            raise LayerArgumentError(
                f"{inside} features do not divide by {self.num_heads} heads",
                hint="choose `qkv_features` as a multiple of `num_heads`",
                module=self,
            )
        return inside // self.num_heads, self.out_features or features

    @nowrap
    def _attention(self, deterministic: Any, dropout_rng: Any, mask: Any, sow_weights: bool) -> Any:
        """`attention_fn`, with those of our arguments that it names."""
        quiet = self.dropout_rate == 0.0 or merge_param("deterministic", self.deterministic, deterministic)
        if not quiet and dropout_rng is None:
            dropout_rng = self.make_rng("dropout")
        arguments = {
            "mask": mask,
            "dropout_rng": None if quiet else dropout_rng,
            "dropout_rate": self.dropout_rate,
            "broadcast_dropout": self.broadcast_dropout,
            "deterministic": bool(quiet),
            "dtype": self.dtype,
            "precision": self.precision,
            "force_fp32_for_softmax": self.force_fp32_for_softmax,
            "qk_attn_weights_einsum": _made(self.qk_attn_weights_einsum_cls),
            "attn_weights_value_einsum": _made(self.attn_weights_value_einsum_cls),
        }
        named = inspect.signature(self.attention_fn).parameters
        arguments = {name: value for name, value in arguments.items() if name in named}
        if sow_weights:
            arguments["module"] = self
        return partial(self.attention_fn, **arguments)


def _made(cls: Any) -> Any:
    return None if cls is None else cls()


class MultiHeadAttention(MultiHeadDotProductAttention):
    """MultiHeadDotProductAttention under a shorter name, by which unnamed instances are named too."""


class SelfAttention(MultiHeadDotProductAttention):
    """MultiHeadDotProductAttention whose queries, keys and values come from the same inputs."""

    @compact
    def __call__(  # type: ignore[override]
        self,
        inputs_q: Any,
        mask: Any = None,
        deterministic: bool | None = None,
        dropout_rng: Any = None,
        sow_weights: bool = False,
    ) -> Any:
        """Shapes: inputs_q [*batch, n, features] -> [*batch, n, out]; the rest as in the class above."""
        return super().__call__(
            inputs_q,
            mask=mask,
            deterministic=deterministic,
            dropout_rng=dropout_rng,
            sow_weights=sow_weights,
        )
