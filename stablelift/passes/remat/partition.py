"""A forward and a reverse function with other residuals between them: what is not saved is recomputed.

    forward: x -> (y, t, d)    reverse: (t, d, ct) -> gradients     where t = tanh(d), d = dot(x, w)
      ==>   x -> (y, d)        (d, ct) -> gradients, with t = tanh(d) right before its first use

Each recomputed op stands once in the reverse, as late as it can, so that its result does not live longer than
it must.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stablelift.ir.location import recomputed
from stablelift.ir.maxima import note, noted
from stablelift.ir.mlir import func, ir, operations_of
from stablelift.ir.policy import PINNED
from stablelift.ir.region import returned, used_by
from stablelift.passes.copying import Become, copy_ops
from stablelift.passes.liveness import erase_unused
from stablelift.passes.module import Functions, body_of, drop_return, finish, retype
from stablelift.passes.remat.cut import repeated_ops
from stablelift.passes.remat.placement import behind_barrier, fetch, put_away
from stablelift.passes.remat.report import Partition
from stablelift.passes.remat.selection import Saved, Selection


class Split(NamedTuple):
    """A joint function cut in two: inputs -> (results, residuals), and (residuals, cotangents) ->
    gradients.
    """

    forward: func.FuncOp
    reverse: func.FuncOp
    num_residuals: int
    account: Partition | None = None
    """What was chosen, where there was a choice."""
    replay: func.FuncOp | None = None
    """inputs, and those residuals that are none -> results: the forward function when these are kept."""
    num_spare: int = 0
    """How many of the residuals, the last ones, only `replay` takes, and not the reverse function."""
    saved_results: frozenset[int] = frozenset()
    """The results that the policy of the function around a loop saves where they are wanted."""

    @property
    def residuals(self) -> list[ir.Value]:
        """The values that the forward function hands to the reverse, in its own block."""
        outputs = returned(body_of(self.forward))
        return outputs[len(outputs) - self.num_residuals :]


def with_residuals(
    functions: Functions,
    split: Split,
    selection: Selection,
    *,
    barrier: bool = False,
    pin: bool = False,
    spare: Saved | None = None,
) -> Split:
    """The same functions with the selected residuals between them.

    Args:
      spare: What the forward function returns beside them.
      barrier: Keep the compiler from merging what is recomputed with its first computation.
      pin: Mark what is saved as a choice that no later one changes.
    """
    wanted = split.residuals
    given = crossing(split, selection)
    spare = spare or {}
    saved = {**selection.saved, **spare}
    if given == wanted and not any(saved.values()) and not spare:
        return split
    guarded = barrier and bool(repeated_ops(wanted, given, selection.again))
    reverse = _reverse(functions, split, wanted, given, selection, guarded)
    block = body_of(split.forward)
    outputs = drop_return(split.forward)
    with ir.InsertionPoint(block), split.forward.location:
        passed = [
            _pinned(value) if pin and value in saved else value
            for value in (put_away(value, saved.get(value)) for value in [*given, *spare])
        ]
    finish(split.forward, [*outputs[: len(outputs) - len(wanted)], *passed])
    erase_unused(functions, split.forward)
    return Split(split.forward, reverse, len(passed), num_spare=len(spare))


def crossing(split: Split, selection: Selection) -> list[ir.Value]:
    """What is handed to the reverse, in its order: that of before, if it is the same."""
    given = [*selection.saved, *selection.free]
    return split.residuals if set(given) == set(split.residuals) else given


def _pinned(value: ir.Value) -> ir.Value:
    attributes: dict[str, ir.Attribute] = {"name": ir.StringAttr.get(PINNED)}
    op = ir.Operation.create("lift.name", results=[value.type], operands=[value], attributes=attributes)
    return op.results[0]


def _reverse(
    functions: Functions,
    split: Split,
    wanted: Sequence[ir.Value],
    given: Sequence[ir.Value],
    selection: Selection,
    barrier: bool,
) -> func.FuncOp:
    """The reverse function as one of `given`, in its forward function's block, and of the cotangents."""
    old, operations = split.reverse, operations_of(split.reverse)
    arguments = list(body_of(old).arguments)
    residuals, cotangents = arguments[: len(wanted)], arguments[len(wanted) :]
    inputs = [value.type for value in [*given, *cotangents]]
    function = functions.create(old.name.value, inputs, old.location)
    block = body_of(function)
    with ir.InsertionPoint(block), old.location:
        values: list[ir.Value] = list(block.arguments)
        values = behind_barrier(values) if barrier else values
        become = {
            value: fetch(passed, selection.saved.get(value))
            for value, passed in zip(given, values[: len(given)], strict=True)
        }
    for op in operations:
        block.append(op)
    for cotangent, value in zip(cotangents, values[len(given) :], strict=True):
        cotangent.replace_all_uses_with(value)
    place_recomputation(operations, dict(zip(residuals, wanted, strict=True)), become, selection.again)
    retype(function, returned(block))
    note(function, sorted(noted(old)))
    del functions.by_name[old.name.value]
    name = old.name.value
    old.operation.erase()
    functions.rename(function, name)
    return function


def place_recomputation(
    operations: Iterable[ir.Operation],
    stands_for: Mapping[ir.Value, ir.Value],
    become: Become,
    again: Mapping[ir.Value, ir.Value] = {},
) -> None:
    """Before the first op that uses one of the values that `stands_for` has, compute what it stands for.

    `become` has what the computation starts from, and learns what is computed. A value that `again` has is
    computed as the other one.
    """
    missing = dict(stands_for)
    for op in operations:
        for value in [value for value in dict.fromkeys(used_by(op)) if value in missing]:
            with ir.InsertionPoint(op):
                copy_on_demand(missing[value], become, again)
            value.replace_all_uses_with(become[missing.pop(value)])


def copy_on_demand(value: ir.Value, become: Become, again: Mapping[ir.Value, ir.Value] = {}) -> None:
    """Emit here the ops that compute a value of another block from what `become` knows."""
    pending = [value]
    while pending:
        if pending[-1] in become:
            pending.pop()
            continue
        if pending[-1] in again:
            other = again[pending[-1]]
            if other in become:
                become[pending.pop()] = become[other]
            else:
                pending.append(other)
            continue
        owner: Any = pending[-1].owner
        before = [operand for operand in used_by(owner.operation) if operand not in become]
        if before:
            pending += before
        else:
            copy_ops([owner.operation], become)
            copy: Any = become[pending[-1]].owner
            copy.location = recomputed(owner.operation)
