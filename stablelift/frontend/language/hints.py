"""What one writes who knows Python, JAX or PyTorch, and the words that the language has for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import suggest

_PREFIXES = frozenset("F flax functional jax jnp jr lax linen nn np numpy random self stablelift".split())

_OTHER_WORDS = {
    "amax": "max", "amin": "min", "bmm": "matmul", "cat": "concatenate", "fabs": "abs", "float": "astype",
    "float32": "f32", "int": "astype", "int32": "i32", "linear": "Dense", "mm": "matmul", "mod": "remainder",
    "norm": "vector_norm", "permute": "transpose", "prngkey": "key", "view": "reshape",
}  # fmt: skip

_ATTRIBUTES = {
    "shape": "sizes go by the names that types give them: `x: f32[n, d]`, and `n`",
    "ndim": "the number of axes is that of the type, as in `x: f32[n, d]`",
    "size": "sizes go by the names that types give them: `x: f32[n, d]`, and `n * d`",
    "dtype": "dtypes go by their names, such as `f32`",
    "T": "write `transpose(x)`",
    "at": "write `where`, `dynamic_update_slice` or `segment_sum`",
}


# The patterns look at no more of a line: they take long for a very long one.
MAX_LINE = 200
# What a line of Python, or of another language, looks like that the grammar refuses.
_LINES = (
    (r"\s*(if|elif|else|for)\b.*:\s*$", "a block begins without a colon"),
    (r"\s*else +if\b", "write `elif`"),
    (r"\s*while\b", "`while_loop(condition, body)` loops while the program runs; `for` loops over a range"),
    (r"class\b", "`module NAME` declares a module"),
    (r"def\b", "`fn NAME(...)` declares a function"),
    (r"\s+def\b", "a method is declared by its name: `call(x: f32[n, d])`"),
    (r"\s*let\b", "a value is named by `name = value`"),
    (r"(import|from)\b", 'declarations of other files are imported: `import Block from "blocks.lift"`'),
    (r".*\blambda\b", "functions have names: declare a `fn`"),
    (r".*[-+*/@]=[^=]", "write `x = x + y`"),
    (r".*\bfor\b.* in .*\bif\b", "a comprehension takes every item"),
)


def of_line(line: str) -> str:
    """The hint for a line that the grammar refuses, or an empty string."""
    return next((hint for pattern, hint in _LINES if re.match(pattern, line[:MAX_LINE])), "")


def closest(word: str, known: Iterable[str]) -> str:
    """`did you mean ...` for the known word of the same meaning, or of the closest spelling; or nothing."""
    known = list(known)
    other = _OTHER_WORDS.get(word.lower())
    return f"did you mean `{other}`?" if other in known else suggest(word, known)


def foreign_root(attribute: syntax.Attribute) -> syntax.Name | None:
    """`jax` of `jax.nn.relu`, and the like."""
    value = attribute.value
    while isinstance(value, syntax.Attribute):
        value = value.value
    return value if isinstance(value, syntax.Name) and value.text in _PREFIXES else None


def alone(name: str, *, called: bool) -> str:
    """The hint for a word behind `jax.` or `self.`."""
    word = _OTHER_WORDS.get(name.lower(), name)
    return f"words stand alone: `{word}{'(...)' * called}`"


def of_array(name: str, *, arguments: bool = False) -> str:
    """The hint for `x.name`, where `x` is no module."""
    more = ", ..." if arguments else ""
    return _ATTRIBUTES.get(name) or f"functions are called by name: `{name}(x{more})`, not `x.{name}()`"
