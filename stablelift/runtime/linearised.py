"""A lift whose gradient JAX computes in another function than its results: what it needs is handed on.

Op by op, through a function of a user's `jax.jit`, a branch or a loop of JAX's, and where a gradient is
differentiated again, a lift and its gradient do not stand in one block, as `paired` wants them to. There the
residuals are results, which JAX hands on as it does with those of its own operations. Both halves keep their
lifts, and are mapped and differentiated like any Program.

What JAX wants to transpose is a linear function that is known by its transpose, the second half.
Importing this module registers the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
from jax.extend.core import Primitive

from stablelift.errors import LiftError
from stablelift.ir.mlir import context, functions, may_hold, parse
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import named
from stablelift.lowering.jaxprs import jaxprs_in
from stablelift.lowering.linear import Positions, inputs_at_zero, primal_values, tangents, valued_gradients
from stablelift.lowering.primitive import (
    checks_something,
    effects_of_rules,
    lift_p,
    name_in,
    program_p,
    side_effects,
    transposed_p,
)
from stablelift.lowering.session import session_memo
from stablelift.lowering.structure import UnlikeAnything, structure_of
from stablelift.passes.derivatives.halves import halves
from stablelift.passes.pipeline import without_transforms
from stablelift.runtime.inside_jax import traced
from stablelift.runtime.paired import is_paired
from stablelift.runtime.program import Program
from stablelift.runtime.recent import Recent
from stablelift.runtime.trees import flat_tree
from stablelift.runtime.types import struct_of


class Linearised(NamedTuple):
    """A lift as two Programs: (primals) -> (so many `results`, residuals), and (those of the primals whose
    positions are `held`, cotangents in the places `moving`, residuals) -> gradients.
    """

    forward: Program
    reverse: Program
    results: int
    held: Positions
    moving: Positions


def _linearise(
    primitive: Primitive, primals: Sequence[Any], wrt: Positions, **params: Any
) -> tuple[Sequence[Any], list[Any], Callable[..., Sequence[Any]]] | None:
    found = _linearised(primitive, primals, wrt, params)
    if found is None:
        return None
    values = found.forward.bind(*primals)
    held = [*(primals[position] for position in found.held), *values[found.results :]]
    linear = partial(transposed_p.bind, program=found.reverse, moving=found.moving)
    return values[: found.results], held, linear


def _linearised(
    primitive: Primitive, primals: Sequence[Any], wrt: Positions, params: dict[str, Any]
) -> Linearised | None:
    """The halves of a lift, where `paired` would not find them side by side."""
    if not jax_compat.is_apart() or session_memo() is not None or not is_paired(primitive, params):
        return None
    if jax_compat.is_on_a_mesh() or any(map(jax_compat.speaks_of_axes, jaxprs_in(params.get("callees")))):
        return None
    if primitive is lift_p and checks_something(params):
        return None
    if jax_compat.in_order(side_effects(primitive, params) | effects_of_rules(primitive, params)):
        return None
    if jax_compat.looks_for_special_values():  # a lift can say where they come from, and a Program cannot
        return None
    avals = tuple(map(jax_compat.aval_of, primals))
    if any(map(jax_compat.is_symbolic, avals)):
        return None

    def made(platform: str) -> Linearised | None:
        return _made(primitive, params, avals, wrt, platform, on)

    def on(platform: str) -> Linearised | None:
        try:
            about = structure_of(params), primitive, avals, wrt, platform, jax_compat.trace_settings()
        except UnlikeAnything:
            return made(platform)
        return _recent.get(about, partial(made, platform))

    return on(jax_compat.known_platform(jax_compat.platform_of_arrays(primals)))


_recent: Recent[Linearised | None] = Recent(128)
_some: Recent[Program] = Recent(128)


def _made(
    primitive: Primitive,
    params: dict[str, Any],
    avals: Sequence[Any],
    wrt: Positions,
    platform: str,
    on: Callable[[str], Linearised | None],
) -> Linearised | None:
    """The halves for a platform; `on` makes them for another.

    None where all of it is as well computed again. Where it has no derivative as well: the rule by which JAX
    then asks for it says so, where it stands.
    """
    results = jax_compat.result_avals(primitive, avals, params)
    of = tuple(index for index, aval in enumerate(results) if jax_compat.can_carry_tangent(aval))
    cotangents = [jax_compat.tangent_aval(results[index]) for index in of]
    name = name_in(params)
    function = named(partial(valued_gradients, base=primitive, params=params, wrt=wrt, of=of), name)
    try:
        whole = traced(function, [*avals, *cotangents], platform)
        if len(of) > 1 and may_hold(whole.bytecode, ("lift.custom_vjp",)):
            return None  # whose rules need not be linear: those that no cotangent reaches are not asked
        found = halves(without_transforms(whole.bytecode), len(avals), len(results))
    except LiftError:
        return None
    if found is None:
        return None
    residuals = _result_types(found.forward)[len(results) :]
    inputs, outputs = whole.in_avals[: len(avals)], whole.out_avals[: len(results)]
    given, gradients = whole.in_avals[len(avals) :], whole.out_avals[len(results) :]
    held = [inputs[position] for position in found.held]
    values = (*outputs, *residuals)

    def anew(half: str, platform: str) -> Program:
        other = on(platform)
        if other is None or (other.forward.out_avals, other.held) != (values, found.held):
            raise LiftError(
                f"error: what the gradient of `{name}` needs of its results is not the same on {platform}\n"
                "  hint: let one `jax.jit` have both, with no other in between, or `stablelift.compile`"
            )
        return getattr(other, half)

    forward = _half(whole, found.forward, inputs, values, partial(anew, "forward"))
    forward = replace(forward, checks=partial(primal_values, base=primitive, params=params, wrt=wrt))
    reverse = _half(whole, found.reverse, (*held, *given, *residuals), gradients, partial(anew, "reverse"))
    moving = tuple(range(len(held), len(held) + len(of)))
    return Linearised(forward, reverse, len(results), found.held, moving)


def _result_types(bytecode: bytes) -> tuple[jax.ShapeDtypeStruct, ...]:
    with context() as ctx:
        module = parse(bytecode, ctx)
        return tuple(struct_of(type, "a residual") for type in functions(module)["main"].type.results)


def _half(
    whole: Program, bytecode: bytes, ins: Sequence[Any], outs: Sequence[Any], anew: Callable[[str], Program]
) -> Program:
    trees = {"in_tree": flat_tree(len(ins)), "out_tree": flat_tree(len(outs))}
    return replace(whole, bytecode=bytecode, in_avals=tuple(ins), out_avals=tuple(outs), anew=anew, **trees)


def _transpose(
    cotangents: Sequence[Any], operands: Sequence[Any], *, program: Program, moving: Positions
) -> list[Any]:
    """The second half itself, of the cotangents there are."""
    count = len(program.in_avals) - len(moving)
    rest = iter(operands[:count])
    values = dict(zip(moving, cotangents, strict=True))
    inputs = [values[index] if index in values else next(rest) for index in range(len(program.in_avals))]
    given = tuple(index for index in moving if values[index] is not None)
    if given != moving:
        program = _some.get((program, given), partial(_along, program, moving, given))
    gradients = program.bind(*(value for value in inputs if value is not None))
    return [*[None] * count, *gradients]


def _along(program: Program, moving: Positions, given: Positions) -> Program:
    """The second half of some of its cotangents, which it is linear in: its tangent along these."""
    taken = [index for index in range(len(program.in_avals)) if index in given or index not in moving]
    of = tuple(range(len(program.out_avals)))

    def tangent(*inputs: Any) -> tuple[Any, ...]:
        values = dict(zip(taken, inputs, strict=True))
        held = [value for index, value in values.items() if index not in moving]
        along = [values[index] for index in given]
        params = {"program": program}
        point = inputs_at_zero(program, held, moving)
        return tangents(*point, *along, base=program_p, params=params, wrt=given, of=of, avals=None)

    avals = [program.in_avals[index] for index in taken]
    whole = traced(named(tangent, program.name), avals, program.platform)
    return replace(
        whole,
        bytecode=without_transforms(whole.bytecode),
        anew=lambda platform: _along(program.on(platform), moving, given),
    )


def _transpose_program(
    cotangents: Sequence[Any], operands: Sequence[Any], *, program: Program
) -> list[Any]:
    """Of a Program that is linear in the operands without a value: of the second half, say."""
    moving = tuple(index for index, operand in enumerate(operands) if operand is None)
    held = [operand for operand in operands if operand is not None]
    given = jax_compat.filled(cotangents, program.out_avals)
    moved = iter(transposed_p.bind(*held, *given, program=program, moving=moving))
    return [next(moved) if operand is None else None for operand in operands]


for _primitive in (lift_p, program_p):
    jax_compat.register_linearization(_primitive, partial(_linearise, _primitive))
jax_compat.register_transpose(transposed_p, _transpose)
jax_compat.register_transpose(program_p, _transpose_program)
