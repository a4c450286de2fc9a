"""The abstract syntax of `.lift` files: frozen dataclasses, each with its span."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from stablelift.frontend.language.diagnostics import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that has a place in the text."""

    span: Span


# Expressions


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


# Types


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


# Statements


@dataclass(frozen=True, slots=True)
class Let(Node):
    """`a, b = value`: names for the value, or for the items of a tuple; one name may be annotated."""

    targets: tuple[Name, ...]
    annotation: AnyType | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Update(Node):
    """`update mean = value`: writes a variable."""

    target: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Sow(Node):
    """`sow intermediates.features = value`: adds a value to those of a collection, if that is mutable."""

    collection: Name
    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Return(Node):
    """`return value`, the last statement of a body."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Param(Node):
    """`param kernel: f32[in, features] = lecun_normal()`."""

    name: Name
    type: Type
    initializer: Expression


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`variable batch_stats.mean: f32[features] = zeros()`."""

    collection: Name
    name: Name
    type: Type
    initializer: Expression


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if`, any number of `elif`, and `else`, of the configuration: one block is traced."""

    branches: tuple[tuple[Expression, Block], ...]
    otherwise: Block


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for target in iterable`: the block once for each item, one after the other."""

    targets: tuple[Name, ...]
    iterable: Expression
    body: Block


Statement = Let | Update | Sow | Return | Param | Variable | If | For
Block = tuple[Statement, ...]


# Declarations


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A configuration field of a module: `hidden: int = 64`."""

    name: Name
    kind: Kind
    default: Expression | None
    doc: str


@dataclass(frozen=True, slots=True)
class Submodule(Node):
    """`encoder = Dense(8)` in a module: one that every method sees, under that name."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """An argument of a method or function; without a type it takes any array.

    One with a `kind` is `static`: a value of the configuration.
    """

    name: Name
    type: AnyType | None
    default: Expression | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Callable(Node):
    """A method of a module, or a `fn`; `results` is empty where nothing is declared."""

    name: Name
    parameters: tuple[Parameter, ...]
    results: tuple[AnyType, ...]
    body: Block
    doc: str


Member = Param | Variable | Submodule


@dataclass(frozen=True, slots=True)
class Module(Node):
    """`module NAME`: fields; params, variables and submodules that every method sees; and methods.

    One that is `external` is declared, and written in Python: its methods have no bodies.
    """

    name: Name
    fields: tuple[Field, ...]
    members: tuple[Member, ...]
    methods: tuple[Callable, ...]
    doc: str
    external: bool = False


@dataclass(frozen=True, slots=True)
class Lift(Node):
    """`lift NAME = vmap(...)`."""

    name: Name
    value: Expression
    doc: str


Declaration = Module | Lift | Callable


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`import Block, Head from "layers/blocks.lift"`."""

    names: tuple[Name, ...]
    path: Literal


@dataclass(frozen=True, slots=True)
class File(Node):
    """A whole `.lift` file."""

    declarations: tuple[Declaration, ...]
    doc: str
    imports: tuple[Import, ...] = ()


def below(root: object) -> Iterator[Node]:
    """Every node at or below `root`, without recursion."""
    pending = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending += item
        elif isinstance(item, Node):
            yield item
            pending += [getattr(item, name) for name in _parts(type(item))]


def bound_names(statements: Block) -> Iterator[str]:
    """The names that statements bind."""
    for node in below(statements):
        match node:
            case Let(targets=targets) | For(targets=targets) | Comprehension(targets=targets):
                yield from (target.text for target in targets)
            case Param(name=name) | Variable(name=name):
                yield name.text


@cache
def _parts(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a node that may hold others."""
    return tuple(field.name for field in dataclasses.fields(kind) if field.name != "span")
