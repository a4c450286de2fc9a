"""The order of ops in a block: after rewriting with no regard to it, every value is made before its uses."""

from __future__ import annotations

import heapq

from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by


def sort_block(block: ir.Block) -> bool:
    """Move the ops so that each follows what it uses, otherwise in the order they are in.

    Returns False, with the block as it was, where ops wait for each other.
    """
    *operations, terminator = (op.operation for op in block.operations)
    made_at: dict[ir.Value, int] = {
        result: index for index, op in enumerate(operations) for result in op.results
    }
    users: list[list[int]] = [[] for _ in operations]
    waiting = [0] * len(operations)
    for index, op in enumerate(operations):
        sources = {made_at[value] for value in used_by(op) if value in made_at}
        waiting[index] = len(sources)
        for source in sources:
            users[source].append(index)
    ready = [index for index, count in enumerate(waiting) if not count]
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for user in users[index]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, user)
    if len(order) < len(operations):
        return False
    if order != sorted(order):
        for index in order:
            operations[index].move_before(terminator)
    return True
