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
from stablelift.lowering.jax_compat import Operand, OperandTrace, Step

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_NAMES = (
    *(f"__{side}{name}__" for name in _BINARY for side in ("", "r")),
    *("__neg__", "__pos__", "__abs__", "__invert__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
)

_SCALARS = (bool, int, float)
"""Types whose values, as operands, may be part of an equation."""


class _Recorded(NamedTuple):
    """Equations, and the places of the results among the operands and, behind them, what the equations make.
    """

    steps: Sequence[Step]
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
    if isinstance(known, _Recorded):
        found = trace.record(known.steps, list(map(_variable, operands)), known.results)
        return found[0] if known.is_one else found
    if known is not _ONCE:
        if known is _NEVER:
            trace.memo[key] = _ONCE
        return by_jax()
    mark = trace.mark()  # most numbers do not come again: what JAX makes is read the second time
    results = by_jax()
    trace.memo[key] = _recorded(trace, operands, mark, results)
    return results


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
    places = {_variable(operand): place for place, operand in enumerate(operands)}
    places.pop(None, None)
    count, steps, names = len(operands), [], jax_compat.name_stack()
    for eqn in trace.since(mark):
        atoms = jax_compat.atoms_of(eqn)
        taken = [places.get(one) if type(one) is jax_compat.Var else one for one in atoms]
        if eqn.effects or None in taken or eqn.source_info.name_stack != names:
            return None
        steps.append(Step(taken, [var.aval for var in eqn.outvars], eqn.primitive, eqn.params, eqn.ctx))
        places.update((variable, count + index) for index, variable in enumerate(eqn.outvars))
        count += len(eqn.outvars)
    is_one = not isinstance(results, list | tuple)
    found = list(map(_variable, [results] if is_one else results))
    if not all(type(one) is jax_compat.Var and one in places for one in found):
        return None
    return _Recorded(steps, [places[one] for one in found], is_one)


def _variable(value: Any) -> Any | None:
    """What an operand or a result stands for in the jaxpr; None for a number."""
    return value.val if type(value) is Operand else None


for _name in _NAMES:
    setattr(Operand, _name, _operator(_name))


def with_operators(function: Callable[..., Any]) -> Callable[..., Any]:
    """A flat function of tracers whose operators are remembered as long as it runs."""

    @wraps(function)
    def remembering(*args: Any) -> Any:
        return jax_compat.on_operands(function, args, _Remembering)

    return remembering
