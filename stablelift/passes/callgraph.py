"""Who calls whom: which transforms can be eliminated now, and how deep they are nested."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from stablelift.ir.lift import LIFT_OPS, symbols_of
from stablelift.ir.mlir import func, walk

N = TypeVar("N")


class FunctionsByName(Protocol):
    """A module's functions, found by name."""

    def __getitem__(self, name: str, /) -> func.FuncOp: ...


PLAIN_CALLS = ("func.call", "lift.call")
"""The ops that call a function and do nothing else."""

DERIVATIVES = ("lift.jvp", "lift.vjp")
"""The ops that return what their function does, and behind that derivatives."""

CALL_LIKE = (*PLAIN_CALLS, "lift.remat", "lift.vmap", *DERIVATIVES)
"""The ops whose first operands and results are, one for one, those of the one function that they refer to."""

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
        return symbols_of(op)
    if name == "stablehlo.composite":
        return [op.operation.attributes["decomposition"].value]
    if name == "stablehlo.custom_call" and _COMPUTATIONS in op.operation.attributes:
        return [one.value for one in op.operation.attributes[_COMPUTATIONS]]
    return []


def referred_to(ops: Iterable[Any]) -> Iterator[str]:
    """The functions that ops refer to, by name."""
    return (each for op in ops for each in callees(op))


def callees_first(
    functions: Mapping[str, func.FuncOp] | FunctionsByName,
    roots: Iterable[str] | None = None,
    done: Container[str] = (),
    below: Callable[[str], Iterable[str]] | None = None,
) -> list[str]:
    """The functions by name, each behind those that it refers to (but for those that refer to themselves).

    With `roots` only those that these reach, themselves included; without those that are `done`. `below` says
    what a function refers to, if that is known.
    """
    order: list[str] = []
    begun: set[str] = set()
    pending: list[tuple[str, Iterator[str]]] = []

    def begin(name: str) -> None:
        if name not in begun and name not in done:
            begun.add(name)
            found = referred_to(references(functions[name])) if below is None else below(name)
            pending.append((name, iter(found)))

    for root in list(functions) if roots is None and isinstance(functions, Mapping) else roots or ():
        begin(root)
        while pending:
            name, rest = pending[-1]
            callee = next(rest, None)
            if callee is None:
                order.append(name)
                pending.pop()
            else:
                begin(callee)
    return order


class Measured(Generic[N]):
    """A measure of functions that is made of the measures of what they refer to, taken once of each function.

    `measure` may ask this for those; a function that refers back is `of_itself`. What a pass changes later is
    not noticed.
    """

    def __init__(
        self,
        functions: FunctionsByName,
        measure: Callable[[str], N],
        of_itself: N,
        below: Callable[[str], Iterable[str]] | None = None,
    ):
        self._functions, self._measure, self._of_itself, self._below = functions, measure, of_itself, below
        self._found: dict[str, N] = {}

    def __call__(self, name: str) -> N:
        if name not in self._found:
            for each in callees_first(self._functions, [name], self._found, self._below):
                self._found[each] = self._of_itself
                self._found[each] = self._measure(each)
        return self._found[name]


def inlined_sizes(functions: FunctionsByName, times: Callable[[Any], int] = lambda op: 1) -> Measured[int]:
    """How many ops a function is with all that it refers to in its place, `times` as often as that says."""

    def size(name: str) -> int:
        ops = walk(functions[name])
        inside = sum(times(op) * sizes(callee) for op in ops for callee in callees(op))
        return inside + sum(_LOWERED_TO.get(op.name, 1) for op in ops)

    sizes = Measured(functions, size, 0)
    return sizes


_LOWERED_TO = {"lift.threefry2x32": 130}
"""How many ops become of one, where they are many."""


class Nesting:
    """How deep transforms are nested below each function: 0 where there is none, 1 for one that is ready.

    The functions are read once, when this is made: what a pass does to them later changes nothing here.
    """

    def __init__(self, functions: Mapping[str, func.FuncOp]):
        self._references = {name: references(function) for name, function in functions.items()}
        self.depth = Measured(functions, self._depth, 0, self._below)
        """The greatest number of transforms on a path of calls from a function."""
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

    def _below(self, name: str) -> Iterable[str]:
        return referred_to(self._references[name])

    def _depth(self, name: str) -> int:
        return max(map(self.depth_of, self._references[name]), default=0)

    def depth_of(self, op: Any) -> int:
        below = max(map(self.depth, callees(op)), default=0)
        return below + (op.operation.name in TRANSFORMS)

    def ready(self, op: Any) -> bool:
        """Whether `op` is a transform whose callee, with all that it calls, holds no other."""
        return op.operation.name in TRANSFORMS and self.depth_of(op) == 1
