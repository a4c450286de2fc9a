"""Loops and branches inside of a rematerialised function, whose policy looks into them.

What the policy keeps of a step, or of the branch that is taken, the forward sweep hands on, under a name
by which the function around it knows that it is saved. What else the function's reverse wants of the loop is
computed by a second one, the first with the kept values given: it is all that the reverse runs again, and the
forward sweep drops it.

    carry, ys, kept = scan(body), carry, ys, rest = scan(body given kept)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stablelift.ir.mlir import func, ir
from stablelift.ir.policy import EVERYTHING_SAVEABLE, NOTHING_SAVEABLE, Policy, within
from stablelift.ir.region import returned
from stablelift.ir.tensor import Tensor
from stablelift.passes.module import Functions, body_of, finish
from stablelift.passes.remat.partition import Split, copy_on_demand, crossing, with_residuals
from stablelift.passes.remat.placement import fetch
from stablelift.passes.remat.report import partition_of
from stablelift.passes.remat.saveable import decision
from stablelift.passes.remat.selection import Saved, Selection, select


def looked_into(policy: Policy | None) -> Policy | None:
    """The policy of the function around a loop or a branch, if it decides value by value, and not always in
    the same way: then the loop is run again, or kept, as a whole.
    """
    if policy is None or policy in (EVERYTHING_SAVEABLE, NOTHING_SAVEABLE) or decision(policy) is None:
        return None
    return policy


@dataclass(frozen=True)
class Inside:
    """The residuals of a branch, or of a step, inside of a rematerialised function: its inputs, and what the
    policy saves.
    """

    policy: Policy

    def residuals(self, functions: Functions, split: Split) -> Split:
        block = body_of(split.forward)
        name, wanted = split.forward.name.value, split.residuals
        results = returned(block)[: -split.num_residuals or None]

        def selected(wanted: Sequence[ir.Value]) -> Selection:
            return select(functions, block, wanted, set(block.arguments), self.policy)

        selection = selected(wanted)
        account = partition_of(functions, name, self.policy, wanted, selection)
        found = replayable(functions, split, selection, selected([*wanted, *results]))
        return found._replace(account=account)


def named(x: Tensor, policy: Policy) -> Tensor:
    """The value under the name by which the function around the loop knows that its policy keeps it."""
    attributes: dict[str, ir.Attribute] = {"name": ir.StringAttr.get(within(policy))}
    op = ir.Operation.create("lift.name", results=[x.value.type], operands=[x.value], attributes=attributes)
    return Tensor(op.results[0])


def replayable(
    functions: Functions, split: Split, selection: Selection, wider: Selection, *, barrier: bool = False
) -> Split:
    """The same functions with the selected residuals between them, and the forward function when these are
    kept. `wider` has what is saved of what its results are made of, too.
    """
    spare = {
        value: offload
        for value, offload in wider.saved.items()
        if value not in selection.saved and not isinstance(value.owner, ir.Block)
    }
    replay = _replay(functions, split, selection, spare)
    found = with_residuals(functions, split, selection, barrier=barrier, spare=spare)
    return found._replace(replay=replay)


def _replay(functions: Functions, split: Split, selection: Selection, spare: Saved) -> func.FuncOp:
    """A function of the inputs of `split`, and of what is saved that is none of them: its results."""
    block = body_of(split.forward)
    outputs = returned(block)
    saved = {**selection.saved, **spare}
    kept = [value for value in crossing(split, selection) if not isinstance(value.owner, ir.Block)]
    kept += spare
    known: list[ir.Value] = [*block.arguments, *kept]
    name, location = split.forward.name.value, split.forward.location
    function = functions.create(f"{name}__replay", [value.type for value in known], location)
    with ir.InsertionPoint(body_of(function)), location:
        become = {
            value: fetch(argument, saved.get(value))
            for value, argument in zip(known, body_of(function).arguments, strict=True)
        }
        results = outputs[: len(outputs) - split.num_residuals]
        for value in results:
            copy_on_demand(value, become, selection.again)
    finish(function, [become[value] for value in results])
    return function
