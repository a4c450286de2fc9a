"""Batching of loops and branches.

A loop's carry is mapped where one step can make it so: a least fixed point. Where the predicate or the
index differs from example to example, all take the common path (as many steps as the longest loop, every
branch), and each keeps what it would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.callback import acts, callbacks
from stablelift.ir.lift import attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import walk
from stablelift.ir.parts import split_by
from stablelift.ir.reduction import reduce
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import (
    Mapped,
    batch_structure,
    results_mapped,
    spread,
    spread_over,
    union,
)
from stablelift.passes.callgraph import callees_first
from stablelift.passes.counted import as_while
from stablelift.passes.remarks import remark
from stablelift.passes.structure import call_typed, define, lift_op, remake_lift

Attributes = dict[str, Any]

# scan ---------------------------------------------------------------------------------------------


def _scan_pattern(batcher: Batcher, op: Any, mapped: Mapped) -> tuple[list[bool], list[bool]]:
    """Which inputs and which results of the body are mapped, once the carry has settled."""
    attributes = attributes_of(op)
    start = attributes["num_consts"]
    stop = start + attributes["num_carry"]
    inputs = list(mapped)
    while True:
        results = list(batcher.results_mapped(attributes["callee"], inputs))
        carry = union(inputs[start:stop], results[: stop - start])
        if carry == inputs[start:stop]:
            return inputs, [*carry, *results[stop - start :]]
        inputs[start:stop] = carry


@results_mapped("lift.scan")
def scan_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return _scan_pattern(batcher, op, mapped)[1]


@batch_structure("lift.scan", any_size=True)
def scan(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """A scan of the batched body. The batch stays in front, so a mapped operand is scanned one axis further
    on.
    """
    attributes = attributes_of(op)
    name, num_carry = attributes["callee"], attributes["num_carry"]
    inputs, results = _scan_pattern(batcher, op, mapped)
    if batcher.size < 0 and any((*mapped[attributes["num_consts"] + num_carry :], *results[num_carry:])):
        return _scan_of_many(batcher, op, operands, mapped)
    body = batcher.batch(name, inputs, results)
    return remake_lift(
        op,
        _spread_new(batcher, operands, mapped, inputs),
        {body: batcher.signature(name, inputs, results)},
        callee=body,
        in_axes=_behind_batch(attributes["in_axes"], mapped[attributes["num_consts"] + num_carry :]),
        out_axes=_behind_batch(attributes["out_axes"], results[num_carry:]),
    )


def _scan_of_many(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """A scan of so many examples that nobody knows how large its stacks are: as a loop that carries them."""
    given = attributes_of(op)
    counts = [given["num_consts"], given["num_carry"], len(given["in_axes"])]
    attributes, counter, stacks = as_while(batcher.functions, op)

    def in_order(parts: Sequence[Any], count: Any, ys: Sequence[Any]) -> list[Any]:
        consts, carry, xs = split_by(parts, counts)
        return [*consts, *xs, count, *carry, *ys]

    flags = in_order(mapped, False, [False] * len(stacks))
    return _batched_while(batcher, attributes, in_order(operands, counter, stacks), flags)[1:]


def _behind_batch(axes: Sequence[int | None], mapped: Mapped) -> list[int | None]:
    return [axis if axis is None or not flag else axis + 1 for axis, flag in zip(axes, mapped, strict=True)]


def _spread_new(batcher: Batcher, operands: list[Tensor], mapped: Mapped, wanted: Mapped) -> list[Tensor]:
    """The operands, those that are wanted with the batch and lack it broadcast."""
    return [
        spread(x, batcher.size) if wants and not has else x
        for x, has, wants in zip(operands, mapped, wanted, strict=True)
    ]


# while --------------------------------------------------------------------------------------------


def _while_pattern(batcher: Batcher, attributes: Attributes, mapped: Mapped) -> tuple[bool, list[bool]]:
    """Whether the predicate is mapped, and which of the carry is, once it has settled.

    Under a mapped predicate all of the carry is: each example stops changing when its own loop ends.
    """
    cond_consts, body_consts, carry = _parts(attributes, mapped)
    while True:
        if batcher.results_mapped(attributes["cond"], [*cond_consts, *carry])[0]:
            return True, [True] * len(carry)
        grown = union(carry, batcher.results_mapped(attributes["body"], [*body_consts, *carry]))
        if grown == carry:
            return False, carry
        carry = grown


def _parts(attributes: Attributes, values: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """The operands of a `lift.while`, or flags of them: constants of cond, of body, and the carry."""
    first = attributes["num_cond_consts"]
    second = first + attributes["num_body_consts"]
    return list(values[:first]), list(values[first:second]), list(values[second:])


@results_mapped("lift.while")
def while_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return _while_pattern(batcher, attributes_of(op), mapped)[1]


@batch_structure("lift.while", any_size=True)
def while_(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    return _batched_while(batcher, attributes_of(op), operands, mapped)


def _batched_while(
    batcher: Batcher, attributes: Attributes, operands: list[Tensor], mapped: Mapped
) -> list[Tensor]:
    predicate, carry = _while_pattern(batcher, attributes, mapped)
    of_cond, of_body, _ = _parts(attributes, mapped)
    operands = _spread_new(batcher, operands, mapped, [*of_cond, *of_body, *carry])
    in_cond, in_body = [*of_cond, *carry], [*of_body, *carry]
    cond, body = batcher.batch(attributes["cond"], in_cond), batcher.batch(attributes["body"], in_body, carry)
    signatures = {
        cond: batcher.signature(attributes["cond"], in_cond, [predicate]),
        body: batcher.signature(attributes["body"], in_body, carry),
    }
    changed = attributes | {"cond": cond, "body": body}
    if predicate:
        return _masked_while(batcher, changed, operands, signatures)
    return lift_op("lift.while", operands, signatures, **changed)


def _masked_while(
    batcher: Batcher, attributes: Attributes, operands: list[Tensor], signatures: Any
) -> list[Tensor]:
    """A loop that runs while any example's does, in which an example whose own has ended keeps its carry."""
    cond, body = attributes["cond"], attributes["body"]
    _refuse_acts(batcher, [cond, body], "for examples whose own loop has ended")
    cond_consts, body_consts, _ = _parts(attributes, operands)
    split, stop = len(cond_consts), len(cond_consts) + len(body_consts)
    runs, steps = signatures[cond], signatures[body]

    def any_runs(arguments: list[Tensor]) -> list[Tensor]:
        (running,) = call_typed(cond, arguments, runs.results)
        return [reduce(running, [0], "stablehlo.or", False)]

    def step(arguments: list[Tensor]) -> list[Tensor]:
        carry = arguments[stop:]
        (running,) = call_typed(cond, [*arguments[:split], *carry], runs.results)
        following = call_typed(body, [*arguments[split:stop], *carry], steps.results)
        return [
            hlo.select(spread_over(running, new), new, old) for new, old in zip(following, carry, strict=True)
        ]

    any_cond = define(batcher.functions, f"{cond}_any", runs.inputs, any_runs)
    masked = define(batcher.functions, f"{body}_masked", runs.inputs[:split] + steps.inputs, step)
    found = {function.name.value: signature_of(function) for function in (any_cond, masked)}
    names = {"cond": any_cond.name.value, "body": masked.name.value}
    operands = [*cond_consts, *operands[:stop], *operands[stop:]]
    return lift_op("lift.while", operands, found, **attributes | names | {"num_body_consts": stop})


# switch -------------------------------------------------------------------------------------------


@results_mapped("lift.switch")
def switch_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    """Where one branch's result is mapped, all branches' are; where the index is, all results."""
    of_index, *inputs = mapped
    found = [of_index] * len(op.operation.results)
    for branch in attributes_of(op)["branches"]:
        found = union(found, batcher.results_mapped(branch, inputs))
    return found


@batch_structure("lift.switch", any_size=True)
def switch(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    of_index, *inputs = mapped
    names = attributes_of(op)["branches"]
    results = switch_results_mapped(batcher, op, mapped)
    branches = [batcher.batch(name, inputs, results) for name in names]
    signatures = {
        branch: batcher.signature(name, inputs, results) for branch, name in zip(branches, names, strict=True)
    }
    if not of_index:
        return remake_lift(op, operands, signatures, branches=branches)
    _refuse_acts(batcher, names, "for examples that take another branch")
    remark("lift-batching", op, "computes every branch of a switch", "its index differs between examples")
    index, *operands = operands
    chosen, *others = (call_typed(branch, operands, signatures[branch].results) for branch in branches)
    for position, found in enumerate(others, start=1):
        here = hlo.compare(index, "GE", position)
        chosen = [hlo.select(spread_over(here, x), x, y) for x, y in zip(found, chosen, strict=True)]
    return chosen


def _refuse_acts(batcher: Batcher, names: Sequence[str], when: str) -> None:
    """Refuse calls of Python functions that act on the world where nobody has asked for them, as JAX does.

    What is only told to somebody (`jax.debug`) is told of all examples.

    Raises:
      LiftError: There is one in these functions.
    """
    for name in callees_first(batcher.functions, names):
        for op in callbacks(walk(batcher.functions[name], "stablehlo.custom_call")):
            if acts(op):
                hint = "call it outside of the map, or where it is the same for all examples"
                raise error_at(op, f"`io_callback` would be called {when}", hint=hint)
