"""lift-prune: private functions take and return only what their calls need.

    %a, %y = call @f(%k, %x), %y unused, %x needed for %y alone   ==>   %a = call @f(%k)

A result that is one of the function's arguments is replaced by the operand, one that is another result by
that. A value counts as needed only if a public function's result depends on it, so that chains of calls which
only feed each other vanish. The lifts that map or recompute a function are such calls as well, and those that
differentiate it where nobody needs a derivative: a plain call is left of them. Source: liveness as an
optimistic fixed point, Wegman and Zadeck 1991, doi:10.1145/103135.103136.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import func, functions, ir, is_private, is_used, walk
from stablelift.ir.region import returned, used_by
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import (
    CALL_LIKE,
    DERIVATIVES,
    callee_of,
    callees,
    callees_first,
    references,
    referred_to,
)
from stablelift.passes.liveness import erase_unused, is_pure
from stablelift.passes.module import body_of, drop_argument, drop_return, finish


@dataclass(frozen=True)
class Prune(ModulePass):
    name = "lift-prune"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        referring = {name: references(function) for name, function in known.items()}
        prunable = _called_plainly(known, referring)
        if not prunable:
            return
        for name in callees_first(known, below=lambda name: referred_to(referring[name])):
            if name in prunable:
                _forward_results(known[name], prunable[name])
        if any(not is_used(result) for sites in prunable.values() for op in sites for result in op.results):
            _remove_dead(known, prunable)


def _called_plainly(
    known: Mapping[str, func.FuncOp], referring: Mapping[str, Sequence[ir.Operation]]
) -> dict[str, list[ir.Operation]]:
    """The private functions that only compute, and are only called, by plain calls; and those calls."""
    sites: dict[str, list[ir.Operation]] = defaultdict(list)
    refused: set[str] = set()
    for ops in referring.values():
        for op in ops:
            if op.name in CALL_LIKE:
                sites[callee_of(op)].append(op)
            else:
                refused.update(callees(op))
    return {
        name: found
        for name, found in sites.items()
        if name not in refused and is_private(known[name]) and is_pure(known, found[0])
    }


def _forward_results(function: func.FuncOp, sites: Sequence[ir.Operation]) -> None:
    """Let what a call would return unchanged be the operand itself, and what it returns twice be one
    result.
    """
    first: dict[ir.Value, int] = {}
    for index, value in enumerate(returned(body_of(function))):
        if isinstance(value.owner, ir.Block):
            position = ir.BlockArgument(value).arg_number
            for op in sites:
                if _axis(op, "out_axes", index) == _axis(op, "in_axes", position):
                    op.results[index].replace_all_uses_with(op.operands[position])
        elif (known := first.setdefault(value, index)) != index:
            for op in sites:
                if _axis(op, "out_axes", index) == _axis(op, "out_axes", known):
                    op.results[index].replace_all_uses_with(op.results[known])


def _axis(op: ir.Operation, side: str, position: int) -> int | None:
    """Where a call maps an operand or a result, if it does."""
    return attributes_of(op)[side][position] if op.name == "lift.vmap" else None


class _Liveness:
    """Which values, results of functions and arguments of functions are needed."""

    def __init__(self, known: Mapping[str, func.FuncOp], prunable: Mapping[str, Sequence[ir.Operation]]):
        self._known, self._prunable = known, prunable
        self._values: set[ir.Value] = set()
        self._pending: list[ir.Value] = []
        self._returned = {name: returned(body_of(known[name])) for name in prunable}
        self._block_of = {name: body_of(known[name]) for name in known}
        self._name_of = {self._block_of[name]: name for name in prunable}
        # Handles of owners, and their attributes, cost more than a look-up.
        self._result_of: dict[ir.Value, tuple[str, ir.Operation, int]] = {
            result: (name, op, index)
            for name, ops in prunable.items()
            for op in ops
            for index, result in enumerate(op.results)
        }
        self._sites: dict[str, list[ir.Operation]] = defaultdict(list)
        self._whole: set[ir.Operation] = set()
        self.differentiated: set[ir.Operation] = set()
        self._pure: set[str] = set()
        self.results: dict[str, set[int]] = defaultdict(set)
        self.arguments: dict[str, set[int]] = defaultdict(set)
        for name in known:
            if name not in prunable:
                self._need(returned(body_of(known[name])))
                for op in body_of(known[name]).operations:
                    if not self._is_pure(op.operation):
                        self._need_op(op.operation)
        self._settle()

    def _is_pure(self, op: ir.Operation) -> bool:
        prunable = op.name in CALL_LIKE and callee_of(op) in self._prunable
        return prunable or is_pure(self._known, op, self._pure)

    def _need(self, values: Sequence[ir.Value]) -> None:
        for value in values:
            if value not in self._values:
                self._values.add(value)
                self._pending.append(value)

    def _settle(self) -> None:
        while self._pending:
            value = self._pending.pop()
            if (place := self._result_of.get(value)) is not None:
                self._need_result(*place)
                continue
            owner: Any = value.owner
            if not isinstance(owner, ir.Block):
                self._need_op(owner.operation)
            elif (name := self._name_of.get(owner)) is not None:
                self._need_argument(name, ir.BlockArgument(value).arg_number)

    def _need_op(self, op: ir.Operation) -> None:
        if op not in self._whole:
            self._whole.add(op)
            self._need(used_by(op))
            for call in walk(op, *CALL_LIKE) if len(op.regions) else ():
                if (name := callee_of(call)) in self._prunable:
                    for index in range(len(call.results)):
                        self._need_result(name, call, index)

    def _need_result(self, name: str, op: ir.Operation, index: int) -> None:
        if index >= len(self._returned[name]):
            self._need_derivatives(name, op)
            return
        if op not in self._whole:
            self._whole.add(op)
            self._sites[name].append(op)
            self._need([op.operands[position] for position in self.arguments[name]])
        if index not in self.results[name]:
            self.results[name].add(index)
            self._need([self._returned[name][index]])

    def _need_derivatives(self, name: str, op: ir.Operation) -> None:
        if op not in self.differentiated:
            self.differentiated.add(op)
            for index in range(len(self._returned[name])):
                self._need_result(name, op, index)
            for position in range(len(self._block_of[name].arguments)):
                self._need_argument(name, position)
            self._need(list(op.operands))

    def _need_argument(self, name: str, position: int) -> None:
        self.arguments[name].add(position)
        self._need([op.operands[position] for op in self._sites[name]])


def _remove_dead(known: Mapping[str, func.FuncOp], prunable: Mapping[str, Sequence[ir.Operation]]) -> None:
    live = _Liveness(known, prunable)
    kept = {name: sorted(live.results[name]) for name in prunable}
    taken = {name: sorted(live.arguments[name]) for name in prunable}
    changed = [
        name
        for name in prunable
        if len(kept[name]) < len(known[name].type.results)
        or len(taken[name]) < len(known[name].type.inputs)
        or any(op.name in DERIVATIVES and op not in live.differentiated for op in prunable[name])
    ]
    for name in changed:
        for op in prunable[name]:
            if op not in live.differentiated:
                _narrow_call(op, kept[name], taken[name])
    for name in changed:
        _narrow_function(known[name], kept[name])
    for function in known.values():
        erase_unused(known, function)
    for name in changed:
        function, block = known[name], body_of(known[name])
        outputs = drop_return(function)
        for position in reversed(range(len(block.arguments))):
            if position not in taken[name]:
                drop_argument(block, position)
        finish(function, outputs)


def _narrow_call(op: ir.Operation, kept: Sequence[int], taken: Sequence[int]) -> None:
    """Call with what is needed alone; of a derivative that nobody needs, what it is a derivative of."""
    attributes = {name: op.attributes[name] for name in op.attributes}
    if op.name in DERIVATIVES:
        attributes = {"callee": op.attributes["callee"]}
    for name, positions in (("in_axes", taken), ("out_axes", kept), ("result_names", kept)):
        if name in attributes:
            found = ir.ArrayAttr(attributes[name])
            attributes[name] = ir.ArrayAttr.get([found[position] for position in positions])
    with ir.InsertionPoint(op), op.location:
        narrow = ir.Operation.create(
            "lift.call" if op.name in DERIVATIVES else op.name,
            results=[op.results[index].type for index in kept],
            operands=[op.operands[position] for position in taken],
            attributes=attributes,
        )
    for index, new in zip(kept, narrow.results, strict=True):
        op.results[index].replace_all_uses_with(new)
    # What is left of the old call only feeds others like it; it goes with them.


def _narrow_function(function: func.FuncOp, kept: Sequence[int]) -> None:
    outputs = drop_return(function)
    finish(function, [outputs[index] for index in kept])
