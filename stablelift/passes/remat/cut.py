"""The cheapest set of forward values from which the reverse can make all that it needs: a minimum cut.

Each value of the forward computation is an edge whose capacity is what saving it costs, in bytes; an op that
may be repeated leads from its operands to its results without bound. A cut between what must be saved and
what the reverse wants is a choice of values to save from which the others are recomputed; the smallest one
costs the least memory traffic, and repeats nothing that is expensive. Where repeating an op has a price too,
that is the capacity of an edge from the source to what the op makes.

Source: maximum flow, Ford and Fulkerson 1956, doi:10.4153/CJM-1956-045-5; for residuals as in PyTorch's
AOTAutograd.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from stablelift.ir.mlir import ir
from stablelift.ir.policy import PINNED
from stablelift.ir.region import used_by

KEPT = frozenset(
    {
        "stablehlo.all_gather",
        "stablehlo.all_reduce",
        "stablehlo.all_to_all",
        "stablehlo.case",
        "stablehlo.cholesky",
        "stablehlo.collective_permute",
        "stablehlo.composite",
        "stablehlo.convolution",
        "stablehlo.custom_call",
        "stablehlo.dot_general",
        "stablehlo.fft",
        "stablehlo.gather",
        "stablehlo.if",
        "stablehlo.reduce_scatter",
        "stablehlo.reduce_window",
        "stablehlo.rng",
        "stablehlo.rng_bit_generator",
        "stablehlo.scatter",
        "stablehlo.select_and_scatter",
        "stablehlo.sort",
        "stablehlo.triangular_solve",
        "stablehlo.while",
    }
)
"""Ops that are never repeated: contractions, random draws, exchanges between devices, opaque calls, loops,
and what reads or writes at computed places."""


EXPENSIVE = frozenset(
    {
        "stablehlo.convolution",
        "stablehlo.dot_general",
        "stablehlo.fft",
        "stablehlo.gather",
        "stablehlo.reduce_window",
        "stablehlo.scatter",
        "stablehlo.select_and_scatter",
        "stablehlo.sort",
    }
)
"""Ops of `KEPT` that are only dear: they are repeated where memory is dearer."""


def is_repeatable(op: ir.Operation, allowed: Collection[str] = ()) -> bool:
    """Whether the op may run a second time in the reverse; `allowed` ones may, whatever `KEPT` says."""
    if op.name in allowed:
        return True
    if op.name == "lift.name":
        return ir.StringAttr(op.attributes["name"]).value != PINNED
    if op.name == "lift.stop_gradient":
        return True
    return op.name.startswith(("stablehlo.", "chlo.")) and op.name not in KEPT


def values_to_save(
    wanted: Sequence[ir.Value],
    free: Collection[ir.Value],
    saving: Callable[[ir.Value], int],
    recomputing: Callable[[ir.Operation], int] = lambda op: 0,
    allowed: Collection[str] = (),
) -> list[ir.Value]:
    """Values of a block from which, and from those that are `free`, repeatable ops make all `wanted` ones.

    The sum of what `saving` the values costs, and `recomputing` the ops, is the least possible; of equal
    choices the one that recomputes least.
    """
    graph = _Graph()
    pending, seen = list(wanted), set(wanted)
    values: list[ir.Value] = []
    while pending:
        value = pending.pop()
        values.append(value)
        if value in free:
            continue
        owner: Any = value.owner
        graph.edge((value, "in"), (value, "out"), saving(value))
        if isinstance(owner, ir.Block) or not is_repeatable(owner.operation, allowed):
            graph.edge(_SOURCE, (value, "in"), None)
            continue
        if price := recomputing(owner.operation):
            graph.edge(_SOURCE, (value, "in"), price)
        for operand in used_by(owner.operation):
            if operand not in free:
                graph.edge((operand, "out"), (value, "in"), None)
            if operand not in seen:
                seen.add(operand)
                pending.append(operand)
    for value in wanted:
        if value not in free:
            graph.edge((value, "out"), _SINK, None)
    wanting = graph.reaching_the_sink()
    return [value for value in values if (value, "in") not in wanting and (value, "out") in wanting]


_SOURCE, _SINK = "source", "sink"


class _Graph:
    """A directed graph with capacities; None is without bound."""

    def __init__(self) -> None:
        self._number: dict[Any, int] = {_SOURCE: 0, _SINK: 1}
        self._edges: dict[tuple[int, int], int | None] = {}

    def edge(self, start: Any, end: Any, capacity: int | None) -> None:
        number = self._number
        key = number.setdefault(start, len(number)), number.setdefault(end, len(number))
        self._edges[key] = capacity

    def reaching_the_sink(self) -> set[Any]:
        """The nodes from which the sink can still be reached once the flow to it is the greatest possible."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        total = sum(capacity for capacity in self._edges.values() if capacity is not None)
        unit = total // (1 << 29) + 1  # scipy counts in 32 bits
        bound = (total // unit + len(self._edges)) + 1
        pairs = np.array(list(self._edges), np.int32).reshape(-1, 2)
        capacities = np.array(
            [bound if each is None else -(-each // unit) for each in self._edges.values()], np.int32
        )
        shape = (len(self._number),) * 2
        capacity = csr_array((capacities, (pairs[:, 0], pairs[:, 1])), shape=shape)
        residual = capacity - maximum_flow(capacity, 0, 1).flow
        residual.eliminate_zeros()
        order = breadth_first_order(residual.T.tocsr(), 1, return_predecessors=False)
        nodes = {number: node for node, number in self._number.items()}
        return {nodes[int(number)] for number in order}
