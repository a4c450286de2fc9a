"""Calls, user rules and remat: ops whose derivative calls derived functions.

A call is differentiated as a function: its callee is cut into a forward function, which also returns
residuals, and a reverse function, once for each pattern of active arguments, shared by all call sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of, differentiable
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.policy import NOTHING_SAVEABLE, Policy, parse
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.flow import pick
from stablelift.passes.derivatives.sweeps import Derive, Positions
from stablelift.passes.derivatives.table import (
    Tangents,
    instantiate,
    jvp,
    locally_constant,
    operands_of,
    results_of,
    transposition,
    vjp,
)
from stablelift.passes.kept import is_kept, keep_call, keep_like
from stablelift.passes.maxima import call
from stablelift.passes.module import Functions, body_of, replace
from stablelift.passes.remat.partition import Split, with_residuals
from stablelift.passes.remat.placement import behind_barrier, has_barrier
from stablelift.passes.remat.report import partition_of, report
from stablelift.passes.remat.selection import select

locally_constant("lift.stop_gradient")


@transposition("lift.name")
def name(op, ct):
    return ct


@jvp("stablehlo.optimization_barrier")
def barrier_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    return _behind_barrier(tangents)


@vjp("stablehlo.optimization_barrier")
def barrier_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    return _behind_barrier(cotangents)


def _behind_barrier(values: Tangents) -> Tangents:
    """The values that are there, behind a barrier of their own."""
    found = present(values)
    given = pick(values, found)
    behind = behind_barrier([value.value for value in given])
    return place([type(x)(value) for x, value in zip(given, behind, strict=True)], found, len(values))


def _callee(op: Any, attribute: str = "callee") -> str:
    return op.operation.attributes[attribute].value


def _called(op: Any) -> str:
    """The function that an op stands for a call of."""
    return _callee(op, "decomposition" if op.operation.name == "stablehlo.composite" else "callee")


def present(values: Sequence[Any]) -> Positions:
    """The positions that hold something: tangents that are not the symbolic zero, or flags that are set."""
    return tuple(index for index, value in enumerate(values) if value is not None and value is not False)


def place(values: Sequence[Tensor], positions: Positions, count: int) -> list[Tensor | None]:
    """`values` at `positions` of a list of `count`, None elsewhere."""
    placed: list[Tensor | None] = [None] * count
    for position, value in zip(positions, values, strict=True):
        placed[position] = value
    return placed


def tangents_of_call(derive: Derive, op: Any, callee: str, tangents: Tangents) -> Tangents:
    """The tangents of the results of `op`, which stands for a call of `@callee`."""
    wrt = present(tangents)
    of = derive.active_results(callee, wrt)
    given = pick(tangents, wrt)
    results = keep_like(op, call(derive.jvp(callee, wrt, of), [*operands_of(op), *given]))
    count = len(op.operation.results)
    replace(op, results[:count])
    return place(results[count:], of, count)


def cotangents_of_call(
    derive: Derive, op: Any, callee: str, cotangents: Tangents, wanted: Sequence[bool]
) -> Tangents:
    """The cotangents of the operands of `op`, in whose place a call that returns residuals is put."""
    of = present(cotangents)
    wrt = derive.reaching(callee, present(wanted), of)
    split = derive.partition(callee, wrt, of)
    kept = is_kept(op)
    residuals = replace_by_call(op, split.forward)
    gradients = call(split.reverse, [*residuals, *pick(cotangents, of)])
    if kept and gradients:
        keep_call(gradients[0].value.owner)
    return place(gradients, wrt, len(wanted))


@jvp("func.call", "lift.call", "stablehlo.composite")
def call_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    return tangents_of_call(derive, op, _called(op), tangents)


@vjp("func.call", "lift.call", "stablehlo.composite")
def call_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    policy, count = derive.layer_policy(op.operation)
    if policy is not None:
        choice = _Recomputed(policy, prevent_cse=True, times=derive.times)
        with derive.repeated(count):
            return _recomputed(derive, op, cotangents, wanted, choice)
    return cotangents_of_call(derive, op, _called(op), cotangents, wanted)


def replace_by_call(op: Any, forward: Any, operands: Sequence[Tensor] | None = None) -> list[Tensor]:
    """Put a call of `forward`, which also returns residuals, in the place of `op`; returns the residuals."""
    operation = op.operation
    with ir.InsertionPoint(operation), operation.location:
        outputs = keep_like(op, call(forward, operands_of(op) if operands is None else operands))
    count = len(operation.results)
    replace(op, outputs[:count])
    return list(outputs[count:])


@jvp("lift.remat")
def remat_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    """The tangents are recomputed with their primals, so that differentiating them again still saves
    nothing.
    """
    wrt = present(tangents)
    of = derive.active_results(_callee(op), wrt)
    function = derive.jvp(_callee(op), wrt, of)
    attributes: dict[str, Any] = {key: op.operation.attributes[key] for key in op.operation.attributes}
    attributes["callee"] = ir.FlatSymbolRefAttr.get(function.name.value)
    results = ir.Operation.create(
        "lift.remat",
        results=list(function.type.results),
        operands=[operand.value for operand in [*operands_of(op), *pick(tangents, wrt)]],
        attributes=attributes,
    ).results
    count = len(op.operation.results)
    return place([Tensor(result) for result in results][count:], of, count)


@dataclass(frozen=True)
class _Recomputed:
    """The residuals of a remat region: its inputs, and what the policy saves."""

    policy: Policy
    prevent_cse: bool
    times: int = 1

    def residuals(self, functions: Functions, split: Split) -> Split:
        block = body_of(split.forward)
        free = set(block.arguments)
        selection = select(functions, block, split.residuals, free, self.policy, times=self.times)
        name = split.forward.name.value
        account = partition_of(functions, name, self.policy, split.residuals, selection, times=self.times)
        chosen = with_residuals(functions, split, selection, barrier=self.prevent_cse, pin=True)
        return chosen._replace(account=account)


@vjp("lift.remat")
def remat_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    """The residuals are the inputs and what the policy saves; the reverse recomputes the rest.

    With `prevent_cse` the reverse stays a call, behind a barrier: XLA on CPU, which drops barriers, would
    compute its part of the forward sweep early, and on other devices merge it with the first computation.
    """
    attributes = attributes_of(op)
    policy = attributes.get("policy")
    choice = _Recomputed(parse(policy) if policy else NOTHING_SAVEABLE, attributes["prevent_cse"])
    return _recomputed(derive, op, cotangents, wanted, choice)


def _recomputed(
    derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool], choice: _Recomputed
) -> Tangents:
    """As `cotangents_of_call`, with the residuals of the choice."""
    of = present(cotangents)
    wrt = derive.reaching(_callee(op), present(wanted), of)
    with derive.inside(choice.policy):
        split = derive.partition(_callee(op), wrt, of, choice)
    report(split.account)
    residuals = replace_by_call(op, split.forward)
    gradients = call(split.reverse, [*residuals, *pick(cotangents, of)])
    if gradients and has_barrier(split.reverse):
        keep_call(gradients[0].value.owner)
    return place(gradients, wrt, len(wanted))


@jvp("lift.no_derivative")
def no_derivative_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    raise _refusal(op)


@vjp("lift.no_derivative")
def no_derivative_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    raise _refusal(op)


def _refusal(op: Any) -> LiftError:
    return error_at(op, attributes_of(op)["reason"])


@jvp("lift.custom_jvp")
def custom_jvp_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    operands = operands_of(op)
    inexact = differentiable([operand.type for operand in operands])
    given = [instantiate(tangents[index], operands[index]) for index in inexact]
    results = call(derive.functions[_callee(op, "jvp")], [*operands, *given])
    types = [result.type for result in op.operation.results]
    replace(op, results[: len(types)])
    return place(results[len(types) :], tuple(differentiable(types)), len(types))


@vjp("lift.custom_jvp")
def custom_jvp_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    """The user's rule is linear in the tangents, so its own reverse mode with respect to them, at any
    tangent, is its transpose: no other transposition is needed."""
    operands, results = operands_of(op), results_of(op)
    inexact = differentiable([operand.type for operand in operands])
    carrying = differentiable([result.type for result in results])
    wrt = tuple(len(operands) + position for position, index in enumerate(inexact) if wanted[index])
    arriving = [index for index in carrying if cotangents[index] is not None]
    of = tuple(len(results) + position for position, index in enumerate(carrying) if index in arriving)
    split = derive.partition(_callee(op, "jvp"), wrt, of)
    with ir.InsertionPoint(op.operation), op.operation.location:
        zeros = [hlo.zeros_like(operands[index]) for index in inexact]
    residuals = replace_by_call(op, split.forward, [*operands, *zeros])[len(carrying) :]
    gradients = call(split.reverse, [*residuals, *pick(cotangents, arriving)])
    places = tuple(index for index in inexact if wanted[index])
    return place(gradients, places, len(wanted))


@vjp("lift.custom_vjp")
def custom_vjp_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    operands, results = operands_of(op), results_of(op)
    given = [
        instantiate(cotangents[index], results[index])
        for index in differentiable([result.type for result in results])
    ]
    backward = derive.functions[_callee(op, "bwd")]
    residuals = replace_by_call(op, derive.functions[_callee(op, "fwd")])
    gradients = call(backward, [*residuals, *given])
    inexact = tuple(differentiable([operand.type for operand in operands]))
    return place(gradients, inexact, len(wanted))


@jvp("lift.custom_vjp")
def custom_vjp_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    """The user's reverse function is linear in the cotangents: its reverse mode with respect to them is its
    transpose, which is the forward mode (JAX refuses this)."""
    operands, count = operands_of(op), len(op.operation.results)
    backward = derive.functions[_callee(op, "bwd")]
    outputs = call(derive.functions[_callee(op, "fwd")], operands)
    results, residuals = outputs[:count], outputs[count:]
    inexact = differentiable([operand.type for operand in operands])
    carrying = tuple(differentiable([result.type for result in results]))
    of = tuple(position for position, index in enumerate(inexact) if tangents[index] is not None)
    wrt = tuple(range(len(residuals), len(residuals) + len(carrying)))
    transposed = derive.joint(backward.name.value, wrt, of)
    zeros = [hlo.zeros_like(results[index]) for index in carrying]
    given = pick(tangents, pick(inexact, of))
    outputs = call(transposed, [*residuals, *zeros, *given])
    replace(op, results)
    return place(outputs[len(inexact) :], carrying, count)
