"""Statements of bodies."""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language.syntax.expressions import AnyType, Expression, Name, Type
from stablelift.frontend.language.syntax.node import Node


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
