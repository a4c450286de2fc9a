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

import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from stablelift.ir.mlir import ir
from stablelift.ir.policy import PINNED
from stablelift.ir.region import used_by
from stablelift.passes.remat.flow import Edge, reaching_the_sink
from stablelift.passes.remat.network import Network, Saved

KEPT = frozenset(
    {
        "lift.all_gather",
        "lift.all_to_all",
        "lift.pmax",
        "lift.pmin",
        "lift.ppermute",
        "lift.psum",
        "lift.psum_invariant",
        "sdy.manual_computation",
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
    """Whether the op may run a second time; `allowed` ones may, whatever `KEPT` says."""
    if op.name in allowed:
        return True
    if op.name == "lift.name":
        return ir.StringAttr(op.attributes["name"]).value != PINNED
    if op.name == "lift.stop_gradient":
        return True
    return op.name.startswith(("stablehlo.", "chlo.")) and op.name not in KEPT


@lru_cache(maxsize=256)
def cheapest(network: Network, saving: float = 1, repeating: float = 0) -> Saved:
    """Values from which repeatable ops make all that is wanted.

    The sum of what it costs to save values, `saving` a byte, and to repeat ops, `repeating` for each unit of
    work, is the least possible, both in whole numbers; of equal choices the one that recomputes least.
    """
    count = len(network.sizes)
    # A value comes in at one node and goes out of the next; one run of an op makes all of its results.
    runs = 2 + 2 * count
    edges: list[Edge] = [(_out_of(value), _SINK, None) for value in network.wanted]
    for value, (size, maker) in enumerate(zip(network.sizes, network.makers, strict=True)):
        edges.append((_into(value), _out_of(value), math.ceil(saving * size)))
        edges.append((_SOURCE if maker is None else runs + maker, _into(value), None))
    for op, (operands, work) in enumerate(zip(network.operands, network.work, strict=True)):
        if price := int(repeating * work):
            edges.append((_SOURCE, runs + op, price))
        edges += [(_out_of(operand), runs + op, None) for operand in operands]
    wanting = reaching_the_sink(runs + len(network.work), edges, _SOURCE, _SINK)
    return tuple(
        value for value in range(count) if _into(value) not in wanting and _out_of(value) in wanting
    )


_SOURCE, _SINK = 0, 1


def _into(value: int) -> int:
    return 2 + 2 * value


def _out_of(value: int) -> int:
    return 3 + 2 * value


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
