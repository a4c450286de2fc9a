"""What layers say when their fields, arguments and inputs do not fit: the whole text, and the layer."""

import re

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift.errors import LayerArgumentError

from ..parity import KEY
from .cases.attention import TOKENS
from .cases.table import IMAGES, X, floats

STREAMS = {"params": KEY, "dropout": KEY}


def made(layer, *inputs, **call):
    return lambda: layer.init(STREAMS, *inputs, **call)


def nested():
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dropout(0.5, name="drop")(x)

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Block()(x)

    return Net().init(STREAMS, X)


Q = floats(2, 3, 2, 4)
NOT_GIVEN = "`deterministic` is not given\n"
PASS_ONCE = "  hint: pass `deterministic` to the constructor or to the call"

CASES = {
    "argument given twice": (
        made(nn.Dropout(0.5, deterministic=False), X, deterministic=True),
        "`deterministic` is given twice\n"
        "  constructor: False\n"
        "  call: True\n"
        "  layer: Dropout at `/`\n"
        "  hint: pass `deterministic` to one of the two",
    ),
    "argument not given": (nested, f"{NOT_GIVEN}  layer: Dropout at `/Block_0/drop`\n{PASS_ONCE}"),
    "attention without the argument": (
        made(nn.SelfAttention(2, dropout_rate=0.5), TOKENS),
        f"{NOT_GIVEN}  layer: SelfAttention at `/`\n{PASS_ONCE}",
    ),
    "argument of a function": (
        lambda: nn.merge_param("rate", None, None),
        ("`rate` is not given\n  hint: pass `rate` to the constructor or to the call"),
    ),
    "no probability": (
        made(nn.Dropout(1.5, deterministic=False), X),
        "`rate` is 1.5, expected a probability\n  layer: Dropout at `/`\n  hint: pass a number from 0 to 1",
    ),
    "exact dtype": (
        made(nn.Dense(3, dtype=jnp.int32), X),
        "a layer computes in a float or complex dtype, found int32\n"
        "  hint: pass a float or complex `dtype`, or none to promote the inputs and parameters",
    ),
    "scalar": (
        made(nn.Dense(3), jnp.float32(1)),
        "`inputs` names axis -1 of an input of rank 0\n"
        "  input: ()\n"
        "  layer: Dense at `/`\n"
        "  hint: the input is a scalar",
    ),
    "axis": (
        made(nn.DenseGeneral(3, axis=(1, 3)), X),
        "`axis` names axis 3 of an input of rank 3\n"
        "  input: (2, 3, 4)\n"
        "  layer: DenseGeneral at `/`\n"
        "  hint: axes run from -3 to 2",
    ),
    "batch axes": (
        made(nn.DenseGeneral(3, batch_dims=(1,)), X),
        "`batch_dims` are (1,), expected the leading axes\n"
        "  input: (2, 3, 4)\n"
        "  layer: DenseGeneral at `/`\n"
        "  hint: move the batch axes to the front and name them 0, 1, ...",
    ),
    "axis twice": (
        made(nn.DenseGeneral(3, axis=(2, -1)), X),
        "an axis is named twice\n"
        "  axis: (2, 2)\n"
        "  batch_dims: ()\n"
        "  layer: DenseGeneral at `/`\n"
        "  hint: contract each axis once, and no batch axis",
    ),
    "einsum without an arrow": (
        made(nn.Einsum((4, 5), "abc,cd"), X),
        "`einsum_str` is `abc,cd`, expected two operands and an explicit result\n"
        "  layer: Einsum at `/`\n"
        "  hint: write it as in `...d,df->...f`: the inputs, the kernel, the result",
    ),
    "einsum of another rank": (
        made(nn.Einsum((4, 5), "ac,cd->ad"), X),
        "`ac` in `einsum_str` stands for 2 axes, found 3\n"
        "  einsum_str: ac,cd->ad\n"
        "  ranks: inputs 3, kernel 2\n"
        "  layer: Einsum at `/`\n"
        "  hint: give each axis a letter, or write `...` for those without",
    ),
    "embedding of floats": (
        made(nn.Embed(7, 3), X),
        "an embedding is looked up by integers, found float32\n"
        "  layer: Embed at `/`\n"
        "  hint: convert the inputs with `.astype(int)`",
    ),
    "convolution of too few axes": (
        made(nn.Conv(5, (3, 2, 2)), X),
        "an input with 3 spatial axes has at least 4 axes, found 3\n"
        "  input: (2, 3, 4)\n"
        "  layer: Conv at `/`\n"
        "  hint: the channels are the last axis; `kernel_size` has one number for each spatial axis",
    ),
    "strides": (
        made(nn.Conv(5, (3, 2), strides=(1, 2, 3)), IMAGES),
        "`strides` has 3 numbers for 2 spatial axes\n"
        "  strides: (1, 2, 3)\n"
        "  kernel_size: (3, 2)\n"
        "  layer: Conv at `/`\n"
        "  hint: pass one number for all axes, or one for each",
    ),
    "padding": (
        made(nn.Conv(5, (3, 2), padding=((1, 2),)), IMAGES),
        "invalid padding ((1, 2),) for 2 spatial axes\n"
        "  layer: Conv at `/`\n"
        "  hint: pass a name such as 'SAME', a number, or for each axis a number or a pair (low, high)",
    ),
    "padding by an unknown name": (
        made(nn.ConvTranspose(5, (3, 2), padding="CAUSAL"), IMAGES),
        "unknown padding 'CAUSAL'\n"
        "  layer: ConvTranspose at `/`\n"
        "  hint: one of CIRCULAR, SAME, SAME_LOWER, VALID, or numbers",
    ),
    "causal images": (
        made(nn.Conv(5, (3, 2), padding="CAUSAL"), IMAGES),
        "'CAUSAL' padding is for one spatial axis, found 2\n"
        "  layer: Conv at `/`\n"
        "  hint: pass pairs of numbers, and say there which axis is causal",
    ),
    "dilated input": (
        made(nn.Conv(5, (3,), input_dilation=2), X),
        "'SAME' padding does not go with `input_dilation`\n"
        "  input_dilation: 2\n"
        "  layer: Conv at `/`\n"
        "  hint: pass the padding in numbers, or use ConvTranspose",
    ),
    "groups": (
        made(nn.Conv(6, (3,), feature_group_count=3), X),
        "`feature_group_count` 3 does not divide the channels\n"
        "  channels: 4 in, 6 out\n"
        "  layer: Conv at `/`\n"
        "  hint: choose a number that divides both",
    ),
    "local groups": (
        made(nn.ConvLocal(6, (3,), feature_group_count=2), X),
        "`feature_group_count` is 2, and local convolutions have no groups\n"
        "  layer: ConvLocal at `/`\n"
        "  hint: use Conv, or split the channels",
    ),
    "mask of the kernel": (
        made(nn.Conv(6, (3,), mask=jnp.ones((3, 4, 5))), X),
        "`mask` has shape (3, 4, 5), expected the kernel's, (3, 4, 6)\n"
        "  layer: Conv at `/`\n"
        "  hint: the mask multiplies the kernel",
    ),
    "window": (
        lambda: nn.max_pool(X, (2,), (1, 2)),
        "a window over 1 spatial axes does not fit\n"
        "  window_shape: (2,)\n"
        "  strides: (1, 2)\n"
        "  input: (2, 3, 4)\n"
        "  hint: the channels are the last axis; windows and strides are for the axes before it",
    ),
    "groups given twice": (
        made(nn.GroupNorm(2, group_size=2), X),
        "one of `num_groups` and `group_size` is to be given\n"
        "  num_groups: 2\n"
        "  group_size: 2\n"
        "  layer: GroupNorm at `/`\n"
        "  hint: pass `num_groups=None` with a `group_size`",
    ),
    "groups of channels": (
        made(nn.GroupNorm(), X),
        "`num_groups` 32 does not divide the 4 channels\n"
        "  layer: GroupNorm at `/`\n"
        "  hint: choose a divisor of the size of the last axis",
    ),
    "reduced channels": (
        made(nn.GroupNorm(2, reduction_axes=1), X),
        "`reduction_axes` leave out the last axis, which holds the channels\n"
        "  reduction_axes: 1\n"
        "  input: (2, 3, 4)\n"
        "  layer: GroupNorm at `/`\n"
        "  hint: add -1 to them",
    ),
    "normalized batch": (
        made(nn.InstanceNorm(feature_axes=(0, 2)), X),
        "`feature_axes` include the first axis, which holds the batch\n"
        "  feature_axes: (0, 2)\n"
        "  input: (2, 3, 4)\n"
        "  layer: InstanceNorm at `/`\n"
        "  hint: leave it out: examples are normalized one by one anyway",
    ),
    "heads": (
        made(nn.SelfAttention(3), TOKENS),
        "8 features do not divide by 3 heads\n"
        "  layer: SelfAttention at `/`\n"
        "  hint: choose `qkv_features` as a multiple of `num_heads`",
    ),
    "keys given twice": (
        made(nn.MultiHeadAttention(2), TOKENS, TOKENS, inputs_kv=TOKENS),
        "`inputs_kv` is given together with `inputs_k` or `inputs_v`\n"
        "  layer: MultiHeadAttention at `/`\n"
        "  hint: pass `inputs_k` and `inputs_v`",
    ),
    "values without keys": (
        made(nn.MultiHeadAttention(2), TOKENS, None, TOKENS),
        "`inputs_v` is given without `inputs_k`\n"
        "  layer: MultiHeadAttention at `/`\n"
        "  hint: pass the inputs of both as `inputs_k`",
    ),
    "decoding too much": (
        lambda: nn.SelfAttention(2, decode=True).apply(
            nn.SelfAttention(2, decode=True).init(KEY, TOKENS), TOKENS, mutable=["cache"]
        ),
        "decoding takes one position at a time, a query of shape (2, 1, 2, 4), found (2, 3, 2, 4)\n"
        "  cache: (2, 3, 2, 4)\n"
        "  layer: SelfAttention at `/`\n"
        "  hint: call with one position, and with the batch for which `init` made the cache",
    ),
    "operands of attention": (
        lambda: nn.dot_product_attention(Q, Q, Q[:, :2]),
        "the operands of attention have the same length (keys and values)\n"
        "  query: (2, 3, 2, 4)\n"
        "  key: (2, 3, 2, 4)\n"
        "  value: (2, 2, 2, 4)\n"
        "  hint: the axes are [*batch, length, heads, depth]",
    ),
    "dropout without a key": (
        lambda: nn.dot_product_attention(Q, Q, Q, dropout_rate=0.5),
        "dropout with rate 0.5 needs a key\n  hint: pass `dropout_rng`, or `deterministic=True`",
    ),
    "one einsum of two": (
        lambda: nn.dot_product_attention(Q, Q, Q, qk_attn_weights_einsum=jnp.einsum),
        "one of `qk_attn_weights_einsum` and `attn_weights_value_einsum` is given\n  hint: pass both or none",
    ),
    "an einsum and its precision": (
        lambda: nn.dot_product_attention_weights(Q, Q, einsum=jnp.einsum, precision="highest"),
        "`einsum` is given together with `precision` or `einsum_dot_general`\n"
        "  hint: let the einsum that you pass have them",
    ),
    "masks of other ranks": (
        lambda: nn.combine_masks(Q, Q[0]),
        "masks that are combined have equally many axes\n"
        "  ranks: (4, 3)\n"
        "  hint: expand the smaller ones with axes of size 1",
    ),
    "no layers": (
        made(nn.Sequential([]), X),
        "`layers` is empty\n  layer: Sequential at `/`\n  hint: pass at least one layer",
    ),
    "no matrix": (
        made(nn.SpectralNorm(nn.Conv(3, (2,)), error_on_non_matrix=True), X, update_stats=True),
        "parameter `layer_instance/kernel` has 3 axes, and `error_on_non_matrix` is set\n"
        "  shape: (2, 4, 3)\n"
        "  layer: SpectralNorm at `/`\n"
        "  hint: without it, such a parameter counts as a matrix of its last axis",
    ),
    "no cell": (
        made(nn.RNN(nn.Dense(3)), X),
        "`cell` is a `Dense`, which is no recurrent cell\n"
        "  layer: RNN at `/`\n"
        "  hint: derive it from RNNCellBase",
    ),
    "no sequence of steps": (
        made(nn.RNN(nn.GRUCell(3)), X[0, 0]),
        "a sequence for `GRUCell` has at least 2 axes, found 1\n"
        "  input: (4,)\n"
        "  layer: RNN at `/`\n"
        "  hint: time is the axis before the last 1, or the first if `time_major`",
    ),
    "lengths": (
        made(nn.RNN(nn.GRUCell(3)), X, seq_lengths=jnp.array([1, 2, 3])),
        "`seq_lengths` has shape (3,), expected the batch, (2,)\n"
        "  input: (2, 3, 4)\n"
        "  layer: RNN at `/`\n"
        "  hint: pass one length for each sequence",
    ),
    "no sequence": (
        lambda: nn.Sequential(nn.Dense(3)),
        "`layers` is a sequence of layers, found Dense\n  hint: write `Sequential([first, second])`",
    ),
    "nothing to merge": (
        lambda: nn.BatchApply(lambda x: x)(jnp.zeros(3)),
        "no argument has the 2 axes that are to be merged\n"
        "  hint: pass an array with that many batch axes, or a smaller `num_dims`",
    ),
}

ATTENTION_RULES = {
    "equally many axes, at least three": (Q, Q[0], Q),
    "the same batch": (Q, Q[:1], Q),
    "equally many heads": (Q, Q[:, :, :1], Q),
    "the same depth (queries and keys)": (Q, Q[..., :2], Q),
}


@pytest.mark.parametrize("name", CASES)
def test_the_text_names_the_layer_and_the_remedy(name):
    run, text = CASES[name]
    with pytest.raises(LayerArgumentError) as caught:
        run()
    place, _, found = str(caught.value).partition(": error: ")
    assert found == text
    assert re.fullmatch(r".*test_errors\.py:\d+", place), place


@pytest.mark.parametrize("rule", ATTENTION_RULES)
def test_operands_of_attention_fit(rule):
    with pytest.raises(LayerArgumentError) as caught:
        nn.dot_product_attention(*ATTENTION_RULES[rule])
    assert f": error: the operands of attention have {rule}\n  query: {Q.shape}\n" in str(caught.value)


def test_errors_are_value_errors_as_in_linen():
    with pytest.raises(ValueError, match="is given twice"):
        nn.merge_param("x", 1, 2)
    with pytest.raises(ValueError, match="divide"):
        jax.eval_shape(lambda: nn.GroupNorm(3).init(KEY, X))


def test_a_cell_says_what_it_lacks():
    class Cell(nn.RNNCellBase):
        pass

    with pytest.raises(NotImplementedError, match="`Cell` does not define `initialize_carry`"):
        Cell().initialize_carry(KEY, (2, 3))
    with pytest.raises(NotImplementedError, match="`Cell` does not define `num_feature_axes`"):
        _ = Cell().num_feature_axes
