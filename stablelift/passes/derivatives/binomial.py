"""Reverse mode of a `lift.scan` that keeps few carries: binomial checkpoints, as loops of constant size.

The forward loop puts its carry into a buffer of snapshots as it goes. The reverse loop runs the way to each
step from the snapshot that the schedule names, leaves others behind, and pulls the cotangents back through
the step. Which slot is read and written when stands in constants (`revolve.py`); no step chooses between
carries. The loops are `lift.scan` and a bounded `lift.while`, so they can be mapped and differentiated in
turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.dialect import with_axis, without_axis
from stablelift.ir.mlir import func
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32
from stablelift.passes.buffers import read, write
from stablelift.passes.derivatives.flow import build, pick
from stablelift.passes.derivatives.revolve import schedule
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.maxima import call, define
from stablelift.passes.remat.partition import Split


class Binomial:
    """A scan about to be reversed from `scan.checkpoints` carries beside the first. Counters are tensor<i32>.
    """

    def __init__(self, derive: Derive, scan: Any, split: Split):
        self.functions, self.scan, self.split = derive.functions, scan, split
        self.again = derive.quiet(split.forward)
        self.schedule = schedule(scan.length, scan.checkpoints)
        self.consts, self.carry, self.xs = split_by(
            scan.operands, [scan.num_consts, scan.num_carry, len(scan.operands) - scan.stop]
        )
        self.i32 = i32()
        self.buffer_types = [with_axis(x.type, 0, scan.checkpoints + 2) for x in self.carry]

    def forward(self) -> tuple[list[Tensor], list[Tensor]]:
        """The loop's results, and its snapshots."""
        scan, width = self.scan, len(self.carry)
        parts = [len(self.consts), width, width, 1, len(self.xs)]

        def step(arguments: list[Tensor]) -> list[Tensor]:
            consts, carry, kept, (slot,), xs = split_by(arguments, parts)
            kept = [write(buffer, x, slot) for buffer, x in zip(kept, carry, strict=True)]
            results = self._step(self.split.forward, [*consts, *carry, *xs])
            return [*results[:width], *kept, *results[width:]]

        buffers = [hlo.constant(0, type) for type in self.buffer_types]
        operands = [*self.consts, *self.carry, *buffers, self._by_step(self.schedule.first), *self.xs]
        axes = [0, *scan.in_axes]
        results = self._scan("sweep", operands, step, axes, scan.out_axes, scan.reverse, 2 * width)
        carry, kept, ys = split_by(results, [width, width, len(results) - 2 * width])
        return [*carry, *ys], kept

    def reverse(
        self, kept: Sequence[Tensor], cts: Sequence[Tensor], stacked: Sequence[Tensor], axes: Sequence[int]
    ) -> list[Tensor]:
        """Gradients of the body's inputs `wrt`, for cotangents of the carry and of the stacked results."""
        scan, width = self.scan, len(self.carry)
        sums = [hlo.zeros_like(self.consts[index]) for index in scan.consts]
        again = hlo.vector(self.schedule.again or [0], self.i32)
        tables = [range(scan.length), self.schedule.positions, self.schedule.slots, self.schedule.offsets]
        consts = [*self.consts, *self.xs, again]
        parts = [len(consts), width, len(cts), len(sums), len(tables), len(self.xs), len(stacked)]

        def step(arguments: list[Tensor]) -> list[Tensor]:
            consts, kept, cts, sums, (number, position, slot, offset), xs, ys = split_by(arguments, parts)
            carry = [read(buffer, slot) for buffer in kept]
            carry, kept = self._run_again(consts, number, position, offset, carry, kept)
            body_consts = consts[: len(self.consts)]
            results = call(self.again, [*body_consts, *carry, *xs])
            residuals = results[len(results) - self.split.num_residuals :]
            gradients = call(self.split.reverse, [*residuals, *cts, *ys])
            of_consts, of_carry, of_xs = split_by(gradients, [len(sums), len(cts), len(scan.xs)])
            totals = [total + new for total, new in zip(sums, of_consts, strict=True)]
            return [*kept, *of_carry, *totals, *of_xs]

        operands = [*consts, *kept, *cts, *sums, *map(self._by_step, tables), *self.xs, *stacked]
        in_axes = [*[0] * len(tables), *scan.in_axes, *axes]
        carried = width + len(cts) + len(sums)
        results = self._scan(
            "reverse", operands, step, in_axes, pick(scan.in_axes, scan.xs), not scan.reverse, carried
        )
        _, of_carry, of_consts, of_xs = split_by(results, [width, len(cts), len(sums), len(scan.xs)])
        return [*of_consts, *of_carry, *of_xs]

    def _step(self, forward: func.FuncOp, inputs: list[Tensor]) -> list[Tensor]:
        """A step's results: as the forward function computes them, which has applied the user's rules."""
        results = call(forward, inputs)
        return results[: len(results) - self.split.num_residuals]

    def _run_again(
        self,
        consts: list[Tensor],
        number: Tensor,
        position: Tensor,
        offset: Tensor,
        carry: list[Tensor],
        kept: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Take the steps from `position` to `number`, and put the carry behind each where `again` says."""
        if not self.schedule.longest:
            return carry, kept
        scan, width = self.scan, len(carry)
        given = [*consts, number]
        moving = [position, offset, *carry, *kept]
        types = [x.type for x in (*given, *moving)]
        name = f"{scan.body}__again"

        def runs(arguments: list[Tensor]) -> list[Tensor]:
            return [hlo.compare(arguments[len(given)], "LT", arguments[len(consts)])]

        def step(arguments: list[Tensor]) -> list[Tensor]:
            (*consts, _), (position, offset), carry, kept = split_by(arguments, [len(given), 2, width, width])
            body_consts, xs, (again,) = split_by(consts, [len(self.consts), len(self.xs), 1])
            at = hlo.constant(scan.length - 1, position.type) - position if scan.reverse else position
            slices = [read(x, at, axis) for x, axis in zip(xs, scan.in_axes, strict=True)]
            carry = self._step(self.again, [*body_consts, *carry, *slices])[:width]
            slot = read(again, offset)
            kept = [write(buffer, x, slot) for buffer, x in zip(kept, carry, strict=True)]
            return [position + 1, offset + 1, *carry, *kept]

        cond = define(self.functions, f"{name}_cond", types, runs)
        body = define(self.functions, name, types, step)
        found = build(
            "lift.while",
            [*given, *given, *moving],
            [cond, body],
            cond=cond.name.value,
            body=body.name.value,
            num_cond_consts=len(given),
            num_body_consts=len(given),
            max_trip_count=self.schedule.longest,
        )
        _, carry, kept = split_by(found, [2, width, width])
        return carry, kept

    def _by_step(self, numbers: Sequence[int]) -> Tensor:
        """A number for each step, in the order of the slices."""
        found = list(numbers)
        return hlo.vector(found[::-1] if self.scan.reverse else found, self.i32)

    def _scan(
        self,
        what: str,
        operands: Sequence[Tensor],
        step: Any,
        in_axes: Sequence[int],
        out_axes: Sequence[int],
        reverse: bool,
        num_carry: int,
    ) -> list[Tensor]:
        unmapped = len(operands) - len(in_axes)
        types = [x.type for x in operands[:unmapped]]
        types += [without_axis(x.type, axis) for x, axis in zip(operands[unmapped:], in_axes, strict=True)]
        body = define(self.functions, f"{self.scan.body}__{what}", types, step)
        return self.scan.build(
            operands,
            body,
            num_consts=unmapped - num_carry,
            num_carry=num_carry,
            in_axes=list(in_axes),
            out_axes=list(out_axes),
            reverse=reverse,
            unroll=1,
        )
