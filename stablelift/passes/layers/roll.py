"""lift-roll: a chain of calls of one function becomes a loop.

    %1 = call @layer(%p0, %0), %2 = call @layer(%p1, %1), ...
      ==>   %y = "lift.scan"(%0, %p) {callee = @layer__step, length = n}, %p the operands p0, p1, ... stacked

So XLA compiles one layer at any depth. What differs from call to call is stacked and scanned; what is the
same is a constant of the loop; results that anybody else reads are stacked in turn, or, where they are only
added up, added up in the loop. The reverse chain of a derivative, which reads the forward chain's residuals
from the last to the first, becomes a reversed loop.

With `state`, the arguments of the program that are handed from one run to the next (argument, the result that
takes its place, the part of the state that they belong to, by position), stacks do not cost anything inside:
arguments that a stack is made of become one stacked argument, their results one stacked result, and what is
computed from one to the other for each layer, such as an optimiser's update, becomes one computation for
all. `layout` then says what was stacked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stablelift.ir.callback import calls_in_order
from stablelift.ir.lift import signature_of
from stablelift.ir.mlir import func, ir, is_used
from stablelift.ir.region import returned
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import callee_of
from stablelift.passes.layers.chains import Chain, chains_in
from stablelift.passes.layers.layout import Group, Layout
from stablelift.passes.layers.order import sort_block
from stablelift.passes.layers.stack import Stacker
from stablelift.passes.layers.totals import total_of
from stablelift.passes.module import Functions, body_of, call, drop_argument, drop_return, finish, retype
from stablelift.passes.remarks import remark
from stablelift.passes.structure import define, lift_op


@dataclass(frozen=True)
class Roll(ModulePass):
    name = "lift-roll"
    state: tuple[tuple[int, int, int], ...] = ()
    layout: Layout = field(default_factory=Layout, compare=False, repr=False)

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        _Rolling(functions, functions.main, self.state, self.layout).run()


class _Rolling:
    """One run over the program's main function."""

    def __init__(
        self, functions: Functions, main: func.FuncOp, state: Sequence[tuple[int, int, int]], layout: Layout
    ):
        self._functions, self._main, self._layout = functions, main, layout
        self._state = {argument: result for argument, result, _ in state}
        self._part = {argument: part for argument, _, part in state}
        self._block = body_of(main)
        self._arguments = list(self._block.arguments)
        self._groups: dict[Group, ir.Value] = {}
        self._grouped: dict[int, Group] = {}
        self._stacker = Stacker(functions, main, self._stacked_argument)

    def run(self) -> None:
        chains = chains_in(self._main)
        if chains and calls_in_order(self._functions.module):
            why = "they, or what stands between them, may call Python functions in order"
            for chain in chains:
                what = f"did not roll {len(chain.ops)} calls of `{callee_of(chain.ops[0])}`"
                remark(Roll.name, chain.ops[0], what, why)
            chains = []
        if not chains:
            self._layout.arguments[:] = [(position,) for position in range(len(self._arguments))]
            self._layout.results[:] = [(position,) for position in range(len(self._main.type.results))]
            return
        held = self._held(drop_return(self._main))
        with ir.InsertionPoint(held), self._main.location:
            for chain in chains:
                with chain.ops[0].location:
                    self._roll(chain)
            stacked = self._stacked_results(held)
        kept, results = self._results(list(held.operands), stacked)
        rest = self._held(kept)
        held.erase()
        with ir.InsertionPoint(rest), self._main.location:
            self._stacker.finish()
            self._split_groups()
        kept = list(rest.operands)
        rest.erase()
        finish(self._main, kept)
        sort_block(self._block)
        self._drop_arguments()
        self._layout.results[:] = results

    def _held(self, values: Sequence[ir.Value]) -> ir.Operation:
        """An op at the block's end that uses the values, in place of a return that is to be."""
        return ir.Operation.create("lift.held", operands=values, ip=ir.InsertionPoint(self._block))

    # Chains

    def _roll(self, chain: Chain) -> None:
        first, length = chain.ops[0], len(chain.ops)
        carried = dict(chain.carried)  # operand -> result
        shared = [p for p in range(len(first.operands)) if p not in carried and chain.is_shared(p)]
        scanned = [p for p in range(len(first.operands)) if p not in carried and p not in shared]
        columns = [[op.operands[p] for op in chain.ops] for p in scanned]
        entering = [
            *(first.operands[p] for p in (*carried, *shared)),
            *(x for column in columns for x in column),
        ]
        if self._stacker.lead_to(entering, chain.ops):
            why = "a loop made of other calls needs results of some, and others need results of that loop"
            remark(Roll.name, first, f"did not roll {length} calls of `{callee_of(first)}`", why)
            return
        reverse = self._stacker.is_descending(columns)
        stacks = [self._stacker.mapped(column[::-1] if reverse else column) for column in columns]
        read = [r for r in range(len(first.results)) if chain.is_read(r)]
        totals = [total for r in read if (total := total_of(chain, r)) is not None]
        read = [r for r in read if all(r != total.result for total in totals)]
        carries = list(carried)
        entered = [p for p in carries if chain.is_entered(p)]

        callee = self._functions[callee_of(first)]

        def step(arguments: list[Tensor]) -> list[Tensor]:
            before = len(shared) + len(carries)
            so_far, others = arguments[before:][: len(totals)], arguments[before:][len(totals) :]
            order = [*shared, *carries, *scanned]
            given = dict(zip(order, [*arguments[:before], *others], strict=True))
            results = call(callee, [given[p] for p in range(len(first.operands))])
            following = [results[carried[p]] for p in carries]
            sums = [x + results[total.result] for x, total in zip(so_far, totals, strict=True)]
            return [*following, *sums, *(results[r] for r in read), *(given[p] for p in entered)]

        start = [*(Tensor(first.operands[p]) for p in carries), *(total.initial() for total in totals)]
        types = [
            *(first.operands[p].type for p in shared),
            *(value.type for value in start),
            *(first.operands[p].type for p in scanned),
        ]
        body = define(self._functions, f"{callee.name.value}__step", types, step)
        results = lift_op(
            "lift.scan",
            [*(Tensor(first.operands[p]) for p in shared), *start, *stacks],
            {body.name.value: signature_of(body)},
            callee=body.name.value,
            num_consts=len(shared),
            num_carry=len(start),
            length=length,
            reverse=reverse,
            unroll=1,
            in_axes=[0] * len(scanned),
            out_axes=[0] * (len(read) + len(entered)),
        )
        last, ys = results[: len(start)], results[len(start) :]
        for p, value in zip(carries, last, strict=False):
            chain.ops[-1].results[carried[p]].replace_all_uses_with(value.value)
        for total, value in zip(totals, last[len(carries) :], strict=True):
            self._stacker.erase(total.replace(value))
        order = chain.ops[::-1] if reverse else chain.ops
        for r, stacked in zip(read, ys, strict=False):
            self._stacker.define([op.results[r] for op in order], stacked)
        for p, stacked in zip(entered, ys[len(read) :], strict=True):
            self._stacker.define([op.operands[p] for op in order], stacked)
        what = f"rolled {length} calls of `{callee.name.value}`"
        remark(Roll.name, first, what, f"a loop {'backwards ' if reverse else ''}over {len(scanned)} stacks")
        self._stacker.replace(chain.ops, [results[0].value] * len(first.results))

    # Arguments and results that are handed from run to run

    def _stacked_argument(self, positions: Group) -> ir.Value | None:
        if positions in self._groups:
            return self._groups[positions]
        if any(position not in self._state or position in self._grouped for position in positions):
            return None
        if len(set(positions)) < len(positions) or len({self._part[position] for position in positions}) > 1:
            return None
        type: Any = self._arguments[positions[0]].type
        stacked = self._block.add_argument(
            tensor_type((len(positions), *type.shape), type.element_type), self._main.location
        )
        self._groups[positions] = stacked
        self._grouped.update(dict.fromkeys(positions, positions))
        return stacked

    def _stacked_results(self, held: ir.Operation) -> dict[Group, Tensor]:
        """For each group of arguments the stack of what takes their place; making one may find new groups."""
        stacked: dict[Group, Tensor] = {}
        while len(stacked) < len(self._groups):
            group = next(group for group in self._groups if group not in stacked)
            values = [held.operands[self._state[position]] for position in group]
            stacked[group] = self._stacker.mapped(values)
        return stacked

    def _split_groups(self) -> None:
        """Whoever still uses an argument that has become part of a group takes its part of the stack."""
        for group, stacked in self._groups.items():
            for index, position in enumerate(group):
                argument = self._arguments[position]
                if is_used(argument):
                    argument.replace_all_uses_with(self._stacker.part(Tensor(stacked), index).value)

    def _results(
        self, outputs: Sequence[ir.Value], stacked: Mapping[Group, Tensor]
    ) -> tuple[list[ir.Value], list[Group]]:
        in_group = {self._state[position] for group in stacked for position in group}
        kept = [index for index in range(len(outputs)) if index not in in_group]
        groups = [tuple(self._state[position] for position in group) for group in stacked]
        values = [outputs[index] for index in kept] + [tensor.value for tensor in stacked.values()]
        return values, [*((index,) for index in kept), *groups]

    def _drop_arguments(self) -> None:
        kept = [p for p in range(len(self._arguments)) if p not in self._grouped]
        for position in reversed(range(len(self._arguments))):
            if position in self._grouped:
                drop_argument(self._block, position)
        self._layout.arguments[:] = [*((position,) for position in kept), *self._groups]
        for attribute in ("arg_attrs", "res_attrs"):
            if attribute in self._main.attributes:
                del self._main.attributes[attribute]
        retype(self._main, returned(self._block))
