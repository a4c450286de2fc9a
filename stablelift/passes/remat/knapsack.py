"""The least recomputation whose saved values fit a bound on their bytes: an integer program.

Each value is saved or not, each op run again or not; what the reverse wants is saved or made, and what is run
again has its operands. Minimised is the work of the ops and the traffic of saving, under a bound on the bytes
of what is saved.
A minimum cut finds the same choices only where they lie on the convex hull of bytes and work. Source: Jain et
al. 2020 (Checkmate), arXiv:1910.02653, reduced to one point in time: the start of the reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by
from stablelift.passes.remat.cut import Repeatable

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
    may_repeat: Repeatable,
    bound_bytes: float,
) -> list[ir.Value] | None:
    """Values of at most `bound_bytes` such that saving them and making the `wanted` ones costs the least.

    None where no choice fits.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    values, makers = _graph(wanted, free, may_repeat)
    if not values:
        return []
    ops = list(dict.fromkeys(op for op in makers.values() if op is not None))
    saved = {value: index for index, value in enumerate(values)}
    run = {op: len(values) + index for index, op in enumerate(ops)}
    sizes = np.array([size_bytes(value) for value in values], float)
    work = np.array([recomputing(op) for op in ops], float)

    def had(value: ir.Value) -> list[tuple[int, float]]:
        """The unknowns of which one is to be 1 where the value is to be had."""
        maker = makers[value]
        return [(saved[value], 1.0), *([] if maker is None else [(run[maker], 1.0)])]

    # Each row of factors is at least its bound.
    rows = [(had(value), 1.0) for value in wanted if value in saved]
    rows += [
        ([*had(operand), (run[op], -1.0)], 0.0)
        for op in ops
        for operand in dict.fromkeys(used_by(op))
        if operand in saved
    ]
    scale = max(sizes.max(initial=0.0), 1.0)
    rows.append(([(index, -size / scale) for index, size in enumerate(sizes)], -bound_bytes / scale))
    entries = [(row, column, factor) for row, (found, _) in enumerate(rows) for column, factor in found]
    count = len(values) + len(ops)
    matrix = csr_array(
        ([factor for *_, factor in entries], tuple(zip(*((r, c) for r, c, _ in entries), strict=True))),
        shape=(len(rows), count),
    )
    at_least: Any = np.array([bound for _, bound in rows])
    found = milp(
        np.concatenate([[saving(value) for value in values], work]) / max(work.max(initial=0.0), 1.0),
        constraints=LinearConstraint(matrix, at_least),
        integrality=np.ones(count),
        bounds=Bounds(0.0, 1.0),
        options={"time_limit": _SECONDS, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        return None
    return [value for value, is_saved in zip(values, found.x > 0.5, strict=False) if is_saved]


def _graph(
    wanted: Sequence[ir.Value], free: Collection[ir.Value], may_repeat: Repeatable
) -> tuple[list[ir.Value], dict[ir.Value, ir.Operation | None]]:
    """The values that making the wanted ones may go through, with what makes them; None where nothing may."""
    makers: dict[ir.Value, ir.Operation | None] = {}
    pending = [value for value in wanted if value not in free]
    while pending:
        value = pending.pop()
        if value in makers:
            continue
        owner: Any = value.owner
        if isinstance(owner, ir.Block) or not may_repeat(owner.operation):
            makers[value] = None
            continue
        makers[value] = owner.operation
        pending.extend(operand for operand in dict.fromkeys(used_by(owner.operation)) if operand not in free)
    return list(makers), makers
