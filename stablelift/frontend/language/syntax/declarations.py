"""Modules, functions and lifts, and what stands in modules; files and their imports."""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language.syntax.expressions import AnyType, Expression, Kind, Literal, Name
from stablelift.frontend.language.syntax.node import Node
from stablelift.frontend.language.syntax.statements import Block, Param, Variable


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
