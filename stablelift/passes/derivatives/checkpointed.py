"""Reverse mode of `lift.while`: two levels of checkpoints, for a loop whose number of steps is bounded, not
known.

With at most M steps, the forward loop stores its carry once every k = ceil(sqrt(M)) steps. The reverse goes
through these segments from the last that was reached: it replays one, storing each step's carry, and pulls
the cotangents back through it. Memory is M / k + k carries, work one more run of the forward loop; steps
that the loop did not take are not computed. All loops here are bounded `lift.while`s again, so they can be
mapped and differentiated in turn.

Source: Griewank 1992, doi:10.1080/10556789208805505, with one level of checkpoints; Stumm and Walther 2010
treat the case without a bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.dialect import with_axis
from stablelift.ir.lift import attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.buffers import read, write
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import settled_carry, split_by
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, instantiate, operands_of, vjp
from stablelift.passes.module import call, replace
from stablelift.passes.structure import define, lift_op


@vjp("lift.while")
def while_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    attributes = attributes_of(op)
    if attributes.get("max_trip_count") is None:
        hint = "give a bound, as in stablelift.functional.while_loop(cond, body, init, max_trip_count=1000)"
        raise error_at(op, "reverse mode through a loop whose number of steps has no bound", hint=hint)
    loop = _Loop(derive, op, wanted)
    with ir.InsertionPoint(op.operation), op.operation.location:
        segments, steps, results, stored = loop.forward()
    cts = [instantiate(cotangents[index], results[index]) for index in loop.active]
    replace(op, results)
    gradients = loop.reverse(segments, steps, stored, cts)
    return place(gradients, loop.wanted, len(wanted))


class _Loop:
    """A bounded loop about to be reversed. Counters are tensor<i32>."""

    def __init__(self, derive: Derive, op: Any, wanted: Sequence[bool]):
        attributes = attributes_of(op)
        self.functions = derive.functions
        self.bound = attributes["max_trip_count"]
        self.period = max(1, math.ceil(math.sqrt(self.bound)))
        self.count = max(1, -(-self.bound // self.period))
        self.cond, self.body = (self.functions[attributes[key]] for key in ("cond", "body"))
        of_cond, of_body = attributes["num_cond_consts"], attributes["num_body_consts"]
        self.cond_consts, self.consts, self.carry = split_by(
            operands_of(op), [of_cond, of_body, len(self.cond.type.inputs) - of_cond]
        )
        moving = [index - of_cond for index in present(wanted) if index >= of_cond]
        wrt = settled_carry(derive, attributes["body"], moving, of_body)
        self.active = [index - of_body for index in wrt if index >= of_body]
        self.active_consts = [index for index in wrt if index < of_body]
        self.wanted = tuple(of_cond + index for index in wrt)
        self.split = derive.partition(attributes["body"], wrt, tuple(self.active))
        self.i32 = hlo.tensor_type([], ir.IntegerType.get_signless(32))

    def number(self, value: int) -> Tensor:
        return hlo.constant(value, self.i32)

    def runs(self, carry: Sequence[Tensor], consts: Sequence[Tensor]) -> Tensor:
        return call(self.cond, [*consts, *carry])[0]

    def repeat(
        self,
        what: str,
        bound: int,
        consts: Sequence[Tensor],
        carry: Sequence[Tensor],
        runs: Callable[[list[Tensor], list[Tensor]], Tensor],
        step: Callable[[list[Tensor], list[Tensor]], Sequence[Tensor]],
    ) -> list[Tensor]:
        """A `lift.while` of at most `bound` steps, whose condition and step both see `consts` and the
        carry.
        """
        types = [x.type for x in (*consts, *carry)]
        parts = [len(consts), len(carry)]
        name = f"{self.body.name.value}__{what}"
        cond = define(self.functions, f"{name}_cond", types, lambda args: [runs(*split_by(args, parts))])
        body = define(self.functions, name, types, lambda args: step(*split_by(args, parts)))
        return lift_op(
            "lift.while",
            [*consts, *consts, *carry],
            {function.name.value: signature_of(function) for function in (cond, body)},
            cond=cond.name.value,
            body=body.name.value,
            num_cond_consts=len(consts),
            num_body_consts=len(consts),
            max_trip_count=bound,
        )

    # Forward: how many segments and steps it took, the results, and the carry at each segment's start

    def forward(self) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """Run the loop in segments of `period` steps."""
        count, width = self.count, len(self.carry)
        of_cond = len(self.cond_consts)
        buffers = [hlo.constant(0, with_axis(x.type, 0, count)) for x in self.carry]

        def runs(consts: list[Tensor], state: list[Tensor]) -> Tensor:
            within = hlo.compare(state[1], "LT", self.bound)
            return hlo.logical_and(within, self.runs(state[2 : 2 + width], consts[:of_cond]))

        def segment(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            (position, steps), carry, stored = split_by(state, [2, width, width])
            stored = [write(buffer, x, position) for buffer, x in zip(stored, carry, strict=True)]
            taken, steps, *carry = self.repeat(
                "segment", self.period, consts, [self.number(0), steps, *carry], inside, step
            )
            return [position + 1, steps, *carry, *stored]

        def inside(consts: list[Tensor], state: list[Tensor]) -> Tensor:
            return hlo.logical_and(hlo.compare(state[0], "LT", self.period), runs(consts, state))

        def step(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            return [state[0] + 1, state[1] + 1, *call(self.body, [*consts[of_cond:], *state[2:]])]

        start = [self.number(0), self.number(0), *self.carry, *buffers]
        found = self.repeat("segments", count, [*self.cond_consts, *self.consts], start, runs, segment)
        (segments, steps), results, stored = split_by(found, [2, width, width])
        return segments, steps, results, stored

    # Reverse: the gradients of the active constants, then of the active carry

    def reverse(
        self, segments: Tensor, steps: Tensor, stored: Sequence[Tensor], cts: Sequence[Tensor]
    ) -> list[Tensor]:
        """Go back through the segments."""
        sums = [hlo.zeros_like(self.consts[index]) for index in self.active_consts]
        parts = [len(self.consts), 1, len(stored)]

        def segment(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            body_consts, (steps,), stored = split_by(consts, parts)
            position = state[0] - 1
            left = steps - position * self.period
            length = hlo.minimum(left, self.number(self.period))
            carry = [read(buffer, position) for buffer in stored]
            replayed = self._replay(body_consts, length, carry)
            moved = self._pull_back(body_consts, length, replayed, state[1:])
            return [position, *moved]

        found = self.repeat(
            "reverse",
            self.count,
            [*self.consts, steps, *stored],
            [segments, *cts, *sums],
            lambda consts, state: hlo.compare(state[0], "GT", 0),
            segment,
        )
        _, of_carry, of_consts = split_by(found, [1, len(cts), len(sums)])
        return [*of_consts, *of_carry]

    def _replay(self, body_consts: list[Tensor], length: Tensor, carry: list[Tensor]) -> list[Tensor]:
        """Take `length` steps again; the carry before each of them, stacked."""
        width = len(carry)
        buffers = [hlo.constant(0, with_axis(x.type, 0, self.period)) for x in carry]

        def step(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            (position,), carry, kept = split_by(state, [1, width, width])
            kept = [write(buffer, x, position) for buffer, x in zip(kept, carry, strict=True)]
            return [position + 1, *call(self.body, [*consts[1:], *carry]), *kept]

        found = self.repeat(
            "replay",
            self.period,
            [length, *body_consts],
            [self.number(0), *carry, *buffers],
            lambda consts, state: hlo.compare(state[0], "LT", consts[0]),
            step,
        )
        return found[1 + width :]

    def _pull_back(
        self, body_consts: list[Tensor], length: Tensor, kept: list[Tensor], moving: list[Tensor]
    ) -> list[Tensor]:
        """Pull cotangents, and add gradients of constants, through the steps of one segment."""
        parts = [len(body_consts), len(kept)]

        def step(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            body_consts, kept = split_by(consts, parts)
            position = state[0] - 1
            cts, sums = split_by(state[1:], [len(self.active), len(self.active_consts)])
            carry = [read(buffer, position) for buffer in kept]
            results = call(self.split.forward, [*body_consts, *carry])
            gradients = call(self.split.reverse, [*results[len(carry) :], *cts])
            of_consts, of_carry = split_by(gradients, [len(sums), len(cts)])
            return [position, *of_carry, *(total + new for total, new in zip(sums, of_consts, strict=True))]

        found = self.repeat(
            "pull_back",
            self.period,
            [*body_consts, *kept],
            [length, *moving],
            lambda consts, state: hlo.compare(state[0], "GT", 0),
            step,
        )
        return found[1:]
