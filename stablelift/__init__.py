"""Stablelift: a compiler plugin for JAX, for modules and lifted transformations as passes over StableHLO.

`import stablelift as nn` offers Linen's names. A name is imported when it is first used, so importing the
package costs little more than importing nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stablelift import submodules

if TYPE_CHECKING:  # what a type checker must see through to know a Module's fields
    from stablelift.frontend.calling import compact as compact
    from stablelift.frontend.calling import nowrap as nowrap
    from stablelift.frontend.decorator import module as module
    from stablelift.frontend.layers.activation import PReLU as PReLU
    from stablelift.frontend.layers.attention import MultiHeadAttention as MultiHeadAttention
    from stablelift.frontend.layers.attention import (
        MultiHeadDotProductAttention as MultiHeadDotProductAttention,
    )
    from stablelift.frontend.layers.attention import SelfAttention as SelfAttention
    from stablelift.frontend.layers.combinators import Sequential as Sequential
    from stablelift.frontend.layers.fp8_ops import Fp8DirectDotGeneralOp as Fp8DirectDotGeneralOp
    from stablelift.frontend.layers.fp8_ops import Fp8DotGeneral as Fp8DotGeneral
    from stablelift.frontend.layers.fp8_ops import Fp8DotGeneralOp as Fp8DotGeneralOp
    from stablelift.frontend.layers.fp8_ops import Fp8Einsum as Fp8Einsum
    from stablelift.frontend.layers.fp8_ops import NANOOFp8DotGeneralOp as NANOOFp8DotGeneralOp
    from stablelift.frontend.layers.linear import Conv as Conv
    from stablelift.frontend.layers.linear import ConvLocal as ConvLocal
    from stablelift.frontend.layers.linear import ConvTranspose as ConvTranspose
    from stablelift.frontend.layers.linear import Dense as Dense
    from stablelift.frontend.layers.linear import DenseGeneral as DenseGeneral
    from stablelift.frontend.layers.linear import Einsum as Einsum
    from stablelift.frontend.layers.linear import Embed as Embed
    from stablelift.frontend.layers.normalization import BatchNorm as BatchNorm
    from stablelift.frontend.layers.normalization import GroupNorm as GroupNorm
    from stablelift.frontend.layers.normalization import InstanceNorm as InstanceNorm
    from stablelift.frontend.layers.normalization import LayerNorm as LayerNorm
    from stablelift.frontend.layers.normalization import RMSNorm as RMSNorm
    from stablelift.frontend.layers.normalization import SpectralNorm as SpectralNorm
    from stablelift.frontend.layers.normalization import WeightNorm as WeightNorm
    from stablelift.frontend.layers.recurrent import RNN as RNN
    from stablelift.frontend.layers.recurrent import Bidirectional as Bidirectional
    from stablelift.frontend.layers.recurrent import ConvLSTMCell as ConvLSTMCell
    from stablelift.frontend.layers.recurrent import GRUCell as GRUCell
    from stablelift.frontend.layers.recurrent import LSTMCell as LSTMCell
    from stablelift.frontend.layers.recurrent import MGUCell as MGUCell
    from stablelift.frontend.layers.recurrent import OptimizedLSTMCell as OptimizedLSTMCell
    from stablelift.frontend.layers.recurrent import RNNCellBase as RNNCellBase
    from stablelift.frontend.layers.recurrent import SimpleCell as SimpleCell
    from stablelift.frontend.layers.stochastic import Dropout as Dropout
    from stablelift.frontend.module import Module as Module

__version__ = "0.1.0"

_ACTIVATIONS = (
    "celu", "elu", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu",
    "log_sigmoid", "log_softmax", "logsumexp", "normalize", "one_hot", "relu", "relu6", "selu", "sigmoid",
    "silu", "soft_sign", "softmax", "softplus", "standardize", "swish", "tanh", "PReLU",
)  # fmt: skip

# Linen's modules of layers.
_FAMILIES = (
    "activation", "attention", "batch_apply", "combinators", "dtypes", "fp8_ops", "linear", "normalization",
    "pooling", "recurrent", "stochastic",
)  # fmt: skip

# Submodule -> the public names it provides.
_PROVIDED = {
    "frontend.meta.partitioned": (
        "PARTITION_NAME", "Partitioned", "get_partition_spec", "get_sharding", "with_partitioning",
    ),
    "frontend.meta.boxes": ("unbox",),
    "frontend.module": ("Module",),
    "frontend.arguments": ("merge_param",),
    "frontend.calling": ("compact", "intercept_methods", "nowrap"),
    "frontend.filters": ("DenyList",),
    "frontend.frozen_dict": ("FrozenDict",),
    "frontend.language.import_hook": ("install_import_hook",),
    "frontend.language.load": ("load",),
    "frontend.leafwise": ("leafwise",),
    "frontend.layers.attention": (
        "MultiHeadAttention", "MultiHeadDotProductAttention", "SelfAttention", "combine_masks",
        "dot_product_attention", "dot_product_attention_weights", "make_attention_mask", "make_causal_mask",
    ),
    "frontend.layers.activation": _ACTIVATIONS,
    "frontend.layers.batch_apply": ("BatchApply",),
    "frontend.layers.combinators": ("Sequential",),
    "frontend.layers.fp8_ops": (
        "Fp8DirectDotGeneralOp", "Fp8DotGeneral", "Fp8DotGeneralOp", "Fp8Einsum", "NANOOFp8DotGeneralOp",
    ),
    "frontend.layers.initializers": ("ones", "ones_init", "zeros", "zeros_init"),
    "frontend.layers.linear": (
        "Conv", "ConvLocal", "ConvTranspose", "Dense", "DenseGeneral", "Einsum", "Embed",
    ),
    "frontend.layers.normalization": (
        "BatchNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm", "SpectralNorm", "WeightNorm",
    ),
    "frontend.layers.pooling": ("avg_pool", "max_pool", "min_pool", "pool"),
    "frontend.layers.recurrent": (
        "Bidirectional", "ConvLSTMCell", "GRUCell", "LSTMCell", "MGUCell", "OptimizedLSTMCell", "RNN",
        "RNNCellBase", "SimpleCell",
    ),
    "frontend.layers.stochastic": ("Dropout",),
    "frontend.lifts.axes": ("In", "Out", "broadcast"),
    "frontend.lifts.branches": ("cond", "switch"),
    "frontend.lifts.custom_vjp": ("custom_vjp",),
    "frontend.lifts.derivatives": ("jvp", "vjp"),
    "frontend.lifts.gradients": ("grad", "value_and_grad"),
    "frontend.lifts.jit": ("fold_rngs", "jit"),
    "frontend.lifts.map_variables": ("add_metadata_axis", "map_variables"),
    "frontend.lifts.named_call": ("named_call",),
    "frontend.lifts.remat": ("checkpoint", "remat"),
    "frontend.lifts.remat_scan": ("remat_scan",),
    "frontend.lifts.scan": ("scan",),
    "frontend.lifts.vmap": ("vmap",),
    "frontend.lifts.while_loop": ("while_loop",),
    "runtime.budget_curve": ("budget_curve",),
    "runtime.check_grads": ("check_grads",),
    "runtime.compile": ("compile",),
    "runtime.explain": ("explain",),
    "runtime.program": ("Program",),
    "frontend.name_scope": ("compact_name_scope",),
    "frontend.profiling": ("disable_named_call", "enable_named_call", "override_named_call"),
    "frontend.shared_scope": ("share_scope",),
    "frontend.sharing": ("unshared",),
    "frontend.spmd": (
        "LogicallyPartitioned", "get_logical_axis_rules", "logical_axis_rules", "logical_to_mesh",
        "logical_to_mesh_axes", "logical_to_mesh_sharding", "set_logical_axis_rules",
        "with_logical_constraint", "with_logical_partitioning",
    ),
    "frontend.summary": ("tabulate",),
    "frontend.toplevel": ("apply", "init", "init_with_output"),
    "frontend.variables": ("Variable",),
}

# Public name -> the submodule that it is.
_SUBMODULES = {
    "cache": "runtime.cache",
    "checkpoint_policies": "lowering.checkpoint_policies",
    "core": "core",
    "errors": "errors",
    "functional": "frontend.functional",
    "initializers": "frontend.layers.initializers",
    "meta": "frontend.meta",
    "module": "frontend.decorator",
    "partitioning": "frontend.partitioning",
    "spmd": "frontend.spmd",
    "summary": "frontend.summary",
    "transforms": "transforms",
    "typing": "frontend.typing",
    **{family: f"frontend.layers.{family}" for family in _FAMILIES},
}

# The parts of `core`, which Linen's users import by name.
_PARTS = {
    "core.frozen_dict": "frontend.frozen_dict",
    "core.lift": "frontend.lifts.scopes",
    "core.meta": "frontend.meta",
    "core.scope": "frontend.scope",
}

submodules.find(__name__, {**_SUBMODULES, **_PARTS})

_PROVIDER = {name: submodule for submodule, names in _PROVIDED.items() for name in names}

__all__ = sorted([*_PROVIDER, *_SUBMODULES])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _PROVIDER:
        value = getattr(import_module(f"{__name__}.{_PROVIDER[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"{__name__}.{_SUBMODULES[name]}")
    else:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
