"""Who calls whom: which transforms can be eliminated now, and how deep they are nested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stablelift.ir.lift import LIFT_OPS, attributes_of
from stablelift.ir.mlir import func, walk

PLAIN_CALLS = ("func.call", "lift.call")
"""The ops that call a function and do nothing else."""

TRANSFORMS = ("lift.vmap", "lift.jvp", "lift.vjp")
"""The ops that stand for a transformed function, which a pass generates; all other lift ops are structure."""

_COMPUTATIONS = "called_computations"


def references(function: func.FuncOp) -> list[Any]:
    """The ops in a function that refer to other functions, in order."""
    found = walk(function, "func.call", "stablehlo.composite", "stablehlo.custom_call", "lift.")
    return [op for op in found if op.name != "stablehlo.custom_call" or _COMPUTATIONS in op.attributes]


def callee_of(op: Any) -> str:
    """The function that a plain call refers to."""
    return op.attributes["callee"].value


def plain_calls(function: func.FuncOp, *, in_regions: bool = False) -> dict[str, list[Any]]:
    """The plain calls in a function's block, in order, by the function that they call.

    `in_regions` says whether those in the regions of the block's ops count as well.
    """
    found: dict[str, list[Any]] = {}
    block = function.regions[0].blocks[0]
    for op in walk(function, *PLAIN_CALLS):
        if in_regions or op.block == block:
            found.setdefault(callee_of(op), []).append(op)
    return found


def callees(op: Any) -> list[str]:
    """The functions that one op refers to, by name."""
    name = op.operation.name
    if name in PLAIN_CALLS:
        return [callee_of(op.operation)]
    if name in LIFT_OPS:
        return LIFT_OPS[name].symbols(attributes_of(op))
    if name == "stablehlo.composite":
        return [op.operation.attributes["decomposition"].value]
    if name == "stablehlo.custom_call" and _COMPUTATIONS in op.operation.attributes:
        return [one.value for one in op.operation.attributes[_COMPUTATIONS]]
    return []


def callees_first(functions: Mapping[str, func.FuncOp], roots: Iterable[str] | None = None) -> list[str]:
    """The functions by name, each behind those that it refers to (but for those that refer to themselves).

    With `roots` only those that these reach, themselves included.
    """
    order: dict[str, None] = {}
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for op in references(functions[name]):
            for callee in callees(op):
                visit(callee)
        order[name] = None

    for name in functions if roots is None else roots:
        visit(name)
    return list(order)


def inlined_size(
    functions: Mapping[str, func.FuncOp],
    name: str,
    found: dict[str, int],
    times: Callable[[Any], int] = lambda op: 1,
) -> int:
    """How many ops `@name` is with all that it refers to in its place, `times` as often as that says.

    `found` has those that were counted before; what refers to itself counts once.
    """
    if name not in found:
        found[name] = 0
        ops = walk(functions[name])
        found[name] = len(ops) + sum(
            times(op) * inlined_size(functions, callee, found, times) for op in ops for callee in callees(op)
        )
    return found[name]


class Nesting:
    """How deep transforms are nested below each function: 0 where there is none, 1 for one that is ready.

    The functions are read once, when this is made: what a pass does to them later changes nothing here.
    """

    def __init__(self, functions: Mapping[str, func.FuncOp]):
        self._references = {name: references(function) for name, function in functions.items()}
        self._depths: dict[str, int] = {}
        for name in functions:
            self.depth(name)

    def transforms(self, name: str) -> list[Any]:
        """The transform ops in `@name`, in order."""
        return [op for op in self._references[name] if op.operation.name in TRANSFORMS]

    def kinds(self, depth: int) -> set[str]:
        """The transforms that are nested `depth` deep, by op name."""
        return {
            op.name for name in self._references for op in self.transforms(name) if self.depth_of(op) == depth
        }

    def depth(self, name: str) -> int:
        """The greatest number of transforms on a path of calls from `@name`."""
        if name not in self._depths:
            self._depths[name] = 0  # a recursive user rule meets itself here, and adds nothing
            self._depths[name] = max((self.depth_of(op) for op in self._references[name]), default=0)
        return self._depths[name]

    def depth_of(self, op: Any) -> int:
        below = max((self.depth(name) for name in callees(op)), default=0)
        return below + (op.operation.name in TRANSFORMS)

    def ready(self, op: Any) -> bool:
        """Whether `op` is a transform whose callee, with all that it calls, holds no other."""
        return op.operation.name in TRANSFORMS and self.depth_of(op) == 1
