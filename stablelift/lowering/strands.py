"""Strands: what a program does alike to many arrays, as calls of one function.

    m' = b*m + c*g, n' = b*n + c*h, ...   ==>   m' = call @strand(m, g), n' = call @strand(n, h), ...

An optimiser's update has thousands of equations, a dozen of a kind for each parameter. As functions they are
lowered, and dealt with by the passes, once for each kind. A strand is elementwise, ends in results of the
program, and does not wait for what lies between its own ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
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
    components, users = _components(body)
    numbered: dict[int, bytes] = {}
    for numbers in components:
        strand = _strand(body, numbers, users, numbered) if len(numbers) >= _LEAST_EQUATIONS else None
        if strand is not None:
            kinds.setdefault(strand.key, []).append(strand)
    kinds = {key: strands for key, strands in kinds.items() if len(strands) >= _LEAST_STRANDS}
    return _with_calls(jaxpr, kinds.values()) if kinds else None


class _Strand:
    """Equations of a jaxpr by their numbers, what they take from outside, and what they are read for."""

    def __init__(self, numbers: Sequence[int], inputs: Sequence[Any], outputs: Sequence[Any], key: Hashable):
        self.numbers, self.inputs, self.outputs, self.key = numbers, inputs, outputs, key


def _components(body: Any) -> tuple[Iterable[Sequence[int]], Mapping[Any, Sequence[int]]]:
    """The elementwise equations that hang together by arrays, and the equations that use each variable, all
    by number; behind the last equation stand the results of the program.

    Those that wait for something else which waits for some of them (a norm of all gradients, say) stand on
    another level, so that a component can be computed at once.
    """
    eqns, literal = body.eqns, jax_compat.Literal
    level: dict[Any, int] = {}  # of each array that is not on the first
    found: dict[Any, list[int]] = {}  # by an array that is a result in it, the component
    every: dict[int, list[int]] = {}
    users: dict[Any, list[int]] = defaultdict(list)
    for number, eqn in enumerate(eqns):
        if not _is_elementwise(eqn):
            above = 0
            for atom in eqn.invars:
                if type(atom) is not literal:
                    users[atom].append(number)
                    above = max(above, level.get(atom, 0) + (atom in found))
            if above:
                level.update(dict.fromkeys(eqn.outvars, above))
            continue
        here, largest, others = 0, None, ()
        for atom in eqn.invars:
            if type(atom) is literal:
                continue
            users[atom].append(number)
            if level and (at := level.get(atom, 0)) != here:
                if at < here:
                    continue
                here, largest, others = at, None, ()
            component = found.get(atom)
            if component is None or component is largest or any(component is one for one in others):
                continue
            if largest is None:
                largest = component
            elif len(component) > len(largest):
                largest, others = component, (*others, largest)
            else:
                others = *others, component
        if largest is None:
            largest = []
            every[id(largest)] = largest
        for other in others:
            largest += other
            found.update((eqns[one].outvars[0], largest) for one in other)
            del every[id(other)]
        largest.append(number)
        result = eqn.outvars[0]
        found[result] = largest
        if here:
            level[result] = here
    for atom in body.outvars:
        if type(atom) is not literal:
            users[atom].append(len(eqns))
    return map(sorted, every.values()), users


def _is_elementwise(eqn: Any) -> bool:
    if eqn.primitive not in _ELEMENTWISE:
        if eqn.primitive is not jax_compat.jit_p:
            return False
        inner = jax_compat.opened(eqn.params["jaxpr"])
        if inner.constvars or len(eqn.outvars) != 1 or not all(map(_is_elementwise, inner.eqns)):
            return False
    shape = eqn.outvars[0].aval.shape
    for atom in eqn.invars:
        given = atom.aval.shape
        if given and given != shape:
            return False
    return bool(shape)


def _strand(
    body: Any, numbers: Sequence[int], users: Mapping[Any, Sequence[int]], numbered: dict[int, bytes]
) -> _Strand | None:
    """The strand of a component, if it ends in results and nobody waits for it in between.

    `numbered` holds the bytes of the numbers that have been read, by their operands' identity.
    """
    eqns, inside, last, result_of_all = body.eqns, set(numbers), numbers[-1], len(body.eqns)
    literal = jax_compat.Literal
    places: dict[Any, int] = {}
    inputs: list[Any] = []
    outputs: list[Any] = []
    parts: list[Hashable] = []
    ends = False
    for number in numbers:
        eqn = eqns[number]
        parts.append(eqn.primitive)
        if eqn.params:
            parts += eqn.params.items()
        for atom in eqn.invars:
            if type(atom) is literal:
                if (content := numbered.get(id(atom))) is None:
                    content = numbered[id(atom)] = np.asarray(atom.val).tobytes()
                parts += (atom.aval, content)
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
    if not ends:
        return None
    try:
        key = tuple(parts)
        hash(key)
    except TypeError:  # a parameter that cannot be compared
        return None
    return _Strand(numbers, inputs, outputs, key)


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
