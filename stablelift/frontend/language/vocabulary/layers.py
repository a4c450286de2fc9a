"""The layers of Stablelift with their fields and the parameters of their calls, and the initializers."""

from __future__ import annotations

from stablelift.frontend.language.vocabulary.words import Word, words

# Initializers of a shape and dtype. `constant` rules need no random key.
INITIALIZERS = words(
    ("jax.nn.initializers", "constant", "", "ones zeros"),
    ("jax.nn.initializers", "constant", "value", "constant"),
    ("jax.nn.initializers", "random", "stddev=", "normal"),
    ("jax.nn.initializers", "random", "stddev=, *, lower=, upper=", "truncated_normal"),
    ("jax.nn.initializers", "random", "scale=", "uniform"),
    ("jax.nn.initializers", "random", "scale=, column_axis=", "delta_orthogonal orthogonal"),
    ("jax.nn.initializers", "random", "in_axis=, out_axis=, batch_axis=", """
        glorot_normal glorot_uniform he_normal he_uniform kaiming_normal kaiming_uniform lecun_normal
        lecun_uniform xavier_normal xavier_uniform"""),
    ("jax.nn.initializers", "random", "scale, mode:str, distribution:str, in_axis=, out_axis=, batch_axis=",
     "variance_scaling"),
    ("stablelift", "boxed", "init:initializer, names", "with_logical_partitioning with_partitioning"),
)  # fmt: skip

# The initializers that JAX offers as they are; the others are made by a call.
READY_INITIALIZERS = frozenset({"ones", "zeros"})

_DTYPES = "dtype:dtype=, param_dtype:dtype="
_KERNEL = "kernel_init:initializer=, bias_init:initializer=, name:str="
_PRECISE = "precision:str="
_DENSE = f"features:int, use_bias:bool=, {_DTYPES}, *, {_PRECISE}, {_KERNEL}"
_DENSE_GENERAL = (
    f"features:count, axis:count=, batch_dims:count=, use_bias:bool=, {_DTYPES}, *, {_PRECISE}, {_KERNEL}"
)
_CONV = (
    "features:int, kernel_size:count, strides=, padding=, *, kernel_dilation=, use_bias:bool=, mask=, "
    f"{_DTYPES}, {_PRECISE}"
)
_FULL_CONV = f"{_CONV}, input_dilation=, feature_group_count:int=, {_KERNEL}"
_TRANSPOSED = f"{_CONV}, transpose_kernel:bool=, preferred_element_type:dtype=, {_KERNEL}"
_NORM = f"epsilon:float=, {_DTYPES}"
_SCALED = "use_scale:bool=, scale_init:initializer=, use_fast_variance:bool=, name:str="
_ACROSS = "axis_name:str=, axis_index_groups=, force_float32_reductions:bool="
_CENTRED = f"use_bias:bool=, bias_init:initializer=, {_SCALED}"
_AXES = "reduction_axes:count=, feature_axes:count="
_BATCH = f"use_running_average:bool=, axis:count=, momentum:float=, {_NORM}, *, {_ACROSS}, {_CENTRED}"
_ATTENTION = (
    f"num_heads:int, {_DTYPES}, qkv_features:int=, out_features:int=, *, broadcast_dropout:bool=, "
    "dropout_rate:float=, deterministic:bool=, use_bias:bool=, decode:bool=, normalize_qk:bool=, "
    "attention_fn:function=, force_fp32_for_softmax:bool=, " + _PRECISE + ", "
    "out_kernel_init:initializer=, out_bias_init:initializer=, " + _KERNEL
)
_SEEN = "deterministic:bool=, dropout_rng=, sow_weights:bool="
_QKV = f"inputs_q, inputs_k=, inputs_v=, *, inputs_kv=, mask=, {_SEEN}"
_CELL = (
    f"features:int, *, activation_fn:function=, recurrent_kernel_init:initializer=, {_DTYPES}, "
    "carry_init:initializer=, "
)
_GATED = f"{_CELL}gate_fn:function=, {_KERNEL}"
_MINIMAL = (
    f"{_CELL}gate_fn:function=, reset_gate:bool=, kernel_init:initializer=, "
    "forget_bias_init:initializer=, activation_bias_init:initializer=, name:str="
)
_CONV_CELL = (
    f"features:int, kernel_size:count, *, strides=, padding=, use_bias:bool=, {_DTYPES}, "
    "carry_init:initializer=, name:str="
)
_STEP = "carry, inputs"
_RNN = (
    "cell:module, *, time_major:bool=, return_carry:bool=, reverse:bool=, keep_order:bool=, unroll:int=, "
    "name:str="
)
_SEQUENCE = (
    "inputs, *, initial_carry=, init_key=, seq_lengths=, return_carry:bool=, time_major:bool=, "
    "reverse:bool=, keep_order:bool="
)
_WEIGHT_NORM = (
    f"layer_instance:module, *, {_NORM}, use_scale:bool=, scale_init:initializer=, feature_axes:count=, "
    "variable_filter=, name:str="
)
_SPECTRAL_NORM = (
    f"layer_instance:module, *, n_steps:int=, {_NORM}, error_on_non_matrix:bool=, collection_name:str=, "
    "name:str="
)

LAYERS = words(
    ("stablelift", "dense", _DENSE, "Dense", "inputs"),
    ("stablelift", "dense_general", _DENSE_GENERAL, "DenseGeneral", "inputs"),
    ("stablelift", "conv", _FULL_CONV, "Conv ConvLocal", "inputs"),
    ("stablelift", "conv_transpose", _TRANSPOSED, "ConvTranspose", "inputs"),
    ("stablelift", "unknown", f"shape:count, einsum_str:str=, use_bias:bool=, {_DTYPES}, *, {_PRECISE}, "
     f"preferred_element_type:dtype=, {_KERNEL}", "Einsum", "inputs, einsum_str:str="),
    ("stablelift", "embed", f"num_embeddings:int, features:int, {_DTYPES}, *, embedding_init:initializer=, "
     "name:str=", "Embed", "inputs"),
    ("stablelift", "normalize", f"{_NORM}, *, {_AXES}, {_ACROSS}, {_CENTRED}", "LayerNorm", "x, *, mask="),
    ("stablelift", "normalize", f"{_NORM}, *, {_AXES}, {_ACROSS}, {_SCALED}", "RMSNorm", "x, *, mask="),
    ("stablelift", "normalize", f"num_groups:int=, *, group_size:int=, {_NORM}, reduction_axes:count=, "
     f"{_ACROSS}, {_CENTRED}", "GroupNorm", "x, *, mask="),
    ("stablelift", "normalize", f"{_NORM}, *, feature_axes:count=, {_ACROSS}, {_CENTRED}",
     "InstanceNorm", "x, *, mask="),
    ("stablelift", "normalize", _BATCH, "BatchNorm", "x, use_running_average:bool=, *, mask="),
    ("stablelift", "unknown", _WEIGHT_NORM, "WeightNorm", "*inputs"),
    ("stablelift", "unknown", _SPECTRAL_NORM, "SpectralNorm", "*inputs, update_stats:bool"),
    ("stablelift", "attention_layer", _ATTENTION, "MultiHeadAttention MultiHeadDotProductAttention", _QKV),
    ("stablelift", "attention_layer", _ATTENTION, "SelfAttention", f"inputs_q, mask=, {_SEEN}"),
    ("stablelift", "cell", _GATED, "GRUCell", _STEP),
    ("stablelift", "lstm", _GATED, "LSTMCell OptimizedLSTMCell", _STEP),
    ("stablelift", "cell", _MINIMAL, "MGUCell", _STEP),
    ("stablelift", "cell", f"{_CELL}residual:bool=, {_KERNEL}", "SimpleCell", _STEP),
    ("stablelift", "lstm", _CONV_CELL, "ConvLSTMCell", _STEP),
    ("stablelift", "unknown", _RNN, "RNN", _SEQUENCE),
    ("stablelift", "unknown", "forward_rnn:module, backward_rnn:module, *, merge_fn:function=, "
     "time_major:bool=, return_carry:bool=, name:str=", "Bidirectional", _SEQUENCE),
    ("stablelift", "same_layer", "rate:float, *, broadcast_dims:count=, deterministic:bool=, "
     "rng_collection:str=, name:str=", "Dropout", "inputs, deterministic:bool=, *, rng="),
    ("stablelift", "same_layer", "negative_slope_init:float=, *, param_dtype:dtype=, name:str=", "PReLU",
     "inputs"),
    ("stablelift", "unknown", "layers:modules, *, name:str=", "Sequential", "*inputs"),
)  # fmt: skip

_CARRY = "rng, input_shape:count"
_CELLS = "GRUCell MGUCell SimpleCell".split()
_PAIR_CELLS = "ConvLSTMCell LSTMCell OptimizedLSTMCell".split()

# The methods of layers beside their call.
LAYER_METHODS: dict[str, dict[str, Word]] = {
    "Embed": words(("stablelift", "attend", "query", "attend")),
    **{cell: words(("stablelift", "carry", _CARRY, "initialize_carry")) for cell in _CELLS},
    **{cell: words(("stablelift", "carry_pair", _CARRY, "initialize_carry")) for cell in _PAIR_CELLS},
}
