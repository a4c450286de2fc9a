"""Minimum cuts of directed graphs, by maximum flow.

Dinic's algorithm, in Python: the graph of one loop's body is cut in less time than it takes to hand it to
scipy, whose import alone takes as long as compiling a small program.

Source: Dinic 1970, by way of Even 1979, Graph Algorithms, section 5.2.
"""

from __future__ import annotations

from collections.abc import Sequence

Edge = tuple[int, int, int | None]
"""From a node to a node, with a capacity; None is without bound."""


def reaching_the_sink(count: int, edges: Sequence[Edge], source: int, sink: int) -> set[int]:
    """Of `count` nodes, those that still reach the sink once the flow to it is the greatest possible.

    No two edges lead from the same node to the same node.
    """
    total = sum(capacity for *_, capacity in edges if capacity is not None)
    # Each even edge has the odd one behind it for what flows back.
    ends: list[int] = []
    left: list[int] = []
    leaving: list[list[int]] = [[] for _ in range(count)]
    for start, end, capacity in edges:
        leaving[start].append(len(ends))
        leaving[end].append(len(ends) + 1)
        ends += (end, start)
        left += (total + 1 if capacity is None else capacity, 0)
    while True:
        distance = _distances(count, ends, left, leaving, sink)
        if distance[source] < 0:
            return {node for node in range(count) if distance[node] >= 0}
        _saturate(ends, left, leaving, distance, source, sink)


def _distances(
    count: int, ends: list[int], left: list[int], leaving: list[list[int]], sink: int
) -> list[int]:
    """How far each node is from the sink, by edges with capacity left; -1 if it does not reach it."""
    distance = [-1] * count
    distance[sink] = 0
    waiting = [sink]
    for node in waiting:
        for edge in leaving[node]:
            end = ends[edge]
            if left[edge ^ 1] and distance[end] < 0:
                distance[end] = distance[node] + 1
                waiting.append(end)
    return distance


def _saturate(
    ends: list[int], left: list[int], leaving: list[list[int]], distance: list[int], source: int, sink: int
) -> None:
    """Send flow along shortest paths until each of them has an edge with nothing left."""
    untried = [iter(edges) for edges in leaving]
    path: list[int] = []
    node = source
    while True:
        if node == sink:
            flow = min(left[edge] for edge in path)
            first = None
            for position, edge in enumerate(path):
                left[edge] -= flow
                left[edge ^ 1] += flow
                if first is None and not left[edge]:
                    first = position
            node = ends[path[first or 0] ^ 1]
            del path[first or 0 :]
            untried[node] = iter(leaving[node])
        for edge in untried[node]:
            if left[edge] and distance[ends[edge]] == distance[node] - 1:
                path.append(edge)
                node = ends[edge]
                break
        else:
            if not path:
                return
            distance[node] = -1  # a dead end for this round
            node = ends[path.pop() ^ 1]
