"""The choices of a whole program in one order, from the fewest saved bytes to the most.

Each cut has said at what prices it would save more (`Edge`). All cuts are given one price, so the edges in
the order of their prices are the steps that the program as a whole takes from the least memory to the least
time. A later choice saves all the bytes of an earlier one, or more: whatever picks among them, a larger
budget leads to no smaller choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise

from stablelift.ir.policy import LEAST, MOST, Policy
from stablelift.passes.remat.weighing import NEAR, Edge


def frontier(edges: Iterable[Edge], count: int) -> list[Policy]:
    """At most `count` steps of about as many bytes each, as policies: `LEAST` first, `MOST` last."""
    merged = _merged(edges)
    ends = list(accumulate((edge.size_bytes for edge in merged), initial=0))
    total = ends[-1]
    found = [LEAST]
    for (start, end), edge in zip(pairwise(ends), merged, strict=True):
        steps = {index for index in range(1, count) if start < total * index / count < end}
        found += [
            Policy("price", (edge.price, (total * index / count - start) / (end - start)))
            for index in sorted(steps)
        ]
        found.append(Policy("price", (edge.price, 1.0)))
    return [*found[:-1], MOST] if len(found) > 1 else [LEAST, MOST]


def is_whole(policy: Policy) -> bool:
    """Whether one of these takes all of a step, or none of any."""
    _, part = policy.arguments
    return policy == LEAST or part == 1.0


def _merged(edges: Iterable[Edge]) -> list[Edge]:
    """The edges in the order of their prices, near ones as one."""
    found: list[Edge] = []
    for price, size in sorted(edges, reverse=True):
        if found and price >= found[-1].price / NEAR:
            found[-1] = Edge(found[-1].price, found[-1].size_bytes + size)
        else:
            found.append(Edge(price, size))
    return found
