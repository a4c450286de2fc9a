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

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from stablelift.ir.mlir import ir
from stablelift.ir.policy import PINNED
from stablelift.ir.region import used_by
from stablelift.passes.remat.flow import Edge, reaching_the_sink

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


Repeatable = Callable[[ir.Operation], bool]
"""Whether an op may run a second time in the reverse."""


def is_repeatable(op: ir.Operation, allowed: Collection[str] = ()) -> bool:
    """Whether the op may run a second time; `allowed` ones may, whatever `KEPT` says."""
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
    may_repeat: Repeatable = is_repeatable,
) -> list[ir.Value]:
    """Values of a block from which, and from those that are `free`, repeatable ops make all `wanted` ones.

    The sum of what `saving` the values costs, and `recomputing` the ops, is the least possible; of equal
    choices the one that recomputes least.
    """
    edges: list[Edge] = []
    values: dict[ir.Value, int] = {}  # each with the node where it comes in; it goes out of the next one
    makers: dict[ir.Operation, int] = {}
    pending: list[ir.Value] = []
    count = 2

    def node_of(value: ir.Value) -> int:
        nonlocal count
        if value not in values:
            values[value] = count
            count += 2
            pending.append(value)
        return values[value]

    for value in dict.fromkeys(wanted):
        if value not in free:
            edges.append((node_of(value) + 1, _SINK, None))
    while pending:
        value = pending.pop()
        node = values[value]
        edges.append((node, node + 1, saving(value)))
        owner: Any = value.owner
        if isinstance(owner, ir.Block) or not may_repeat(owner.operation):
            edges.append((_SOURCE, node, None))
            continue
        op: ir.Operation = owner.operation
        if op in makers:
            edges.append((makers[op], node, None))
            continue
        made = node
        if len(op.results) > 1:  # one run of the op makes all of its results
            made, count = count, count + 1
            makers[op] = made
            edges.append((made, node, None))
        if price := recomputing(op):
            edges.append((_SOURCE, made, price))
        edges += [
            (node_of(operand) + 1, made, None)
            for operand in dict.fromkeys(used_by(op))
            if operand not in free
        ]
    wanting = reaching_the_sink(count, edges, _SOURCE, _SINK)
    return [value for value, node in values.items() if node not in wanting and node + 1 in wanting]


_SOURCE, _SINK = 0, 1


def repeated_ops(
    wanted: Iterable[ir.Value], given: Iterable[ir.Value], again: Mapping[ir.Value, ir.Value] = {}
) -> list[ir.Operation]:
    """The ops that make the wanted values from the given ones, constants and other names aside.

    A value that `again` has is made by making the other one.
    """
    found: dict[ir.Value, ir.Operation] = {}
    pending, seen = list(wanted), set(given)
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        if value in again:
            seen.add(value)
            pending.append(again[value])
            continue
        owner: Any = value.owner
        op: ir.Operation = owner.operation
        seen.update(op.results)
        if op.name not in ("lift.name", "stablehlo.constant"):
            found[op.results[0]] = op
        pending.extend(used_by(op))
    return list(found.values())
