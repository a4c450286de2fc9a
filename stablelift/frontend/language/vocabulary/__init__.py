"""The words of the language: dtypes, kinds, array functions, layers, initializers, lifts.

Checker, builder, formatter, reference and editors read these tables; nothing outside them can be named in a
`.lift` file.
"""

from __future__ import annotations

import math

from stablelift.frontend.language.vocabulary.arrays import FUNCTIONS as FUNCTIONS
from stablelift.frontend.language.vocabulary.layers import INITIALIZERS as INITIALIZERS
from stablelift.frontend.language.vocabulary.layers import LAYER_METHODS as LAYER_METHODS
from stablelift.frontend.language.vocabulary.layers import LAYERS as LAYERS
from stablelift.frontend.language.vocabulary.layers import READY_INITIALIZERS as READY_INITIALIZERS
from stablelift.frontend.language.vocabulary.lifts import FUNCTION_LIFTS as FUNCTION_LIFTS
from stablelift.frontend.language.vocabulary.lifts import LIFTS as LIFTS
from stablelift.frontend.language.vocabulary.lifts import POLICIES as POLICIES
from stablelift.frontend.language.vocabulary.lifts import VARIABLE_OPTIONS as VARIABLE_OPTIONS
from stablelift.frontend.language.vocabulary.words import Parameter as Parameter
from stablelift.frontend.language.vocabulary.words import Word as Word

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
DTYPE_CLASSES = {"float": "floating", "int": "integer", "complex": "complexfloating", "key": "prng_key"}
# Names that a field cannot have: every Module has an attribute of that name.
RESERVED_FIELDS = frozenset(
    """
    apply bind clone copy copy_from_scope get_variable has_rng has_variable init init_with_output
    is_initializing is_mutable_collection lazy_init make_rng module_paths name param parent path perturb
    put_variable reserve_name scope setup sow tabulate unbind variable variables
    """.split()
)
# Numbers by name, where nothing else has the name.
CONSTANTS = {"inf": math.inf, "nan": math.nan, "pi": math.pi}
FIELD_KINDS = ("int", "float", "bool", "str", "dtype", "function", "module")
