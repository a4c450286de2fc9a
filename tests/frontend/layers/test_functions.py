"""The functions beside the layers against Linen's: pooling, attention and its masks, activations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift

from ..parity import assert_same_tree
from .cases.attention import TOKENS
from .cases.table import IMAGES, X, bf16, f16, flags, floats, integers

linen = pytest.importorskip("flax.linen")

WINDOW, PAIRS = (3, 2), ((1, 1), (0, 1))
Q, K, V = floats(2, 3, 2, 4), floats(2, 5, 2, 4), floats(2, 5, 2, 6)
PADDED = flags(2, 3), flags(2, 5)

CALLS = {
    "avg_pool": lambda nn: nn.avg_pool(IMAGES, WINDOW),
    "avg_pool strides": lambda nn: nn.avg_pool(IMAGES, WINDOW, (2, 1), "SAME"),
    "avg_pool without padding": lambda nn: nn.avg_pool(
        IMAGES, WINDOW, padding="SAME", count_include_pad=False
    ),
    "avg_pool of one": lambda nn: nn.avg_pool(IMAGES[0], WINDOW, None, PAIRS, False),
    "avg_pool integers": lambda nn: nn.avg_pool(integers(2, 7, 3), (2,)),
    "max_pool": lambda nn: nn.max_pool(IMAGES, WINDOW, (1, 3), "SAME_LOWER"),
    "max_pool batches": lambda nn: nn.max_pool(IMAGES[None], WINDOW),
    "max_pool bf16": lambda nn: nn.max_pool(IMAGES.astype(bf16), WINDOW, padding=PAIRS),
    "max_pool integers": lambda nn: nn.max_pool(integers(2, 7, 3), (2,), padding=((2, 0),)),
    "max_pool of one": lambda nn: nn.max_pool(IMAGES[0], WINDOW, padding=PAIRS),
    "min_pool": lambda nn: nn.pooling.min_pool(IMAGES, WINDOW, (1, 3), "SAME"),
    "min_pool integers": lambda nn: nn.pooling.min_pool(integers(2, 7, 3), (2,)),
    "pool": lambda nn: nn.pool(X, 1.0, jax.lax.mul, (2,), (1,), ((1, 1),)),
    "weights": lambda nn: nn.dot_product_attention_weights(Q, K, floats(2, 1, 3, 5), flags(2, 2, 3, 5)),
    "weights dropped": lambda nn: nn.dot_product_attention_weights(
        Q, K, dropout_rng=jax.random.key(1), dropout_rate=0.4
    ),
    "weights dropped apart": lambda nn: nn.dot_product_attention_weights(
        Q, K, None, None, False, jax.random.key(1), 0.4
    ),
    "weights f16": lambda nn: nn.dot_product_attention_weights(
        Q.astype(f16), K.astype(bf16), force_fp32_for_softmax=True
    ),
    "attention": lambda nn: nn.dot_product_attention(Q, K, V),
    "attention by others": lambda nn: nn.dot_product_attention(
        Q,
        K,
        V,
        qk_attn_weights_einsum=lambda equation, q, k: 2 * jnp.einsum(equation, q, k),
        attn_weights_value_einsum=lambda equation, w, v: jnp.einsum(equation, w, v + 1),
    ),
    "attention bf16": lambda nn: nn.dot_product_attention(Q, K, V, dtype=bf16, mask=flags(2, 1, 3, 5)),
    "attention without batch": lambda nn: nn.dot_product_attention(Q[0], K[0], V[0], bias=floats(2, 3, 5)),
    "attention by dot_general": lambda nn: nn.dot_product_attention(
        Q, K, V, einsum_dot_general=jax.lax.dot_general
    ),
    "attention mask": lambda nn: nn.make_attention_mask(*PADDED),
    "attention mask of pairs": lambda nn: nn.make_attention_mask(X[0, 0], X[0, 1], jnp.less, 2, bool),
    "causal mask": lambda nn: nn.make_causal_mask(X[..., 0], extra_batch_dims=1),
    "causal mask of bools": lambda nn: nn.make_causal_mask(X, dtype=bool),
    "combined masks": lambda nn: nn.combine_masks(
        nn.make_attention_mask(PADDED[0], PADDED[0]), None, nn.make_causal_mask(PADDED[0])
    ),
    "combined mask": lambda nn: nn.combine_masks(X, dtype=f16),
    "no masks": lambda nn: (nn.combine_masks(), nn.combine_masks(None, None)),
    "merge_param": lambda nn: (nn.merge_param("x", 3, None), nn.merge_param("x", None, False)),
    "promote_dtype": lambda nn: nn.dtypes.promote_dtype(integers(2), None, X.astype(bf16)),
    "promote_dtype exact": lambda nn: nn.dtypes.promote_dtype(integers(2), 1, inexact=False),
    "canonicalize_dtype": lambda nn: jnp.zeros(0, nn.dtypes.canonicalize_dtype(1, jnp.bool_(True))),
    "canonicalize_padding": lambda nn: [nn.linear.canonicalize_padding(p, 2) for p in (1, (1, (2, 3)))],
    "BatchApply": lambda nn: nn.BatchApply(lambda x, y, s: (x * s, y.sum(-1)))(X, IMAGES[:, :3], s=2),
    "BatchApply of three": lambda nn: nn.BatchApply(lambda x, y: x.sum(-1) * y, 3)(IMAGES, jnp.float32(2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_are_linens(name):
    expected, found = CALLS[name](linen), CALLS[name](stablelift)
    assert_same_tree(expected, found)


def test_explicit_padding_serves_any_number_of_batch_axes():
    """Linen refuses more than one."""
    found = stablelift.max_pool(IMAGES[:, None], WINDOW, padding=PAIRS)
    np.testing.assert_array_equal(found[:, 0], stablelift.max_pool(IMAGES, WINDOW, padding=PAIRS))
    found = stablelift.avg_pool(IMAGES[:, None], WINDOW, padding=PAIRS, count_include_pad=False)
    expected = stablelift.avg_pool(IMAGES, WINDOW, padding=PAIRS, count_include_pad=False)
    np.testing.assert_array_equal(found[:, 0], expected)


def test_a_masked_key_is_not_looked_at():
    mask = jnp.ones((2, 1, 3, 5)).at[:, :, :, 1].set(0)
    weights = stablelift.dot_product_attention_weights(Q, K, mask=mask)
    np.testing.assert_array_equal(weights[..., 1], 0.0)
    changed = stablelift.dot_product_attention(Q, K.at[:, 1].add(5.0), V, mask=mask)
    np.testing.assert_array_equal(changed, stablelift.dot_product_attention(Q, K, V, mask=mask))


def test_attention_is_permuted_with_its_keys():
    order = jnp.array([3, 0, 4, 1, 2])
    found = stablelift.dot_product_attention(Q, K[:, order], V[:, order])
    np.testing.assert_allclose(found, stablelift.dot_product_attention(Q, K, V), rtol=1e-4, atol=1e-6)


def test_tokens_decode_one_by_one_as_at_once():
    layer = stablelift.SelfAttention(2)
    params = layer.init(jax.random.key(0), TOKENS)
    expected = layer.apply(params, TOKENS, mask=stablelift.make_causal_mask(TOKENS[..., 0]))
    decoder = stablelift.SelfAttention(2, decode=True)
    cache = decoder.init(jax.random.key(0), TOKENS)["cache"]
    for step in range(TOKENS.shape[1]):
        found, updated = decoder.apply(
            {**params, "cache": cache}, TOKENS[:, step : step + 1], mutable=["cache"]
        )
        cache = updated["cache"]
        np.testing.assert_allclose(found[:, 0], expected[:, step], rtol=1e-5, atol=1e-6)
    assert cache["cache_index"] == TOKENS.shape[1]
