"""A StableHLO function while it is being written: values in scope, ops appended, types made to fit.

The program is text, since text is what a failing example shows. A `Body` is a function or a region; its ops
are in MLIR's generic form. Values are tame by convention: a rule may assume that its operands lie in about
[-2, 2] (integers in [-4, 4]) and hands back results that do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st

SIZES = st.sampled_from([2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 0])
"""Sizes of axes: an empty one now and then, since it empties what is computed from it."""
INTEGER, PREDICATE = "i32", "i1"


class Type(NamedTuple):
    """A ranked tensor type; the element type as MLIR spells it."""

    shape: tuple[int, ...]
    element: str

    def __str__(self) -> str:
        return f"tensor<{''.join(f'{size}x' for size in self.shape)}{self.element}>"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_complex(self) -> bool:
        return self.element.startswith("complex")

    @property
    def is_real(self) -> bool:
        return self.element in ("f64", "f32", "bf16")

    @property
    def is_inexact(self) -> bool:
        return self.is_real or self.is_complex

    def of(self, shape: Sequence[int] | None = None, element: str | None = None) -> Type:
        """This type with another shape or element type."""
        return Type(self.shape if shape is None else tuple(shape), element or self.element)


class Value(NamedTuple):
    """An SSA value: its name and its type."""

    name: str
    type: Type


@dataclass(frozen=True)
class Flavour:
    """What a program may hold, for the sake of the test that draws it.

    `kinks`: functions without a derivative somewhere, and with a derivative of zero where they jump.
    `derived`: only what the derivatives pass has a rule for in both modes. `jumps`: integers and booleans may
    depend on floating-point numbers, so that a rounding error may show as a wrong integer.
    """

    elements: tuple[str, ...]
    kinks: bool = True
    derived: bool = False
    jumps: bool = True

    @property
    def real(self) -> str:
        """The first floating-point element type."""
        return self.elements[0]


@dataclass
class Source:
    """The module's functions so far, and where choices come from."""

    draw: Callable[[Any], Any]
    flavour: Flavour
    functions: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    def function(
        self,
        inputs: Sequence[Type],
        build: Callable[[Body], list[Value]],
        depth: int,
        flavour: Flavour | None = None,
    ) -> tuple[str, list[Type]]:
        """Write a private function of `inputs`; its symbol and its result types."""
        name = f"@f{next(self.numbers)}"
        body = Body(self, depth, flavour=flavour)
        arguments = body.arguments(inputs)
        results = build(body)
        self.functions.append(function_text(f"private {name}", arguments, body, results))
        return name, [result.type for result in results]


def function_text(head: str, arguments: Sequence[Value], body: Body, results: Sequence[Value]) -> str:
    taken = ", ".join(f"{value.name}: {value.type}" for value in arguments)
    types = ", ".join(str(value.type) for value in results)
    lines = "\n".join(f"  {line}" for line in body.lines)
    names = ", ".join(value.name for value in results)
    return f"func.func {head}({taken}) -> ({types}) {{\n{lines}\n  return {names} : {types}\n}}"


class Body:
    """The ops of one function or region so far, and the values that the next op may use."""

    def __init__(
        self, source: Source, depth: int, outer: Sequence[Value] = (), flavour: Flavour | None = None
    ):
        self.source, self.depth = source, depth
        self.flavour = flavour or source.flavour
        self.values: list[Value] = list(outer)
        self.used: set[str] = set()
        self.lines: list[str] = []

    def draw(self, strategy: Any) -> Any:
        return self.source.draw(strategy)

    def choose(self, *among: Any) -> Any:
        return self.draw(st.sampled_from(among))

    def flip(self) -> bool:
        return self.draw(st.booleans())

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def shape(self, low: int = 0, high: int = 3) -> tuple[int, ...]:
        return tuple(self.draw(st.lists(SIZES, min_size=low, max_size=high)))

    def arguments(self, types: Sequence[Type]) -> list[Value]:
        """Fresh arguments of the function or region, in scope from now on."""
        found = [Value(f"%v{next(self.source.numbers)}", type) for type in types]
        self.values += found
        return found

    def unused(self) -> list[Value]:
        """The values that no op has taken, the latest first; the latest of all where there are none."""
        return [value for value in self.values[::-1] if value.name not in self.used] or self.values[-1:]

    # Ops

    def ops(
        self,
        name: str,
        operands: Sequence[Value],
        types: Sequence[Type],
        attributes: str = "",
        regions: Sequence[str] = (),
    ) -> list[Value]:
        """Append an op of any number of results."""
        self.used.update(operand.name for operand in operands)
        base = f"%v{next(self.source.numbers)}"
        bodies = f" ({', '.join(regions)})" if regions else ""
        settings = f" {{{attributes}}}" if attributes else ""
        left = f"{base}:{len(types)} = " if len(types) > 1 else f"{base} = " if types else ""
        taken = ", ".join(operand.name for operand in operands)
        inputs = ", ".join(str(operand.type) for operand in operands)
        results = ", ".join(map(str, types))
        self.lines.append(f'{left}"{name}"({taken}){bodies}{settings} : ({inputs}) -> ({results})')
        names = [f"{base}#{index}" for index in range(len(types))] if len(types) > 1 else [base]
        return [Value(name, type) for name, type in zip(names, types, strict=bool(types))]

    def op(
        self,
        name: str,
        operands: Sequence[Value],
        type: Type | None = None,
        attributes: str = "",
        regions: Sequence[str] = (),
    ) -> Value:
        """Append an op of one result, by default of its first operand's type."""
        name = name if "." in name else f"stablehlo.{name}"
        return self.ops(name, operands, [type or operands[0].type], attributes, regions)[0]

    def region(
        self, types: Sequence[Type], build: Callable[..., Sequence[Value]], outer: Sequence[Value] = ()
    ) -> str:
        """The text of a region with arguments of `types`, in which `outer` values are in scope.

        `build(body, *arguments)` gives what the region returns.
        """
        body = Body(self.source, self.depth + 1, outer, self.flavour)
        arguments = body.arguments(types)
        results = build(body, *arguments)
        taken = ", ".join(f"{value.name}: {value.type}" for value in arguments)
        lines = "\n".join(f"  {line}" for line in body.lines)
        names = ", ".join(value.name for value in results)
        kinds = ", ".join(str(value.type) for value in results)
        end = f'  "stablehlo.return"({names}) : ({kinds}) -> ()'
        return f"{{\n^bb0({taken}):\n{lines}\n{end}\n}}" if types else f"{{\n{lines}\n{end}\n}}"

    def combiner(self, name: str, element: str) -> str:
        """The region that combines two scalars by the binary op `name`."""
        scalar = Type((), element)
        return self.region([scalar, scalar], lambda body, x, y: [body.op(name, [x, y])])

    def constant(self, number: float | int, type: Type) -> Value:
        """`number` in every element."""
        whole = {INTEGER: str(int(number)), PREDICATE: str(bool(number)).lower()}
        spelled = whole.get(type.element, str(float(number)))
        if type.is_complex:
            spelled = f"({float(number)}, 0.0)"
        return self.op("constant", [], type, f"value = dense<{spelled}> : {type}")

    def scaled(self, x: Value, factor: float) -> Value:
        return self.op("multiply", [x, self.constant(factor, x.type)])

    def shifted(self, x: Value, by: float) -> Value:
        return self.op("add", [x, self.constant(by, x.type)])

    def tame(self, x: Value, factor: float = 1.0) -> Value:
        """A value that may be large as one in range: times `factor`, then squashed; integers modulo 5."""
        if x.type.element == PREDICATE:
            return x
        if x.type.element == INTEGER:
            return self.op("remainder", [x, self.constant(5, x.type)])
        if x.type.is_complex:
            part = x.type.of(element=x.type.element[8:-1])
            parts = [self.tame(self.op(name, [x], part), factor) for name in ("real", "imag")]
            return self.op("complex", parts, x.type)
        return self.op("tanh", [self.scaled(x, factor)])

    # Operands

    def pick(
        self, accepts: Callable[[Type], bool], *, shape: Sequence[int] | None = None, rank: int = 0
    ) -> Value:
        """A value of an accepted type, of `shape` or at least `rank` axes, in scope or made to fit."""

        def fits(value: Value) -> bool:
            type = value.type
            return accepts(type) and type.rank >= rank and (shape is None or type.shape == tuple(shape))

        found = [value for value in self.values if fits(value)]
        if found and (len(found) > 2 or self.flip()):
            return self.draw(st.sampled_from(found[::-1]))
        elements = [element for element in self.flavour.elements if accepts(Type((), element))]
        value = self.draw(st.sampled_from(self.values[::-1]))
        element = value.type.element if accepts(value.type) else self.choose(*elements)
        if shape is None:
            shape = value.type.shape if value.type.rank >= rank else self.shape(rank)
        return self.fit(value, Type(tuple(shape), element))

    def real(self, **limits: Any) -> Value:
        return self.pick(lambda type: type.is_real, **limits)

    def inexact(self, **limits: Any) -> Value:
        return self.pick(lambda type: type.is_inexact, **limits)

    def number(self, **limits: Any) -> Value:
        return self.pick(lambda type: type.element != PREDICATE, **limits)

    def ordered(self, **limits: Any) -> Value:
        return self.pick(lambda type: type.is_real or type.element == INTEGER, **limits)

    def any(self, **limits: Any) -> Value:
        return self.pick(lambda type: True, **limits)

    def like(self, x: Value) -> Value:
        """Another value of the type of `x`."""
        return self.pick(lambda type: type.element == x.type.element, shape=x.type.shape)

    def int_or_bool(self, element: str, shape: Sequence[int]) -> Value:
        return self.pick(lambda type: type.element == element, shape=shape)

    def fit(self, value: Value, type: Type) -> Value:
        """`value` as `type`: converted, and its elements in order, repeated or cut off as needed."""
        return self.reshaped(self.converted(value, type.element), type.shape)

    def converted(self, x: Value, element: str) -> Value:
        """`x` with elements of another type, of like magnitude."""
        old, new = x.type, x.type.of(element=element)
        if old == new:
            return x
        if old.is_complex:
            part = self.op("real", [x], old.of(element=old.element[8:-1]))
            return self.converted(part, element)
        if new.is_complex:
            part = self.converted(x, element[8:-1])
            return self.op("complex", [part, self.scaled(part, -0.5)], new)
        if old.is_real and not new.is_real:
            if not self.flavour.jumps:
                return self.counted(new)
            return self.jump(x, new)
        if element == PREDICATE:
            return self.compared(x, self.constant(0, x.type), "GT")
        found = self.op("convert", [x], new)
        return self.scaled(found, 0.5) if new.is_real and not old.is_real else found

    def jump(self, x: Value, type: Type) -> Value:
        """Integers or booleans from reals, which lie off the grid where they would round either way."""
        if type.element == PREDICATE:
            return self.compared(x, self.constant(0.18309886, x.type), "GT")
        whole = self.op("floor", [self.shifted(self.scaled(x, 2.0), 0.31830988)])
        return self.tame(self.op("convert", [whole], type))

    def counted(self, type: Type) -> Value:
        """Integers or booleans that no other value has a part in."""
        if not type.rank:
            return self.constant(self.integer(0, 1), type)
        numbers = self.op(
            "iota", [], type.of(element=INTEGER), f"iota_dimension = {self.integer(0, type.rank - 1)} : i64"
        )
        return self.converted(numbers, type.element)

    def compared(self, x: Value, y: Value, direction: str) -> Value:
        attribute = f"comparison_direction = #stablehlo<comparison_direction {direction}>"
        return self.op("compare", [x, y], x.type.of(element=PREDICATE), attribute)

    def reshaped(self, x: Value, shape: Sequence[int]) -> Value:
        """The elements of `x` in `shape`, as many as it takes, from the start again when they run out."""
        type = x.type.of(shape)
        if x.type == type:
            return x
        if x.type.size == type.size:
            return self.op("reshape", [x], type)
        if not x.type.size:
            return self.constant(1, type)
        repeats = -(-type.size // x.type.size)
        if repeats > 1:
            axes = dims("broadcast_dimensions", range(1, x.type.rank + 1))
            x = self.op("broadcast_in_dim", [x], x.type.of((repeats, *x.type.shape)), axes)
        flat = self.op("reshape", [x], x.type.of((x.type.size,)))
        if flat.type.size > type.size:
            bounds = {"start_indices": 0, "limit_indices": type.size, "strides": 1}
            attributes = ", ".join(dims(name, [bound]) for name, bound in bounds.items())
            flat = self.op("slice", [flat], x.type.of((type.size,)), attributes)
        return self.op("reshape", [flat], type)


def dims(name: str, values: Sequence[int]) -> str:
    """An attribute that holds a list of axes or sizes."""
    return f"{name} = array<i64{': ' if len(values) else ''}{', '.join(map(str, values))}>"


def matrix(name: str, rows: Sequence[Sequence[int]]) -> str:
    """An attribute of two axes, such as `padding`."""
    columns = len(rows[0]) if rows else 2
    text = "" if not rows else str([list(row) for row in rows])
    return f"{name} = dense<{text}> : tensor<{len(rows)}x{columns}xi64>"
