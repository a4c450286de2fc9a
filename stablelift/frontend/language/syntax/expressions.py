"""Expressions, and the types that are written with them."""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.syntax.node import Node


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name, where it is declared and where it is used."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """An integer, float, string, `true`, `false` or `none`."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Rest(Node):
    """`*batch`: the dimensions, any number of them, that go by one name."""

    name: Name


@dataclass(frozen=True, slots=True)
class Tuple(Node):
    """`(a, b)`; its items may be rests, whose sizes are spliced in."""

    items: tuple[Expression | Rest, ...]


@dataclass(frozen=True, slots=True)
class Dictionary(Node):
    """`{params: 0}`: keys are names of collections or random streams."""

    entries: tuple[tuple[Name, Expression], ...]


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """`axis=-1` among the arguments of a call."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, module or lift applied to arguments."""

    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[Keyword, ...]


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`start:stop:step` inside a subscript."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None


@dataclass(frozen=True, slots=True)
class Ellipsis(Node):
    """`...` inside a subscript."""


@dataclass(frozen=True, slots=True)
class Subscript(Node):
    """`x[0, :, ...]`."""

    value: Expression
    indices: tuple[Expression | Slice | Ellipsis, ...]


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`encoder.encode`: a method of a module."""

    value: Expression
    name: Name


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """`-x`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not x`, of the configuration."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right`: arithmetic, `@`, comparisons, `and`, `or`; `place` is the operator's own."""

    operator: str
    place: Span
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`value if test else otherwise`; the test is of the configuration."""

    value: Expression
    test: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """`[value for target in iterable]`: a tuple, over a range or tuple known before tracing."""

    value: Expression
    targets: tuple[Name, ...]
    iterable: Expression


Expression = (
    Name
    | Literal
    | Tuple
    | Dictionary
    | Call
    | Subscript
    | Attribute
    | Negation
    | Not
    | Binary
    | Conditional
    | Comprehension
)


@dataclass(frozen=True, slots=True)
class Type(Node):
    """`f32[*batch, features]`; without brackets a scalar."""

    dtype: Name
    dimensions: tuple[Expression | Rest, ...]


@dataclass(frozen=True, slots=True)
class TupleType(Node):
    """`(f32[b, h], f32[b, h])`: a tuple, such as a carry."""

    items: tuple[AnyType, ...]


AnyType = Type | TupleType


@dataclass(frozen=True, slots=True)
class Kind(Node):
    """What a value of the configuration may be: `int`, or `(int, float)`, or `(int, ...)`."""

    word: str
    items: tuple[Kind, ...]
    repeated: bool

    @property
    def text(self) -> str:
        """As it is written."""
        if self.word != "tuple":
            return self.word
        items = [item.text for item in self.items]
        if self.repeated:
            items.append("...")
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
