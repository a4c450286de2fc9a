"""Steps with functions and regions of their own: calls, branches, loops."""

from __future__ import annotations

from tests.programs.body import INTEGER, PREDICATE, Body, Type, Value
from tests.programs.table import advance, step

COUNTER = Type((), INTEGER)


def result(body: Body, type: Type) -> Value:
    """One of the body's latest values as `type`."""
    return body.fit(body.choose(*body.values[:-4:-1]), type)


def function(body: Body, inputs: list[Type], results: list[Type] | None = None) -> tuple[str, list[Type]]:
    """A new private function of a few steps, which returns `results`, or what it likes."""

    def write(inner: Body) -> list[Value]:
        advance(inner, inner.integer(1, 3))
        if results is not None:
            return [result(inner, type) for type in results]
        return [inner.choose(*inner.values[:-4:-1]) for _ in range(inner.integer(1, 2))]

    return body.source.function(inputs, write, body.depth + 1)


def some(body: Body, low: int, high: int) -> list[Value]:
    return [body.any() for _ in range(body.integer(low, high))]


@step(nests=True)
def call(body: Body) -> list[Value]:
    """A function called once or twice."""
    args = some(body, 1, 3)
    name, types = function(body, [arg.type for arg in args])
    made = body.ops("func.call", args, types, f"callee = {name}")
    if body.flip():
        made += body.ops("func.call", [body.like(arg) for arg in args], types, f"callee = {name}")
    return made


@step(nests=True)
def branches(body: Body) -> list[Value]:
    """`if` or `case`, whose regions use values from outside."""
    types = [value.type for value in some(body, 1, 2)]
    name, index = body.choose(("if", PREDICATE), ("case", INTEGER))
    chosen = body.int_or_bool(index, ())
    scope = list(body.values)

    def branch(inner: Body) -> list[Value]:
        advance(inner, inner.integer(0, 2))
        return [result(inner, type) for type in types]

    count = 2 if name == "if" else body.integer(1, 3)
    regions = [body.region([], branch, scope) for _ in range(count)]
    return body.ops(f"stablehlo.{name}", [chosen], types, regions=regions)


def _loop(body: Body, limit: Value | int) -> list[Value]:
    """A `while` that counts to `limit`, with values carried and values from outside used."""
    carry = some(body, 1, 2)
    types = [COUNTER, *(value.type for value in carry)]
    scope = list(body.values)

    def proceed(inner: Body, counter: Value, *carry: Value) -> list[Value]:
        end = limit if isinstance(limit, Value) else inner.constant(limit, COUNTER)
        return [inner.compared(counter, end, "LT")]

    def work(inner: Body, counter: Value, *carry: Value) -> list[Value]:
        advance(inner, inner.integer(1, 3))
        counted = inner.op("add", [counter, inner.constant(1, COUNTER)])
        return [counted, *(result(inner, type) for type in types[1:])]

    start = body.constant(0, COUNTER)
    regions = [body.region(types, proceed, scope), body.region(types, work, scope)]
    return body.ops("stablehlo.while", [start, *carry], types, regions=regions)


@step(nests=True)
def counted_loop(body: Body) -> list[Value]:
    return _loop(body, body.integer(0, 3))


@step(nests=True, derived=False)
def open_loop(body: Body) -> list[Value]:
    """A loop whose length is computed."""
    return _loop(body, body.int_or_bool(INTEGER, ()))
