"""Strands: what a program does alike to many arrays, as calls of one function.

    m' = b*m + c*g, n' = b*n + c*h, ...   ==>   m' = call @strand(m, g), n' = call @strand(n, h), ...

An optimiser's update has thousands of equations, a dozen of a kind for each parameter. As functions they are
lowered, and dealt with by the passes, once for each kind. A strand is elementwise, ends in results of the
program, and does not wait for what lies between its own ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from jax import lax

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import inlined, part_of, replaced_equation, with_equations
from stablelift.lowering.primitive import lift_p

_LEAST_EQUATIONS = 3
"""A strand of fewer is not worth a call."""

_LEAST_STRANDS = 4
"""Fewer equal ones are not worth a function."""

_ELEMENTWISE = {
    getattr(lax, f"{name}_p")
    for name in (
        *("abs", "add", "and", "broadcast_in_dim", "ceil", "clamp", "convert_element_type", "copy", "cos"),
        *("div", "eq", "erf", "exp", "expm1", "floor", "ge", "gt", "integer_pow", "is_finite", "le", "log"),
        *("log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg", "not", "or", "pow", "rem", "round"),
        *("rsqrt", "select_n", "sign", "sin", "sqrt", "square", "sub", "tanh"),
    )
}


def with_strands(jaxpr: Jaxpr) -> Jaxpr | None:
    """The jaxpr with calls in the place of equal strands; None where there are none."""
    jaxpr = inlined(jaxpr)
    body = jax_compat.opened(jaxpr)
    if len(body.eqns) < _LEAST_EQUATIONS * _LEAST_STRANDS:
        return None
    kinds: dict[Hashable, list[_Strand]] = {}
    operands = _operands(body)
    users = _users(operands)
    for numbers in _components(body.eqns, operands):
        strand = _strand(body, numbers, users) if len(numbers) >= _LEAST_EQUATIONS else None
        if strand is not None:
            kinds.setdefault(strand.key, []).append(strand)
    kinds = {key: strands for key, strands in kinds.items() if len(strands) >= _LEAST_STRANDS}
    return _with_calls(jaxpr, kinds.values()) if kinds else None


class _Strand:
    """Equations of a jaxpr by their numbers, what they take from outside, and what they are read for."""

    def __init__(self, numbers: Sequence[int], inputs: Sequence[Any], outputs: Sequence[Any], key: Hashable):
        self.numbers, self.inputs, self.outputs, self.key = numbers, inputs, outputs, key


def _operands(body: Any) -> list[list[Any]]:
    """The variables that each equation uses, and behind these the results of the program."""
    literal = jax_compat.Literal
    atoms = [eqn.invars for eqn in body.eqns]
    return [[atom for atom in each if type(atom) is not literal] for each in (*atoms, body.outvars)]


def _users(operands: Sequence[Sequence[Any]]) -> dict[Any, list[int]]:
    """The equations that use each variable, by number; behind the last one stand the results."""
    users: dict[Any, list[int]] = defaultdict(list)
    for number, variables in enumerate(operands):
        for variable in variables:
            users[variable].append(number)
    return users


def _components(eqns: Sequence[Any], operands: Sequence[Sequence[Any]]) -> Iterable[Sequence[int]]:
    """The elementwise equations that hang together by arrays.

    Those that wait for something else which waits for some of them (a norm of all gradients, say) stand on
    another level, so that a component can be computed at once.
    """
    level: dict[Any, int] = {}  # of each array that is not on the first
    found: dict[Any, list[int]] = {}  # by an array that is a result in it, the component
    every: dict[int, list[int]] = {}
    for number, eqn in enumerate(eqns):
        if not _is_elementwise(eqn):
            above = max((level.get(var, 0) + (var in found) for var in operands[number]), default=0)
            if above:
                level.update(dict.fromkeys(eqn.outvars, above))
            continue
        here, near = 0, []
        for var in operands[number]:
            component = found.get(var)
            if level and (at := level.get(var, 0)) != here:
                if at < here:
                    continue
                here, near = at, []
            if component is not None and not any(component is one for one in near):
                near.append(component)
        if not near:
            largest: list[int] = []
            every[id(largest)] = largest
        elif len(near) == 1:
            largest = near[0]
        else:
            largest = max(near, key=len)
            for other in near:
                if other is not largest:
                    largest += other
                    _merge(found, eqns, other, largest)
                    del every[id(other)]
        largest.append(number)
        result = eqn.outvars[0]
        found[result] = largest
        if here:
            level[result] = here
    return map(sorted, every.values())


def _merge(found: dict[Any, list[int]], eqns: Sequence[Any], other: list[int], into: list[int]) -> None:
    for number in other:
        found[eqns[number].outvars[0]] = into


def _is_elementwise(eqn: Any) -> bool:
    if eqn.primitive is jax_compat.jit_p:
        inner = jax_compat.opened(eqn.params["jaxpr"])
        if inner.constvars or len(eqn.outvars) != 1 or not all(map(_is_elementwise, inner.eqns)):
            return False
    elif eqn.primitive not in _ELEMENTWISE:
        return False
    shape = eqn.outvars[0].aval.shape
    for atom in eqn.invars:
        if atom.aval.shape and atom.aval.shape != shape:
            return False
    return bool(shape)


def _strand(body: Any, numbers: Sequence[int], users: dict[Any, list[int]]) -> _Strand | None:
    """The strand of a component, if it ends in results and nobody waits for it in between."""
    inside, last, result_of_all = set(numbers), numbers[-1], len(body.eqns)
    literal = jax_compat.Literal
    places: dict[Any, int] = {}
    inputs: list[Any] = []
    outputs: list[Any] = []
    parts: list[Hashable] = []
    ends = False
    for number in numbers:
        eqn = body.eqns[number]
        parts.append(eqn.primitive)
        if eqn.params:
            parts += eqn.params.items()
        for atom in eqn.invars:
            if type(atom) is literal:
                parts += (atom.aval, np.asarray(atom.val).tobytes())
            elif (place := places.get(atom)) is not None:
                parts.append(place)
            else:
                places[atom] = len(places)
                inputs.append(atom)
                parts.append(atom.aval)
        result = eqn.outvars[0]
        places[result] = len(places)
        using = users.get(result, ())
        if not inside.issuperset(using):
            outside = set(using) - inside
            if min(outside) < last:
                return None
            ends = ends or result_of_all in outside
            outputs.append(result)
            parts.append("is read")
    try:
        key = tuple(parts)
        hash(key)
    except TypeError:  # a parameter that cannot be compared
        return None
    return _Strand(numbers, inputs, outputs, key) if ends else None


def _with_calls(jaxpr: Jaxpr, kinds: Iterable[Sequence[_Strand]]) -> Jaxpr:
    body = jax_compat.opened(jaxpr)
    eqns: list[Any] = list(body.eqns)
    for strands in kinds:
        first = strands[0]
        function = part_of(body, first.numbers, first.inputs, first.outputs)
        for strand in strands:
            params = {
                "op": "lift.call",
                "name": "strand",
                "callees": (("callee", function),),
                "attributes": (),
                "out_avals": tuple(var.aval for var in strand.outputs),
            }
            call = (lift_p, strand.inputs, strand.outputs, params)
            eqns[strand.numbers[-1]] = replaced_equation(body.eqns[strand.numbers[-1]], *call)
            for number in strand.numbers[:-1]:
                eqns[number] = None
    return with_equations(jaxpr, [eqn for eqn in eqns if eqn is not None])
