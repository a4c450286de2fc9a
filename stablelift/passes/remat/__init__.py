"""lift-remat: between a forward and a reverse function pass the fewest bytes; the rest is recomputed.

    %y, %t = call @f(%x), %g = call @b(%t, %ct), where %t = tanh(%d), %d = dot(%x, %w)
      ==>   the same, or %d passed instead, if that is smaller: %t is recomputed in @b

Needs: derivatives are generated; the functions have no calls in turn (`lift-inline-to-calls`). Keeps:
results, bit for bit where the repeated ops are deterministic. What may be repeated and which values are
saved: `cut`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stablelift.ir.mlir import func, functions, ir, is_private
from stablelift.ir.region import returned
from stablelift.ir.types import byte_size
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import PLAIN_CALLS, callees, plain_calls, references
from stablelift.passes.copying import copy_needed
from stablelift.passes.liveness import erase_unused
from stablelift.passes.module import Functions, body_of, drop_argument, drop_return, finish, retype
from stablelift.passes.remarks import remark
from stablelift.passes.remat.cut import cheapest, is_repeatable
from stablelift.passes.remat.network import network_of
from stablelift.passes.remat.placement import has_barrier
from stablelift.passes.remat.selection import starts


@dataclass(frozen=True)
class Remat(ModulePass):
    name = "lift-remat"

    def run(self, module: ir.Module) -> None:
        known = Functions(module)
        for function in functions(module).values():
            if not is_private(function):
                for pair in _pairs(known, function):
                    pair.rewrite()


@dataclass
class _Pair:
    """A forward function and the reverse function that takes some of its results, with all their calls.

    `residuals` has the forward results that nobody else uses, each with the operands of the reverse that it
    is.
    """

    known: Mapping[str, func.FuncOp]
    forward: func.FuncOp
    reverse: func.FuncOp
    calls: list[tuple[ir.Operation, ir.Operation]]
    residuals: dict[int, tuple[int, ...]]

    def rewrite(self) -> None:
        """Save what costs the fewest bytes in the place of what the reverse takes now."""
        block = body_of(self.forward)
        outputs = returned(block)
        wanted = {
            position: outputs[result]
            for result, positions in self.residuals.items()
            for position in positions
        }
        arguments: list[ir.Value] = list(block.arguments)
        free = {argument for number, argument in enumerate(arguments) if self._costs_nothing(number)}
        network, values = network_of(list(wanted.values()), free, _size_bytes, lambda _: 0, is_repeatable)
        saved = [values[number] for number in cheapest(network)]
        given = [*saved, *starts(list(wanted.values()), saved, free)]
        self._recompute(wanted, given)
        before = sum(_size_bytes(value) for value in set(wanted.values()))
        after = sum(_size_bytes(value) for value in saved)
        if after < before:
            what = f"`{self.forward.name.value}` hands {after} bytes to its reverse, not {before}"
            why = "the rest is recomputed from these and from its arguments"
            remark(Remat.name, self.calls[0][0], what, why)
        passed = [value for value in given if value not in arguments]
        kept = [index for index in range(len(outputs)) if index not in self.residuals]
        drop_return(self.forward)
        finish(self.forward, [*(outputs[index] for index in kept), *passed])
        erase_unused(self.known, self.forward)
        for forward_call, reverse_call in self.calls:
            new = _call_again(forward_call, self.forward, list(forward_call.operands))
            for old, result in zip(kept, new.results, strict=False):
                forward_call.results[old].replace_all_uses_with(result)
            made = dict(zip(passed, list(new.results)[len(kept) :], strict=True))
            operands = [
                operand for position, operand in enumerate(reverse_call.operands) if position not in wanted
            ]
            operands += [
                made[value] if value in made else new.operands[arguments.index(value)] for value in given
            ]
            again = _call_again(reverse_call, self.reverse, operands)
            for old, result in zip(reverse_call.results, again.results, strict=True):
                old.replace_all_uses_with(result)
            reverse_call.erase()
            forward_call.erase()

    def _costs_nothing(self, number: int) -> bool:
        """Whether an operand of the forward calls is there anyway: an argument, a constant, one for all."""
        operands = [call.operands[number] for call, _ in self.calls]
        if all(operand == operands[0] for operand in operands):
            return True
        return all(
            isinstance(operand.owner, ir.Block) or operand.owner.name == "stablehlo.constant"
            for operand in operands
        )

    def _recompute(self, wanted: dict[int, ir.Value], given: Sequence[ir.Value]) -> None:
        """Let the reverse take `given`, and make from these what it took before."""
        block = body_of(self.reverse)
        location = self.reverse.location
        become: dict[ir.Value, ir.Value] = {
            value: block.add_argument(value.type, location) for value in given
        }
        forward = [op.operation for op in body_of(self.forward).operations]
        with ir.InsertionPoint.at_block_begin(block):
            copy_needed(forward, wanted.values(), become)
        for position, value in wanted.items():
            block.arguments[position].replace_all_uses_with(become[value])
        for position in sorted(wanted, reverse=True):
            drop_argument(block, position)
        retype(self.reverse, returned(block))


def _size_bytes(value: ir.Value) -> int:
    return byte_size(value.type)


def _call_again(call: ir.Operation, function: func.FuncOp, operands: Sequence[ir.Value]) -> ir.Operation:
    with ir.InsertionPoint(call), call.location:
        return ir.Operation.create(
            call.name,
            results=list(function.type.results),
            operands=list(operands),
            attributes={name: call.attributes[name] for name in call.attributes},
        )


def _pairs(known: Functions, function: func.FuncOp) -> list[_Pair]:
    """The pairs whose calls stand in `function`, each call of the one matched by one of the other."""
    calls = plain_calls(function)
    elsewhere = {
        callee
        for other in known.by_name.values()
        for op in references(other)
        if op.name not in PLAIN_CALLS or op.block != body_of(function)
        for callee in callees(op)
    }
    maker: dict[ir.Value, tuple[str, int, int]] = {
        result: (name, site, index)
        for name, ops in calls.items()
        for site, op in enumerate(ops)
        for index, result in enumerate(op.results)
    }
    pairs: list[_Pair] = []
    used: set[str] = set(elsewhere)
    for name, ops in calls.items():
        found = _matched(name, ops, calls, maker)
        if found is None or has_barrier(known[name]):  # behind a barrier what is saved was a user's choice
            continue
        if not used & {name, found[0]} and not _has_calls(known, name, found[0]):
            source, sites, residuals = found
            used |= {name, source}
            pairs.append(_Pair(known.by_name, known[source], known[name], sites, residuals))
    return pairs


def _has_calls(known: Functions, *names: str) -> bool:
    return any(references(known[name]) for name in names)


def _matched(
    name: str,
    ops: Sequence[ir.Operation],
    calls: dict[str, list[ir.Operation]],
    maker: dict[ir.Value, tuple[str, int, int]],
) -> tuple[str, list[tuple[ir.Operation, ir.Operation]], dict[int, tuple[int, ...]]] | None:
    """The function of whose calls those of `@name` take results one by one, the calls, and which results."""
    sources: dict[str, dict[int, tuple[int, ...]]] = {}
    for position, operand in enumerate(ops[0].operands):
        if operand in maker and maker[operand][0] != name:
            source, _, result = maker[operand]
            taken = sources.setdefault(source, {})
            taken[result] = (*taken.get(result, ()), position)
    for source, results in sources.items():
        if len(calls[source]) != len(ops):
            continue
        sites = [(calls[source][_site_of(op, source, results, maker)], op) for op in ops]
        if len({forward.results[0] for forward, _ in sites}) < len(sites):
            continue
        own = {
            result: positions
            for result, positions in results.items()
            if all(_only_use(forward, result, op, positions) for forward, op in sites)
        }
        if own:
            return source, sites, own
    return None


def _site_of(
    op: ir.Operation,
    source: str,
    results: dict[int, tuple[int, ...]],
    maker: dict[ir.Value, tuple[str, int, int]],
) -> int:
    """Which call of `@source` most of these operands of `op` come from: others hand on a carry."""
    operands = [op.operands[position] for positions in results.values() for position in positions]
    made = [maker[operand] for operand in operands if operand in maker]
    sites = Counter(site for name, site, _ in made if name == source)
    return sites.most_common(1)[0][0] if sites else 0


def _only_use(forward: ir.Operation, result: int, user: ir.Operation, positions: Sequence[int]) -> bool:
    """Whether a result is these operands of this op, and nothing else."""
    value = forward.results[result]
    return sum(1 for _ in value.uses) == len(positions) and all(
        user.operands[position] == value for position in positions
    )
