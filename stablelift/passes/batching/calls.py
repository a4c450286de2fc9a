"""Batching of calls and user rules: the callees are batched for the pattern of mapped arguments.

The functions of a user's rule agree on which results are mapped: the types of the forward function, of the
tangents and of the cotangents follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import Signature, attributes_of, differentiable
from stablelift.ir.maxima import noted
from stablelift.ir.mlir import symbol
from stablelift.ir.reduction import reduce
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import Mapped, batch_structure, results_mapped, union
from stablelift.passes.maxima import define, marked
from stablelift.passes.module import body_of, call
from stablelift.passes.structure import call_typed, remake_lift

# Calls --------------------------------------------------------------------------------------------

_CALLS = ("func.call", "lift.call", "lift.remat", "lift.random_bits", "lift.no_derivative")


def _callee(op: Any) -> str:
    attributes = op.operation.attributes
    return attributes["decomposition" if "decomposition" in attributes else "callee"].value


@results_mapped(*_CALLS, "stablehlo.composite")
def call_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return list(batcher.results_mapped(_callee(op), mapped))


@batch_structure(*_CALLS, any_size=True)
def batch_call(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    name = _callee(op)
    types = batcher.types(list(batcher.functions[name].type.results), batcher.results_mapped(name, mapped))
    return hlo.remake(op, operands, types=types, callee=symbol(batcher.batch(name, mapped)))


@batch_structure("stablehlo.composite")
def batch_composite(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """The name of a composite says nothing about batches: its decomposition is called."""
    return call(batcher.functions[batcher.batch(_callee(op), mapped)], operands)


# User rules ---------------------------------------------------------------------------------------


@results_mapped("lift.custom_jvp")
def custom_jvp_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    """A result is mapped where the callee, or the user's rule for it or its tangent, makes it so."""
    attributes = attributes_of(op)
    results = list(batcher.results_mapped(attributes["callee"], mapped))
    of_rule = batcher.results_mapped(attributes["jvp"], _with_tangents(op.operation.operands, mapped))
    found = union(results, of_rule[: len(results)])
    tangents = of_rule[len(results) :]
    for index, is_mapped in zip(_differentiable(op.operation.results), tangents, strict=True):
        found[index] = found[index] or is_mapped
    return found


@batch_structure("lift.custom_jvp")
def batch_custom_jvp(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    attributes = attributes_of(op)
    results = custom_jvp_results_mapped(batcher, op, mapped)
    of_rule = _with_tangents(op.operation.operands, mapped), _with_tangents(op.operation.results, results)
    return _create(
        batcher,
        op,
        operands,
        callee=(attributes["callee"], mapped, results),
        jvp=(attributes["jvp"], *of_rule),
    )


@results_mapped("lift.custom_vjp")
def custom_vjp_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    """A result is mapped where the callee or the user's forward function makes it so.

    Where an input that has a gradient is mapped, so is every result whose cotangent the rule reads, whether
    the callee makes it so or not: the user's rule may let a gradient pass where the callee has no dependence,
    and then each example needs a cotangent of its own.
    """
    attributes = attributes_of(op)
    results = batcher.results_mapped(attributes["callee"], mapped)
    found = union(results, batcher.results_mapped(attributes["fwd"], mapped)[: len(results)])
    if any(mapped[index] for index in _differentiable(op.operation.operands)):
        carrying = _differentiable(op.operation.results)
        arguments = list(body_of(batcher.functions[attributes["bwd"]]).arguments)
        for index, cotangent in zip(carrying, arguments[len(arguments) - len(carrying) :], strict=True):
            found[index] = found[index] or any(True for _ in cotangent.uses)
    return found


@batch_structure("lift.custom_vjp")
def batch_custom_vjp(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    attributes = attributes_of(op)
    results = custom_vjp_results_mapped(batcher, op, mapped)
    residuals = list(batcher.results_mapped(attributes["fwd"], mapped)[len(results) :])
    cotangents = [results[index] for index in _differentiable(op.operation.results)]
    gradients = [mapped[index] for index in _differentiable(op.operation.operands)]
    backward = _backward(batcher, attributes["bwd"], [*residuals, *cotangents], gradients)
    return _create(
        batcher,
        op,
        operands,
        callee=(attributes["callee"], mapped, results),
        fwd=(attributes["fwd"], mapped, [*results, *residuals]),
        bwd=backward,
    )


def _backward(batcher: Batcher, name: str, mapped: Mapped, wanted: Mapped) -> tuple[str, Signature]:
    """A user's reverse function batched: the gradient of an input that all examples share is their sum, or
    maximum.
    """
    found = union(batcher.results_mapped(name, mapped), wanted)
    batched = batcher.batch(name, mapped, wanted)
    signature = batcher.signature(name, mapped, wanted)
    if found == list(wanted):
        return batched, signature

    maxima = noted(batcher.functions[name])

    def summed(arguments: list[Tensor]) -> list[Tensor]:
        results = call_typed(batched, arguments, batcher.signature(name, mapped, found).results)
        joined = [
            x if has == wants else reduce(x, [0], "stablehlo.maximum" if index in maxima else "stablehlo.add")
            for index, (x, has, wants) in enumerate(zip(results, found, wanted, strict=True))
        ]
        return marked(joined, maxima)

    function = define(batcher.functions, f"{name}__vmap_sum", signature.inputs, summed)
    return function.name.value, signature


def _differentiable(values: Any) -> list[int]:
    return differentiable([value.type for value in values])


def _with_tangents(values: Any, mapped: Mapped) -> list[bool]:
    """Flags of values and, behind them, of their tangents."""
    return [*mapped, *(mapped[index] for index in _differentiable(values))]


def _create(batcher: Batcher, op: Any, operands: Sequence[Tensor], **callees: Any) -> list[Tensor]:
    """The same lift op with callees (symbol, signature), or (name, mapped inputs, mapped results) to be
    batched.
    """
    signatures: dict[str, Signature] = {}
    for attribute, found in callees.items():
        if len(found) == 3:
            found = batcher.batch(*found), batcher.signature(*found)
        signatures[found[0]] = found[1]
        callees[attribute] = found[0]
    return remake_lift(op, operands, signatures, **callees)
