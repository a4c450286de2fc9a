"""The words of the language: array functions, layers, initializers, lifts, dtypes and kinds of fields.

One table. Checker, builder, reference and editors read it; nothing outside it can be named in a `.lift`
file. A signature is written as in Python, with `name=` for what may be left out and `*` before what is
keyword only; `name:kind` says what an argument may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DTYPES = {
    "bool": "bool",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "bf16": "bfloat16",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "c64": "complex64",
    "c128": "complex128",
}
DTYPE_CLASSES = {"float": "floating", "int": "integer", "complex": "complexfloating"}
# Names that a field cannot have: every Module has an attribute of that name.
RESERVED_FIELDS = frozenset(
    """
    apply bind clone copy copy_from_scope get_variable has_rng has_variable init init_with_output
    is_initializing is_mutable_collection lazy_init make_rng module_paths name param parent path perturb
    put_variable reserve_name scope setup sow tabulate unbind variable variables
    """.split()
)
FIELD_KINDS = ("int", "float", "bool", "str", "dtype")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a word; `kind` says what an argument may be."""

    name: str
    required: bool
    keyword_only: bool
    variadic: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Word:
    """A function, layer, initializer or lift: where it lives, its parameters, and its shape rule."""

    name: str
    home: str
    parameters: tuple[Parameter, ...]
    rule: str

    def parameter(self, name: str) -> Parameter | None:
        """The parameter that may be given by this name."""
        return next((p for p in self.parameters if p.name == name and not p.variadic), None)

    @property
    def positional(self) -> tuple[Parameter, ...]:
        return tuple(p for p in self.parameters if not p.keyword_only)

    @property
    def signature(self) -> str:
        """The parameters as they are written in this table."""
        shown = []
        for index, p in enumerate(self.parameters):
            if p.keyword_only and (index == 0 or not self.parameters[index - 1].keyword_only):
                shown.append("*")
            shown.append(f"*{p.name}" if p.variadic else p.name if p.required else f"{p.name}=")
        return ", ".join(shown)


_PARAMETER = re.compile(r"(\*?)(\w+)(?::(\w+))?(=?)")


def _parameters(signature: str) -> tuple[Parameter, ...]:
    """`x, axis=, *, dtype:static=` in parts; without a kind an argument is an array or a static value."""
    found, keyword_only = [], False
    for part in filter(None, (piece.strip() for piece in signature.split(","))):
        match = _PARAMETER.fullmatch(part)
        if match is None:
            keyword_only = True
            continue
        star, name, kind, optional = match.groups()
        required = not optional and not star
        found.append(Parameter(name, required, keyword_only, bool(star), kind or "value"))
    return tuple(found)


def _words(*rows: tuple[str, str, str, str]) -> dict[str, Word]:
    return {
        name: Word(name, home, _parameters(signature), rule)
        for home, rule, signature, names in rows
        for name in names.split()
    }


FUNCTIONS = _words(
    # Elementwise
    ("jax.numpy", "broadcast", "x", """
        abs arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conj cos cosh degrees exp exp2 expm1 floor
        imag isfinite isinf isnan log log10 log1p log2 logical_not negative radians real reciprocal sign sin
        sinc sinh sqrt square tan tanh trunc"""),
    ("jax.numpy", "broadcast", "x, y", """
        add arctan2 divide equal floor_divide fmod greater greater_equal hypot less less_equal logaddexp
        logical_and logical_or logical_xor maximum minimum multiply not_equal power remainder subtract"""),
    ("jax.numpy", "broadcast", "condition, x, y", "where"),
    ("jax.numpy", "broadcast", "x, min=, max=", "clip"),
    ("jax.numpy", "same", "x, decimals=", "round"),
    ("jax.numpy", "same", "x, dtype", "astype"),
    ("jax.nn", "same", "x", """
        hard_sigmoid hard_swish hard_tanh log_sigmoid mish relu relu6 selu sigmoid silu soft_sign softplus
        sparse_plus squareplus swish"""),
    ("jax.nn", "same", "x, approximate=", "gelu"),
    ("jax.nn", "same", "x, alpha=", "celu elu"),
    ("jax.nn", "same", "x, negative_slope=", "leaky_relu"),
    ("jax.lax", "same", "x", "erf lgamma digamma rsqrt stop_gradient"),
    # Along an axis
    ("jax.nn", "same", "x, axis=", "log_softmax softmax standardize"),
    ("jax.nn", "unknown", "x, axis=", "glu"),
    ("jax.nn", "reduce", "x, axis=, *, keepdims=", "logsumexp"),
    ("jax.nn", "one_hot", "x, num_classes, *, dtype=, axis=", "one_hot"),
    ("jax.numpy", "reduce", "x, axis=, *, dtype=, keepdims=", "mean prod sum"),
    ("jax.numpy", "reduce", "x, axis=, *, keepdims=", "all any argmax argmin max median min"),
    ("jax.numpy", "reduce", "x, axis=, *, ddof=, keepdims=", "std var"),
    ("jax.numpy", "same", "x, axis=", "cumprod cumsum flip sort"),
    ("jax.numpy", "same", "x, shift, axis=", "roll"),
    ("jax.numpy", "unknown", "x, axis=", "argsort"),
    # Contractions
    ("jax.numpy", "matmul", "x, y", "matmul"),
    ("jax.numpy", "unknown", "x, y", "dot outer vdot kron"),
    ("jax.numpy", "unknown", "x, y, axes=", "tensordot"),
    ("jax.numpy", "unknown", "subscripts, *operands", "einsum"),
    # Movement
    ("jax.numpy", "reshape", "x, shape", "broadcast_to reshape"),
    ("jax.numpy", "unknown", "x, axes=", "transpose"),
    ("jax.numpy", "unknown", "x, axis1, axis2", "swapaxes"),
    ("jax.numpy", "unknown", "x, source, destination", "moveaxis"),
    ("jax.numpy", "unknown", "x, axis", "expand_dims"),
    ("jax.numpy", "unknown", "x, axis=", "squeeze"),
    ("jax.numpy", "unknown", "x", "atleast_1d atleast_2d diag ravel"),
    ("jax.numpy", "same", "x, k=", "tril triu"),
    ("jax.numpy", "unknown", "arrays, axis=", "concatenate stack"),
    ("jax.numpy", "several", "x, sections:count, axis=", "split"),
    ("jax.numpy", "unknown", "x, repeats, axis=", "repeat"),
    ("jax.numpy", "unknown", "x, reps", "tile"),
    ("jax.numpy", "unknown", "x, pad_width", "pad"),
    ("jax.numpy", "unknown", "x, indices, axis=", "take"),
    ("jax.numpy", "unknown", "x, indices, axis", "take_along_axis"),
    # Creation
    ("jax.numpy", "create", "shape, dtype=", "ones zeros"),
    ("jax.numpy", "create", "shape, fill_value, dtype=", "full"),
    ("jax.numpy", "same", "x, dtype=", "ones_like zeros_like"),
    ("jax.numpy", "same", "x, fill_value, dtype=", "full_like"),
    ("jax.numpy", "unknown", "start, stop=, step=, *, dtype=", "arange"),
    ("jax.numpy", "unknown", "n, *, k=, dtype=", "eye"),
    ("jax.numpy", "unknown", "start, stop, num=", "linspace"),
)  # fmt: skip

# Initializers of a shape and dtype. `constant` rules need no random key.
INITIALIZERS = _words(
    ("jax.nn.initializers", "constant", "", "ones zeros"),
    ("jax.nn.initializers", "constant", "value", "constant"),
    ("jax.nn.initializers", "random", "stddev=", "normal truncated_normal"),
    ("jax.nn.initializers", "random", "scale=", "orthogonal uniform"),
    ("jax.nn.initializers", "random", "in_axis=, out_axis=, batch_axis=", """
        glorot_normal glorot_uniform he_normal he_uniform lecun_normal lecun_uniform"""),
    ("jax.nn.initializers", "random", "scale, mode, distribution", "variance_scaling"),
)  # fmt: skip

# The initializers that JAX offers as they are; the others are made by a call.
READY_INITIALIZERS = frozenset({"ones", "zeros"})

_DENSE = (
    "features:int, use_bias:bool=, dtype:dtype=, param_dtype:dtype=, *, "
    "kernel_init:initializer=, bias_init:initializer=, name:str="
)
_NORM = "epsilon:float=, dtype:dtype=, param_dtype:dtype="
_SCALED = "use_scale:bool=, scale_init:initializer=, use_fast_variance:bool=, name:str="
_CENTRED = f"use_bias:bool=, bias_init:initializer=, {_SCALED}"
LAYERS = _words(
    ("stablelift", "dense", _DENSE, "Dense"),
    ("stablelift", "normalize", f"{_NORM}, *, {_CENTRED}", "LayerNorm"),
    ("stablelift", "normalize", f"{_NORM}, *, {_SCALED}", "RMSNorm"),
    ("stablelift", "normalize", f"num_groups:int=, *, {_NORM}, {_CENTRED}", "GroupNorm"),
    ("stablelift", "unknown", "num_embeddings:int, features:int, dtype:dtype=, param_dtype:dtype=, *, "
     "embedding_init:initializer=, name:str=", "Embed"),
)  # fmt: skip

_VMAP = (
    "target:module, variable_axes:axes=, split_rngs:switches=, in_axes:prefix=, out_axes:prefix=, "
    "axis_size:int=, axis_name:str=, spmd_axis_name:str="
)
LIFTS = _words(("stablelift", "vmap", _VMAP, "vmap"))
