"""What lifts make of shapes: from what a function infers to what the lifted function infers.

Each rule takes the inference of the function, the options of the lift, and the values of the arguments. It
raises Mismatch.
"""

from __future__ import annotations

from stablelift.frontend.language.derivative_rules import DERIVATIVE_RULES, Infer, LiftRule, Options
from stablelift.frontend.language.mapped_axis import MappedAxis, Values, may_be
from stablelift.frontend.language.shapes import Mismatch
from stablelift.frontend.language.values import UNKNOWN, Array, Several, Value


def _same(functions: list[Infer], _options: Options, values: Values) -> Value:
    return functions[0](values)


def _vmap(functions: list[Infer], options: Options, values: Values) -> Value:
    axis = MappedAxis("vmap", options.get("axis_size"))
    inner = axis.without_all(values, options.get("in_axes", 0))
    return axis.added(functions[0](inner), options.get("out_axes", 0))


def _scan(functions: list[Infer], options: Options, values: Values) -> Value:
    if not values:
        raise Mismatch("a loop needs a first carry")
    axis = MappedAxis("scan", options.get("length"))
    carry, *xs = values
    result = functions[0]((carry, *axis.without_all(tuple(xs), options.get("in_axes", 0))))
    items = result.items if isinstance(result, Several) else None
    if isinstance(result, Array) and result.shape is not None or items is not None and len(items) != 2:
        raise Mismatch(f"a step returns the next carry and an output, found {result}")
    if items is None:
        return Several((UNKNOWN, UNKNOWN))
    _same_carry(carry, items[0])
    return Several((items[0], axis.added(items[1], options.get("out_axes", 0))))


def _while(functions: list[Infer], _options: Options, values: Values) -> Value:
    if len(values) != 1:
        raise Mismatch(f"a loop has one carry, which may be a tuple, found {len(values)}")
    test, body = functions[0](values), functions[1](values)
    if isinstance(test, Array) and (test.shape or test.dtype not in ("bool", None)):
        raise Mismatch(f"the condition is a bool, found {test}")
    _same_carry(values[0], body)
    return values[0]


def _same_carry(before: Value, after: Value) -> None:
    if not may_be(before, after):
        raise Mismatch(f"the carry is {before} and becomes {after}")


def _fori(functions: list[Infer], _options: Options, values: Values) -> Value:
    if len(values) != 3:
        raise Mismatch(f"expected the first index, the end and a carry, found {len(values)} arguments")
    for bound in values[:2]:
        if isinstance(bound, Several) or isinstance(bound, Array) and bound.shape:
            raise Mismatch(f"an index is an int, found {bound}")
    _same_carry(values[2], functions[0]((Array("int", ()), values[2])))
    return values[2]


def _map(functions: list[Infer], _options: Options, values: Values) -> Value:
    if len(values) != 1:
        raise Mismatch(f"expected one argument, which may be a tuple, found {len(values)}")
    axis = MappedAxis("map", None)
    return axis.added(functions[0](axis.without_all(values, 0)), 0)


def _associative_scan(functions: list[Infer], options: Options, values: Values) -> Value:
    if len(values) != 1:
        raise Mismatch(f"expected one argument, which may be a tuple, found {len(values)}")
    axis = options.get("axis", 0)
    (part,) = MappedAxis("associative_scan", None).without_all(values, axis)
    part = MappedAxis("associative_scan", None).added(part, axis)
    joined = functions[0]((part, part))
    if not may_be(part, joined):
        raise Mismatch(f"two of {part} are joined to {joined}")
    return values[0]


def _cond(functions: list[Infer], options: Options, values: Values) -> Value:
    predicate = values[0] if values else UNKNOWN
    if isinstance(predicate, Array) and (predicate.shape or predicate.dtype not in ("bool", None)):
        raise Mismatch(f"the first argument is a bool, found {predicate}")
    return _switch(functions, options, values)


def _switch(functions: list[Infer], _options: Options, values: Values) -> Value:
    results = [function(values[1:]) for function in functions]
    for other in results[1:]:
        if not may_be(results[0], other):
            raise Mismatch(f"the branches return {results[0]} and {other}")
    return results[0] if results else UNKNOWN


LIFT_RULES: dict[str, LiftRule] = {
    "same": _same,
    "vmap": _vmap,
    "scan": _scan,
    "while": _while,
    "map": _map,
    "associative_scan": _associative_scan,
    "fori_loop": _fori,
    "cond": _cond,
    "switch": _switch,
    **DERIVATIVE_RULES,
}
