"""The least recomputation whose saved values fit a bound on their bytes: an integer program.

Each value is saved, made again, or neither; what the reverse wants is one of the two, and what is made again
has its operands. Minimised is the work of making values again and the traffic of saving, under a bound on the
bytes of what is saved.
A minimum cut finds the same choices only where they lie on the convex hull of bytes and work. Source: Jain et
al. 2020 (Checkmate), arXiv:1910.02653, reduced to one point in time: the start of the reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by
from stablelift.passes.remat.cut import is_repeatable

_SECONDS = 1.0
"""The solver returns the best choice it knows by then."""

_GAP = 1e-3
"""A choice this close to the best, relative to its work, is as good."""


def values_within(
    wanted: Sequence[ir.Value],
    free: Collection[ir.Value],
    size_bytes: Callable[[ir.Value], int],
    saving: Callable[[ir.Value], float],
    recomputing: Callable[[ir.Operation], float],
    allowed: Collection[str],
    bound_bytes: float,
) -> list[ir.Value] | None:
    """Values of at most `bound_bytes` such that saving them and making the `wanted` ones costs the least.

    None where no choice fits.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    values, uses = _graph(wanted, free, allowed)
    if not values:
        return []
    number = {value: index for index, value in enumerate(values)}
    count = len(values)
    sizes = np.array([size_bytes(value) for value in values], float)
    work = np.array(
        [recomputing(_owner(value)) if uses[value] is not None else 0.0 for value in values], float
    )
    # The unknowns: which values are saved, then which are made; each row of factors is at least its bound.
    rows: list[list[tuple[int, float]]] = []
    lower: list[float] = []
    for value in wanted:
        if value in number:
            rows.append([(number[value], 1.0), (count + number[value], 1.0)])
            lower.append(1.0)
    for value in values:
        for operand in uses[value] or ():
            rows.append(
                [(number[operand], 1.0), (count + number[operand], 1.0), (count + number[value], -1.0)]
            )
            lower.append(0.0)
    scale = max(sizes.max(initial=0.0), 1.0)
    rows.append([(index, -size / scale) for index, size in enumerate(sizes)])
    lower.append(-bound_bytes / scale)
    entries = [(row, column, factor) for row, found in enumerate(rows) for column, factor in found]
    matrix = csr_array(
        ([factor for *_, factor in entries], tuple(zip(*((r, c) for r, c, _ in entries), strict=True))),
        shape=(len(rows), 2 * count),
    )
    may_be_made = np.array([uses[value] is not None for value in values], float)
    kept = np.array([saving(value) for value in values], float)
    at_least: Any = np.array(lower)
    at_most: Any = np.concatenate([np.ones(count), may_be_made])
    found = milp(
        np.concatenate([kept, work]) / max(work.max(initial=0.0), 1.0),
        constraints=LinearConstraint(matrix, at_least),
        integrality=np.ones(2 * count),
        bounds=Bounds(0.0, at_most),
        options={"time_limit": _SECONDS, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        return None
    return [value for value, is_saved in zip(values, found.x[:count] > 0.5, strict=True) if is_saved]


def _graph(
    wanted: Sequence[ir.Value], free: Collection[ir.Value], allowed: Collection[str]
) -> tuple[list[ir.Value], dict[ir.Value, list[ir.Value] | None]]:
    """The values that making the wanted ones may go through, with their operands; None where none is made."""
    uses: dict[ir.Value, list[ir.Value] | None] = {}
    pending = [value for value in wanted if value not in free]
    while pending:
        value = pending.pop()
        if value in uses:
            continue
        owner: Any = value.owner
        if isinstance(owner, ir.Block) or not is_repeatable(owner.operation, allowed):
            uses[value] = None
            continue
        uses[value] = [operand for operand in dict.fromkeys(used_by(owner.operation)) if operand not in free]
        pending.extend(uses[value] or ())
    return list(uses), uses


def _owner(value: ir.Value) -> ir.Operation:
    owner: Any = value.owner
    return owner.operation
