"""Derivative rules: the least that determines both modes, and the decorators that derive the rest.

What a rule stands for is, for each operand that can carry a tangent, the linear map from its tangent to the
result's. Forward mode sums the maps' applications; reverse mode accumulates their transposes. Five
decorators state such a rule with the least words:

    @partials(op)          (y, *xs) -> dy/dx for each operand     elementwise: scale by it, both ways
    @linear_maps(op)       (op, y, *xs) -> a map for each operand, where a scale does not say it
    @transposition(op)     (op, ct) -> cotangent(s)               a linear op: its jvp is the op itself
    @bilinear(op)          (op, ct, x, y) -> both cotangents      jvp is the product rule
    locally_constant(op)                                          no tangent passes

Ops with callees write both modes out with `@jvp` and `@vjp`; ops with regions choose one of several rules
with `@by_region`.

Conventions, as in JAX: cotangents are transposed, not conjugated; None is the symbolic zero. A rule may
return a function of no arguments in place of a tensor or a map; it is called only when somebody asks for
that operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.tensor import Tensor
from stablelift.passes.rules import Decorator, RuleTable

Tangents = Sequence[Tensor | None]


@dataclass(frozen=True)
class LinearMap:
    """A linear map from an operand's tangent to the result's, and its transpose."""

    apply: Callable[[Tensor], Tensor]
    transpose: Callable[[Tensor], Tensor]


IDENTITY = LinearMap(lambda t: t, lambda ct: ct)
NEGATION = LinearMap(lambda t: -t, lambda ct: -ct)


def scale_by(factor: Tensor) -> LinearMap:
    """Multiplication by `factor`, elementwise: its own transpose."""
    return LinearMap(lambda t: t * factor, lambda ct: ct * factor)


def divide_by(divisor: Tensor) -> LinearMap:
    """Division by `divisor`, elementwise: its own transpose."""
    return LinearMap(lambda t: t / divisor, lambda ct: ct / divisor)


def compose(*maps: LinearMap) -> LinearMap:
    """The maps one after the other, the first one first."""

    def apply(t: Tensor) -> Tensor:
        for each in maps:
            t = each.apply(t)
        return t

    def transpose(ct: Tensor) -> Tensor:
        for each in reversed(maps):
            ct = each.transpose(ct)
        return ct

    return LinearMap(apply, transpose)


class DerivativeRule(NamedTuple):
    """Both modes of one op.

    jvp: (derive, op, tangent of each operand) -> tangent of each result.
    vjp: (derive, op, cotangent of each result, operands that want one) -> cotangent of each operand.
    `derive` derives functions, for ops that call them.
    """

    jvp: Callable[[Any, Any, Tangents], Tangents]
    vjp: Callable[[Any, Any, Tangents, Sequence[bool]], Tangents]


derivatives: RuleTable[DerivativeRule] = RuleTable("derivative", "stablelift/passes/derivatives/")


def operands_of(op: Any) -> list[Tensor]:
    return [Tensor(operand) for operand in op.operation.operands]


def results_of(op: Any) -> list[Tensor]:
    return [Tensor(result) for result in op.operation.results]


def add(x: Tensor | None, y: Tensor | None) -> Tensor | None:
    """The sum of two tangents, either of which may be the symbolic zero."""
    return y if x is None else x if y is None else x + y


def instantiate(x: Tensor | None, like: Tensor) -> Tensor:
    """`x`, or zeros of `like`'s type for the symbolic zero."""
    return hlo.zeros_like(like) if x is None else x


def linear_maps(*names: str) -> Decorator:
    """A rule `(op, y, *xs)` that returns, for each operand, a LinearMap, a factor, or None for no dependence.

    The op's first result is `y`; it is the only one that carries a tangent.
    """

    def enter(rule: Callable) -> Callable:
        for name in names:
            derivatives.enter(name, by_linear_maps(rule))
        return rule

    return enter


def by_linear_maps(rule: Callable) -> DerivativeRule:
    """Both modes of an op, by a rule as `linear_maps` takes it."""

    def maps(op: Any, asked: Sequence[bool]) -> list[LinearMap | None]:
        found = _forced(rule(op, Tensor(op.operation.results[0]), *operands_of(op)), asked)
        return [scale_by(each) if isinstance(each, Tensor) else each for each in found]

    def jvp(derive: Any, op: Any, tangents: Tangents) -> Tangents:
        total = None
        found = maps(op, [tangent is not None for tangent in tangents])
        for linear_map, tangent in zip(found, tangents, strict=True):
            if linear_map is not None and tangent is not None:
                total = add(total, linear_map.apply(tangent))
        return [total, *[None] * (len(op.operation.results) - 1)]

    def vjp(derive: Any, op: Any, cts: Tangents, wanted: Sequence[bool]) -> Tangents:
        found, ct = maps(op, wanted), cts[0]  # also for another result's cotangent: there may be no rule
        if ct is None:
            return [None] * len(wanted)
        return [None if linear_map is None else linear_map.transpose(ct) for linear_map in found]

    return DerivativeRule(jvp, vjp)


def by_region(*names: str) -> Decorator:
    """A choice `(op)` of a DerivativeRule, by what the op's region computes."""

    def enter(choice: Callable[[Any], DerivativeRule]) -> Callable:
        def jvp(derive: Any, op: Any, tangents: Tangents) -> Tangents:
            return choice(op).jvp(derive, op, tangents)

        def vjp(derive: Any, op: Any, cts: Tangents, wanted: Sequence[bool]) -> Tangents:
            return choice(op).vjp(derive, op, cts, wanted)

        for name in names:
            derivatives.enter(name, DerivativeRule(jvp, vjp))
        return choice

    return enter


def partials(*names: str) -> Decorator:
    """A rule `(y, *xs)` that returns dy/dx for each operand (one tensor for a unary op) of an elementwise
    op.
    """

    def enter(rule: Callable) -> Callable:
        linear_maps(*names)(lambda op, y, *xs: rule(y, *xs))
        return rule

    return enter


def transposition(*names: str) -> Decorator:
    """A rule `(op, ct)` that returns the cotangent of a linear op's operand, or a list with one for each.

    The op must be linear in all of its inexact operands together; the others (indices, predicates) are kept.
    """

    def enter(rule: Callable) -> Callable:
        def jvp(derive: Any, op: Any, tangents: Tangents) -> Tangents:
            operands = [
                instantiate(tangent, operand) if hlo.is_inexact(operand.type) else operand
                for operand, tangent in zip(operands_of(op), tangents, strict=True)
            ]
            return hlo.remake(op, operands, types=[result.type for result in op.operation.results])

        def vjp(derive: Any, op: Any, cts: Tangents, wanted: Sequence[bool]) -> Tangents:
            return _forced(rule(op, cts[0]), wanted)

        for name in names:
            derivatives.enter(name, DerivativeRule(jvp, vjp))
        return rule

    return enter


def bilinear(*names: str) -> Decorator:
    """A rule `(op, ct, x, y)` that returns the cotangents of both operands of a bilinear op."""

    def enter(rule: Callable) -> Callable:
        def jvp(derive: Any, op: Any, tangents: Tangents) -> Tangents:
            x, y = operands_of(op)
            dx, dy = tangents
            types = [result.type for result in op.operation.results]
            left = None if dx is None else hlo.remake(op, [dx, y], types=types)[0]
            right = None if dy is None else hlo.remake(op, [x, dy], types=types)[0]
            return [add(left, right)]

        def vjp(derive: Any, op: Any, cts: Tangents, wanted: Sequence[bool]) -> Tangents:
            return _forced(rule(op, cts[0], *operands_of(op)), wanted)

        for name in names:
            derivatives.enter(name, DerivativeRule(jvp, vjp))
        return rule

    return enter


def _forced(found: Any, asked: Sequence[bool]) -> list[Any]:
    """What a rule returned, as a list: entries nobody asks for become None, and functions their values."""
    listed = found if isinstance(found, (tuple, list)) else [found]
    return [
        None if not wants else each() if callable(each) else each
        for each, wants in zip(listed, asked, strict=True)
    ]


def unsupported(op: Any, operand: str) -> Callable[[], Tensor]:
    """The map of an operand that has no known derivative: an error when somebody asks for it."""

    def refuse() -> Tensor:
        hint = f"hold {operand} constant (stop_gradient), or give the function a rule of its own (custom_jvp)"
        raise error_at(op, f"`{op.operation.name}` has no derivative with respect to {operand}", hint=hint)

    return refuse


locally_constant_ops: set[str] = set()
"""The ops through which no tangent passes; the sweeps stop there, and never ask their rules."""


def locally_constant(*names: str) -> None:
    """Ops whose derivative is zero wherever it exists."""
    locally_constant_ops.update(names)
    for name in names:
        derivatives.enter(name, DerivativeRule(_no_tangents, _no_cotangents))


def _no_tangents(derive: Any, op: Any, tangents: Tangents) -> Tangents:
    return [None] * len(op.operation.results)


def _no_cotangents(derive: Any, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    return [None] * len(wanted)


Values = Callable[[Any, Any, Sequence[bool]], Sequence[Tensor] | None]
"""(derive, op, operands that tangents reach): the results that users' rules give, or None where the op itself
now computes them.
"""

rule_values: dict[str, Values] = {}
"""Ops with users' rules, or with callees in which there may be some; see `rule_values.py`."""


def values_by_rule(*names: str) -> Callable[[Values], Values]:
    """What ops compute where tangents reach them."""

    def enter(rule: Values) -> Values:
        rule_values.update(dict.fromkeys(names, rule))
        return rule

    return enter


Reach = Callable[[Any, Any, Sequence[bool]], Sequence[int]]
"""(derive, op, operands that tangents reach): the results that they reach."""

reach: dict[str, Reach] = {}
"""Ops of which tangents reach some results and others not; of others they reach all; see `reach.py`."""


def reaching(*names: str) -> Callable[[Reach], Reach]:
    """Which results of ops tangents reach."""

    def enter(rule: Reach) -> Reach:
        reach.update(dict.fromkeys(names, rule))
        return rule

    return enter


_halves: dict[str, dict[str, Callable]] = {}


def _half(name: str, **mode: Callable) -> None:
    """One mode of a rule; the second one that comes enters both."""
    known = _halves.setdefault(name, {})
    known.update(mode)
    if len(known) == 2:
        derivatives.enter(name, DerivativeRule(**_halves.pop(name)))


def jvp(*names: str) -> Decorator:
    """Forward mode of an op with callees or regions: (derive, op, tangents) -> tangents of the results."""

    def enter(rule: Callable) -> Callable:
        for name in names:
            _half(name, jvp=rule)
        return rule

    return enter


def vjp(*names: str) -> Decorator:
    """Reverse mode of such an op: (derive, op, cotangents, wanted) -> cotangents of the operands.

    The rule may replace `op` in the forward part; it runs once per op.
    """

    def enter(rule: Callable) -> Callable:
        for name in names:
            _half(name, vjp=rule)
        return rule

    return enter
