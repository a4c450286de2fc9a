"""Operators on tracers, remembered: what `x * y` is in a trace, JAX is asked once for each kind of operands.

An optimiser's update is thousands of operators on arrays of a dozen types. JAX promotes, broadcasts and
infers types for each anew, in 30 to 50 us; to record again the equations that it made of the first takes 8.
They are its equations: nothing is said here about what an operator means.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import wraps
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
    """What an operator has made: equations, and the place of its result behind the operands and theirs."""

    steps: Sequence[_Step]
    result: int


def _remembering(name: str) -> Callable[..., Any]:
    by_jax = getattr(Operand, name)

    @wraps(by_jax)
    def operator(*operands: Any) -> Any:
        trace: OperandTrace = operands[0]._trace
        key = _key(trace, name, operands)
        if key is None:
            return by_jax(*operands)
        if key not in trace.memo:
            mark = trace.mark()
            result = by_jax(*operands)
            trace.memo[key] = _recorded(trace, operands, mark, result)
            return result
        recorded = trace.memo[key]
        return by_jax(*operands) if recorded is None else _again(trace, operands, recorded)

    return operator


def _key(trace: OperandTrace, name: str, operands: Sequence[Any]) -> Hashable | None:
    """What the equations depend on; None where they depend on more than types and settings."""
    if not trace.is_current():
        return None
    parts: list[Any] = [name, jax_compat.trace_settings()]
    for operand in operands:
        kind = type(operand)
        if kind is Operand:
            if not trace.is_variable(operand):
                return None
            parts.append(operand.aval)
        elif kind in _SCALARS and (operand or kind is not float) and operand == operand:
            parts += (kind, operand)  # neither of two zeros nor NaN, which do not compare as what they are
        else:
            return None
    parts.append(operands[0] is operands[-1])
    return tuple(parts)


def _recorded(trace: OperandTrace, operands: Sequence[Any], mark: int, result: Any) -> _Recorded | None:
    """What was recorded since `mark`; None where that is not all a result is made of."""
    places = {jax_compat.variable_of(operand): place for place, operand in enumerate(operands)}
    count, steps = len(operands), []
    for eqn in trace.since(mark):
        variables = [(one, jax_compat.variable_of(one)) for one in eqn.in_tracers]
        taken = [one if variable is None else places.get(variable) for one, variable in variables]
        if eqn.effects or None in taken:
            return None
        steps.append(_Step(taken, Made.of(eqn)))
        places.update((variable, count + index) for index, variable in enumerate(eqn.outvars))
        count += len(eqn.outvars)
    variable = jax_compat.variable_of(result)
    return _Recorded(steps, places[variable]) if variable is not None and variable in places else None


def _again(trace: OperandTrace, operands: Sequence[Any], recorded: _Recorded) -> Any:
    values = list(operands)
    where = jax_compat.source_here()
    for step in recorded.steps:
        taken = [values[one] if type(one) is int else one for one in step.operands]
        values += trace.record(taken, step.made_as, where)
    return values[recorded.result]


for _name in _NAMES:
    setattr(Operand, _name, _remembering(_name))


def with_operators(function: Callable[..., Any]) -> Callable[..., Any]:
    """A flat function of tracers whose operators are remembered as long as it runs."""

    @wraps(function)
    def remembering(*args: Any) -> Any:
        return jax_compat.on_operands(function, args)

    return remembering
