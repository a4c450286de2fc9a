"""What the derivatives of loops and branches share: settled carries, lift ops, and where residuals come
from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.lift import Signature, signature_of
from stablelift.ir.maxima import noted
from stablelift.ir.mlir import func, ir
from stablelift.ir.region import returned
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.sweeps import Derive, Positions
from stablelift.passes.maxima import marked
from stablelift.passes.module import body_of
from stablelift.passes.remat.partition import Split
from stablelift.passes.structure import lift_op


def build(
    name: str, operands: Sequence[Tensor | None], functions: Sequence[func.FuncOp], **attributes: Any
) -> list[Tensor]:
    signatures: dict[str, Signature] = {function.name.value: signature_of(function) for function in functions}
    given = [operand for operand in operands if operand is not None]
    return marked(lift_op(name, given, signatures, **attributes), noted(*functions))


def pick(values: Sequence[Any], positions: Sequence[int]) -> list[Any]:
    return [values[position] for position in positions]


def settled_carry(
    derive: Derive, body: str, active: Sequence[int], num_consts: int, num_carry: int | None = None
) -> Positions:
    """The inputs of a loop's body that tangents reach, when they start at `active`.

    The body takes constants, then its carry, then what it scans; its first results are the next carry (all of
    them where `num_carry` is None).
    """
    wrt = set(active)
    while True:
        found = derive.active_results(body, tuple(sorted(wrt)))
        grown = wrt | {num_consts + index for index in found if num_carry is None or index < num_carry}
        if grown == wrt:
            return tuple(sorted(wrt))
        wrt = grown


def active_in_any(derive: Derive, branches: Sequence[str], wrt: Positions) -> Positions:
    """The results that tangents of the inputs `wrt` reach in one of several functions."""
    return tuple(sorted({index for branch in branches for index in derive.active_results(branch, wrt)}))


def residual_sources(split: Split) -> list[int | None]:
    """For each residual the input of the forward function that it is, or None where it was computed."""
    block = body_of(split.forward)
    outputs = returned(block)
    residuals = outputs[len(outputs) - split.num_residuals :]
    return [
        ir.BlockArgument(value).arg_number if isinstance(value.owner, ir.Block) else None
        for value in residuals
    ]
