"""lift-pack: independent calls of one function become one batched call, where stacking costs little.

    %a = call @draw(%k0), %b = call @draw(%k1)   ==>   %ab = call @draw__vmap(%k), %k the two keys stacked

It pays for functions that make much of little, such as initialisers: their operands are keys, and one draw
for all layers is compiled in place of a draw for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stablelift.ir.callback import calls_in_order
from stablelift.ir.mlir import func, functions, ir
from stablelift.ir.region import used_by
from stablelift.ir.types import byte_size, has_known_sizes
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import FunctionsByName, callee_of, callees_first, inlined_sizes, plain_calls
from stablelift.passes.kept import is_kept, keep_call
from stablelift.passes.layers.order import sort_block
from stablelift.passes.layers.prune import Prune
from stablelift.passes.layers.stack import Stacker
from stablelift.passes.liveness import calls_python
from stablelift.passes.module import Functions, body_of
from stablelift.passes.remarks import remark

_LEAST_CALLS = 4
_MOST_BYTES = 2**28
"""What one batched call may return: all of it is there at once, in the stack and again in its parts."""
_LEAST_GAIN = 4
"""How many times larger the results of a call are to be than the operands that would be stacked."""
_KEY_BYTES = 16
"""What a key and a number to fold into it take: what makes a key of them gains by the ops that it is."""
_LEAST_OPS = 16


@dataclass(frozen=True)
class Pack(ModulePass):
    name = "lift-pack"
    is_pruned: bool = False
    """Whether lift-prune has run since the calls were last changed."""

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        if not any(_candidates(known, function) for function in known.values()) or calls_in_order(module):
            return
        if not self.is_pruned:
            # What a call returns in vain must not count as its gain, nor make it wait for others.
            Prune().run(module)
        growing = Functions(module)
        for name in callees_first(growing.by_name):
            if candidates := _candidates(growing, growing[name]):
                _pack(growing, growing[name], candidates)


def calls_to_pack(function: func.FuncOp) -> list[list[ir.Operation]]:
    """The calls in a function's block, those of one function together, where they are many.

    Random bits are kept calls already: masks are drawn where they are needed, not all at once.
    """
    found = [[op for op in ops if not is_kept(op)] for ops in plain_calls(function).values()]
    return [ops for ops in found if len(ops) >= _LEAST_CALLS]


def _candidates(known: FunctionsByName, function: func.FuncOp) -> list[list[ir.Operation]]:
    found = [ops for ops in calls_to_pack(function) if _gains(known, ops)]
    return [ops for ops in found if not calls_python(known, ops[0])]


def _gains(known: FunctionsByName, ops: Sequence[ir.Operation]) -> bool:
    first = ops[0]
    if not all(map(has_known_sizes, [*first.operands, *first.results])):
        return False
    differ = [
        position
        for position in range(len(first.operands))
        if any(op.operands[position] != first.operands[position] for op in ops)
    ]
    taken = sum(byte_size(first.operands[position].type) for position in differ)
    if taken * _LEAST_GAIN <= sum(byte_size(result.type) for result in first.results):
        return True
    return taken <= _KEY_BYTES and inlined_sizes(known)(callee_of(first)) >= _LEAST_OPS


def _pack(functions: Functions, function: func.FuncOp, candidates: Sequence[list[ir.Operation]]) -> None:
    block = body_of(function)
    stacker = Stacker(functions, function)
    with ir.InsertionPoint(block.operations[len(block.operations) - 1]), function.location:
        for ops in candidates:
            for level in _levels(block, {op.results[0] for op in ops}):
                for part in _parts(level):
                    if len(part) >= _LEAST_CALLS and (packed := stacker.pack(part)):
                        keep_call(packed)
                        what = f"packed {len(part)} calls of `{callee_of(part[0])}`"
                        remark(Pack.name, packed, what, "they do not wait for each other, and take little")
        stacker.finish()
    sort_block(block)


def _parts(ops: list[ir.Operation]) -> list[list[ir.Operation]]:
    """The calls, about as many in each part, so that no part returns more than `_MOST_BYTES`."""
    returned = sum(byte_size(result.type) for result in ops[0].results)
    count = math.ceil(len(ops) * returned / _MOST_BYTES) or 1
    size = math.ceil(len(ops) / count)
    return [ops[start : start + size] for start in range(0, len(ops), size)]


def _levels(block: ir.Block, ops: set[ir.Value]) -> list[list[ir.Operation]]:
    """The ops, given by their first results, by how many others of them stand above.

    Those of one level do not wait for each other.
    """
    levels: list[list[ir.Operation]] = []
    above: dict[ir.Value, int] = {}  # of what waits for one
    for op in block.operations:
        operation = op.operation
        level = max((above.get(value, 0) for value in used_by(operation)), default=0) if above else 0
        if len(operation.results) and operation.results[0] in ops:
            if level == len(levels):
                levels.append([])
            levels[level].append(operation)
            level += 1
        if level:
            above.update((result, level) for result in operation.results)
    return levels
