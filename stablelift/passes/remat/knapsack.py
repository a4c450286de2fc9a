"""The least recomputation whose saved values fit a bound on their bytes: an integer program.

Each value is saved or not, each op run again or not; what the reverse wants is saved or made, and what is run
again has its operands. Minimised is the work of the ops and the traffic of saving, under a bound on the bytes
of what is saved.
A minimum cut finds the same choices only where they lie on the convex hull of bytes and work. Source: Jain et
al. 2020 (Checkmate), arXiv:1910.02653, reduced to one point in time: the start of the reverse.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from stablelift.passes.remat.network import Network, Saved

_SECONDS = 1.0
"""The solver returns the best choice it knows by then."""

_GAP = 1e-3
"""A choice this close to the best, relative to its work, is as good."""


@lru_cache(maxsize=256)
def within(network: Network, saving: float, bound_bytes: float) -> Saved | None:
    """Values of at most `bound_bytes` with the least cost: `saving` a byte, and the work of making the rest.

    None where no choice fits.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    values = _needed(network)
    if not values:
        return ()
    makers = network.makers
    ops = list(dict.fromkeys(op for op in map(makers.__getitem__, values) if op is not None))
    saved = {value: index for index, value in enumerate(values)}
    run = {op: len(values) + index for index, op in enumerate(ops)}
    sizes = np.array([network.sizes[value] for value in values], float)
    work = np.array([network.work[op] for op in ops], float)

    def had(value: int) -> list[tuple[int, float]]:
        """The unknowns of which one is to be 1 where the value is to be had."""
        maker = makers[value]
        return [(saved[value], 1.0), *([] if maker is None else [(run[maker], 1.0)])]

    # Each row of factors is at least its bound.
    rows = [(had(value), 1.0) for value in network.wanted]
    rows += [([*had(operand), (run[op], -1.0)], 0.0) for op in ops for operand in network.operands[op]]
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
        np.concatenate([saving * sizes, work]) / max(work.max(initial=0.0), 1.0),
        constraints=LinearConstraint(matrix, at_least),
        integrality=np.ones(count),
        bounds=Bounds(0.0, 1.0),
        options={"time_limit": _SECONDS, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        return None
    return tuple(value for value, is_saved in zip(values, found.x > 0.5, strict=False) if is_saved)


def _needed(network: Network) -> list[int]:
    """The values in the order in which they are needed, from the last wanted one back."""
    found: dict[int, None] = {}
    pending = list(network.wanted)
    while pending:
        value = pending.pop()
        if value not in found:
            found[value] = None
            maker = network.makers[value]
            pending.extend(() if maker is None else network.operands[maker])
    return list(found)
