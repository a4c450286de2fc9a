"""lift-return-stacks: results that are the slices of one tensor are returned as that tensor.

    return %x[0], %x[1], %y   ==>   return %y, %x

Each slice is a kernel to XLA; whoever receives the stack takes it apart for less. `layout` says which results
of the program before a result of the program after stands for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from stablelift.ir.mlir import ir
from stablelift.passes.base import ModulePass
from stablelift.passes.layers.layout import Layout
from stablelift.passes.layers.parts import part_of
from stablelift.passes.module import Functions, body_of, drop_return, finish


@dataclass(frozen=True)
class ReturnStacks(ModulePass):
    name = "lift-return-stacks"
    layout: Layout = field(default_factory=Layout, compare=False, repr=False)

    def run(self, module: ir.Module) -> None:
        main = Functions(module).main
        returned = drop_return(main)
        places: dict[ir.Value, dict[int, int]] = defaultdict(dict)
        for position, value in enumerate(returned):
            if (part := part_of(value)) is not None:
                places[part[0]].setdefault(part[1], position)
        stacks = [(whole, found) for whole, found in places.items() if len(found) == _length(whole)]
        groups = [tuple(found[index] for index in range(len(found))) for _, found in stacks]
        grouped = {position for group in groups for position in group}
        single = [position for position in range(len(returned)) if position not in grouped]
        if "res_attrs" in main.attributes:
            del main.attributes["res_attrs"]
        finish(main, [*(returned[position] for position in single), *(whole for whole, _ in stacks)])
        self.layout.arguments[:] = [(position,) for position in range(len(body_of(main).arguments))]
        self.layout.results[:] = [*((position,) for position in single), *groups]


def _length(value: ir.Value) -> int:
    type: Any = value.type
    return type.shape[0]
