"""Loops inside of a rematerialised function, whose policy looks into them.

What the policy keeps of each step is stacked by the forward loop. The rest is stacked by a second loop, which
is the first one with the kept values given: it is all that the reverse runs again, and the forward sweep
drops it.

    carry, ys, kept, rest = scan(body)   ==>   carry, ys, kept = scan(body), rest = scan(body given kept)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import func, ir
from stablelift.ir.policy import NOTHING_SAVEABLE, Policy, within
from stablelift.ir.tensor import Tensor
from stablelift.passes.liveness import erase_unused
from stablelift.passes.module import Functions, body_of, drop_return, finish
from stablelift.passes.remat.partition import Split
from stablelift.passes.remat.saveable import decision


def looked_into(policy: Policy | None, loop: ir.Operation) -> Policy | None:
    """The policy of the function around a loop, if it decides value by value and would not keep the loop
    whole.
    """
    decide = None if policy is None else decision(policy)
    if decide is None or decide(loop, ()) or policy == NOTHING_SAVEABLE or "offload" in str(policy):
        return None
    return policy


def named(x: Tensor, policy: Policy) -> Tensor:
    """The value under the name by which the function around the loop knows that its policy keeps it."""
    attributes: dict[str, ir.Attribute] = {"name": ir.StringAttr.get(within(policy))}
    op = ir.Operation.create("lift.name", results=[x.value.type], operands=[x.value], attributes=attributes)
    return Tensor(op.results[0])


def replaying(
    functions: Functions, split: Split, kept: Sequence[int], rest: Sequence[int]
) -> func.FuncOp:
    """The forward function of `split`, given the residuals `kept`, by position: its results, and those of
    `rest`.
    """
    function = functions.clone(split.forward.name.value, f"{split.forward.name.value}__replay")
    block = body_of(function)
    outputs = drop_return(function)
    start = len(outputs) - split.num_residuals
    become: dict[ir.Value, Any] = {}
    for position in kept:
        value = outputs[start + position]
        given = block.add_argument(value.type, function.location)
        value.replace_all_uses_with(given)
        become[value] = given
    wanted = [*outputs[:start], *(outputs[start + position] for position in rest)]
    finish(function, [become.get(value, value) for value in wanted])
    erase_unused(functions, function)
    return function
