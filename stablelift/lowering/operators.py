"""Operators on tracers, remembered: what `x * y` is in a trace, JAX is asked twice for each kind of operands.

So are JAX's functions that are to be inlined, such as `jnp.sqrt`. An optimiser's update is thousands of them
on arrays of a dozen types. JAX promotes, broadcasts and infers types for each anew, in 30 to 50 us; to record
again the equations that it made takes 6. They are its equations: nothing is said here about what an operator
means.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial, wraps
from typing import Any, NamedTuple

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Made, Operand, OperandTrace

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_NAMES = (
    *(f"__{side}{name}__" for name in _BINARY for side in ("", "r")),
    *("__neg__", "__pos__", "__abs__", "__invert__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
)

_SCALARS = (bool, int, float)
"""Types whose values, as operands, may be part of an equation."""


class _Step(NamedTuple):
    """An equation: the places of its operands among values, or what stands for a number, and the rest."""

    operands: Sequence[Any]
    made_as: Made


class _Recorded(NamedTuple):
    """Equations, and the places of the results among the operands and, behind them, what the equations make.
    """

    steps: Sequence[_Step]
    results: Sequence[int]
    is_one: bool


_NEVER, _ONCE = object(), object()
"""What is known of operands that have not been met, and of those that have been once."""


class _Remembering(OperandTrace):
    """A trace that remembers what operators record, and what JAX's functions do that are to be inlined."""

    __slots__ = ()

    def process_primitive(self, primitive: Any, tracers: Any, params: Any, /) -> Any:
        if primitive is not jax_compat.jit_p or not jax_compat.is_inline(params):
            return super().process_primitive(primitive, tracers, params)
        by_jax = partial(super().process_primitive, primitive, tracers, params)
        return _remembered(self, tuple(params.values()), tracers, by_jax)


def _operator(name: str) -> Callable[..., Any]:
    by_jax = getattr(Operand, name)

    @wraps(by_jax)
    def operator(*operands: Any) -> Any:
        trace: OperandTrace = operands[0]._trace
        if not trace.is_current():
            return by_jax(*operands)
        return _remembered(trace, name, operands, partial(by_jax, *operands))

    return operator


def _remembered(trace: OperandTrace, what: Any, operands: Sequence[Any], by_jax: Callable[[], Any]) -> Any:
    key = _key(trace, what, operands)
    if key is None:
        return by_jax()
    known = trace.memo.get(key, _NEVER)
    if known is _ONCE:  # most numbers do not come again, and what they make is not read
        mark = trace.mark()
        results = by_jax()
        trace.memo[key] = _recorded(trace, operands, mark, results)
        return results
    if known is _NEVER:
        trace.memo[key] = _ONCE
    return _again(trace, operands, known) if isinstance(known, _Recorded) else by_jax()


def _key(trace: OperandTrace, what: Any, operands: Sequence[Any]) -> Hashable | None:
    """What the equations depend on; None where they depend on more than types, numbers and settings."""
    parts: list[Any] = [what, jax_compat.trace_settings()]
    places: dict[Any, int] = {}
    for operand in operands:
        kind = type(operand)
        if kind is Operand:
            if not trace.is_variable(operand):
                return None
            parts += (operand.aval, places.setdefault(operand.val, len(places)))
        elif kind in _SCALARS and operand == operand:  # no NaN, of which there are many
            parts += (kind, operand or str(operand))  # there are two zeros
        else:
            return None
    return tuple(parts)


def _recorded(trace: OperandTrace, operands: Sequence[Any], mark: int, results: Any) -> _Recorded | None:
    """What was recorded since `mark`; None where that is not all that the results are made of."""
    variable_of = jax_compat.variable_of
    places = {variable_of(operand): place for place, operand in enumerate(operands)}
    places.pop(None, None)
    count, steps, names = len(operands), [], jax_compat.source_here().name_stack
    for eqn in trace.since(mark):
        variables = [(one, variable_of(one)) for one in eqn.in_tracers]
        taken = [one if variable is None else places.get(variable) for one, variable in variables]
        if eqn.effects or None in taken or eqn.source_info.name_stack != names:
            return None
        steps.append(_Step(taken, Made.of(eqn)))
        places.update((variable, count + index) for index, variable in enumerate(eqn.outvars))
        count += len(eqn.outvars)
    is_one = not isinstance(results, list | tuple)
    found = [places.get(variable_of(result)) for result in ([results] if is_one else results)]
    known = [place for place in found if place is not None]
    return _Recorded(steps, known, is_one) if len(known) == len(found) else None


def _again(trace: OperandTrace, operands: Sequence[Any], recorded: _Recorded) -> Any:
    values = list(operands)
    where = jax_compat.source_here()
    for step in recorded.steps:
        taken = [values[one] if type(one) is int else one for one in step.operands]
        values += trace.record(taken, step.made_as, where)
    if recorded.is_one:
        return values[recorded.results[0]]
    return [values[place] for place in recorded.results]


for _name in _NAMES:
    setattr(Operand, _name, _operator(_name))


def with_operators(function: Callable[..., Any]) -> Callable[..., Any]:
    """A flat function of tracers whose operators are remembered as long as it runs."""

    @wraps(function)
    def remembering(*args: Any) -> Any:
        return jax_compat.on_operands(function, args, _Remembering)

    return remembering
