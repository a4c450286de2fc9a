"""Reverse mode of `lift.while`: two levels of checkpoints, for a loop whose number of steps is bounded, not
known.

With at most M steps, the forward loop stores its carry once every k = ceil(sqrt(M)) steps. The reverse goes
through these segments from the last that was reached: it replays one, storing each step's carry, and pulls
the cotangents back through it. Memory is M / k + k carries, work one more run of the forward loop; steps
that the loop did not take are not computed. All loops here are bounded `lift.while`s again, so they can be
mapped and differentiated in turn.

Inside of a rematerialised function whose policy keeps something of each step, that is stored for all steps
and given to those that are taken again, see `replay.py`.

Source: Griewank 1992, doi:10.1080/10556789208805505, with one level of checkpoints; Stumm and Walther 2010
treat the case without a bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from stablelift.ir import hlo
from stablelift.ir.dialect import with_axis
from stablelift.ir.lift import attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.maxima import noted
from stablelift.ir.mlir import func, ir
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.buffers import read, write
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import residual_sources, settled_carry
from stablelift.passes.derivatives.replay import Inside, looked_into, named
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, instantiate, operands_of, vjp
from stablelift.passes.maxima import call, define, marked
from stablelift.passes.module import replace
from stablelift.passes.remat.replays import note_replay
from stablelift.passes.remat.report import report
from stablelift.passes.structure import lift_op


@vjp("lift.while")
def while_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    attributes = attributes_of(op)
    if attributes.get("max_trip_count") is None:
        hint = "give a bound, as in stablelift.functional.while_loop(cond, body, init, max_trip_count=1000)"
        raise error_at(op, "reverse mode through a loop whose number of steps has no bound", hint=hint)
    loop = _Loop(derive, op, wanted)
    with ir.InsertionPoint(op.operation), op.operation.location:
        swept = loop.forward()
    report(loop.split.account)
    cts = [instantiate(cotangents[index], swept.results[index]) for index in loop.active]
    replace(op, swept.results)
    gradients = loop.reverse(swept, cts)
    return place(gradients, loop.wanted, len(wanted))


class _Swept(NamedTuple):
    """What a forward sweep has found."""

    segments: Tensor
    steps: Tensor
    results: list[Tensor]
    stored: list[Tensor]
    """The carry at the start of each segment."""
    kept: list[Tensor]
    """What the policy around the loop keeps of each step."""

    @property
    def flat(self) -> list[Tensor]:
        return [self.segments, self.steps, *self.results, *self.stored, *self.kept]


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
        self.region = looked_into(derive.region)
        choice = Inside(self.region) if self.region else None
        self.split = derive.partition(attributes["body"], wrt, tuple(self.active), choice)
        self.quiet = derive.quiet
        self.again = self.quiet(self.split.forward)
        self.sources = residual_sources(self.split)
        self.keeps = self.region is not None and None in self.sources
        self.i32 = tensor_type([], i32())

    def number(self, value: int) -> Tensor:
        return hlo.constant(value, self.i32)

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
        results = lift_op(
            "lift.while",
            [*consts, *consts, *carry],
            {function.name.value: signature_of(function) for function in (cond, body)},
            cond=cond.name.value,
            body=body.name.value,
            num_cond_consts=len(consts),
            num_body_consts=len(consts),
            max_trip_count=bound,
        )
        return marked(results, noted(body))

    def step(self, consts: Any, given: Any, number: Any, carry: Any, kept: Any) -> tuple[Any, Any]:
        """What one step makes of the carry: by the forward function, which has applied the user's rules."""
        return call(self.split.forward, [*consts, *carry])[: len(carry)], kept

    def step_again(
        self, consts: Sequence[Tensor], kept: Sequence[Tensor], number: Tensor, carry: Sequence[Tensor]
    ) -> list[Tensor]:
        """The same once more, from what the step of that number has kept."""
        if not self.keeps:
            return call(self.again, [*consts, *carry])[: len(carry)]
        assert self.split.replay is not None
        return call(self.split.replay, [*consts, *carry, *(read(buffer, number) for buffer in kept)])

    # Forward

    def forward(self) -> _Swept:
        """Run the loop in segments of `period` steps."""
        if not self.keeps:
            return self._sweep([], [], self.step, self.cond)
        assert self.region is not None
        width = len(self.carry)
        types = list(self.split.forward.type.results)[width:]
        kept = [type for type, source in zip(types, self.sources, strict=True) if source is None]
        buffers = [hlo.constant(0, with_axis(type, 0, self.bound)) for type in kept]

        def keeping(consts: Any, _: Any, number: Any, carry: Any, kept: Any) -> tuple[Any, Any]:
            results = call(self.split.forward, [*consts, *carry])
            new = [x for x, source in zip(results[width:], self.sources, strict=True) if source is None]
            kept = [write(buffer, x, number) for buffer, x in zip(kept, new, strict=True)]
            return results[:width], kept

        def again(consts: Any, given: Any, number: Any, carry: Any, kept: Any) -> tuple[Any, Any]:
            return self.step_again(consts, given, number, carry), kept

        found = self._sweep([], buffers, keeping, self.cond)
        kept = [named(x, self.region) for x in found.kept]
        replayed = self._sweep(kept, [], again, self.quiet(self.cond))
        note_replay(replayed.flat, found._replace(kept=[]).flat)
        return replayed._replace(results=found.results, kept=kept)

    def _sweep(
        self,
        given: Sequence[Tensor],
        buffers: Sequence[Tensor],
        step: Callable[..., tuple[Sequence[Tensor], Sequence[Tensor]]],
        cond: func.FuncOp,
    ) -> _Swept:
        """The loop, in which `step` sees `given`, the step's number, and `buffers`, which it may change.

        Before each step, and behind the last, `cond` is asked once.
        """
        count, width = self.count, len(self.carry)
        of_cond = len(self.cond_consts)
        parts = [of_cond, len(self.consts), len(given)]
        stores = [hlo.constant(0, with_axis(x.type, 0, count)) for x in self.carry]

        def goes_on(consts: Sequence[Tensor], number: Tensor, carry: Sequence[Tensor]) -> Tensor:
            within = hlo.compare(number, "LT", self.bound)
            return hlo.logical_and(within, call(cond, [*consts, *carry])[0])

        def runs(consts: list[Tensor], state: list[Tensor]) -> Tensor:
            return state[2]

        def segment(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            (position, steps, more), carry, stored, kept = split_by(state, [3, width, width, len(buffers)])
            stored = [write(buffer, x, position) for buffer, x in zip(stored, carry, strict=True)]
            taken, steps, more, *rest = self.repeat(
                "segment", self.period, consts, [self.number(0), steps, more, *carry, *kept], inside, one
            )
            return [position + 1, steps, more, *rest[:width], *stored, *rest[width:]]

        def inside(consts: list[Tensor], state: list[Tensor]) -> Tensor:
            return hlo.logical_and(hlo.compare(state[0], "LT", self.period), state[2])

        def one(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            (taken, number, _), carry, kept = split_by(state, [3, width, len(buffers)])
            cond_consts, body_consts, seen = split_by(consts, parts)
            carry, kept = step(body_consts, seen, number, carry, kept)
            more = goes_on(cond_consts, number + 1, carry)
            return [taken + 1, number + 1, more, *carry, *kept]

        first = goes_on(self.cond_consts, self.number(0), self.carry)
        start = [self.number(0), self.number(0), first, *self.carry, *stores, *buffers]
        consts = [*self.cond_consts, *self.consts, *given]
        found = self.repeat("segments", count, consts, start, runs, segment)
        (segments, steps, _), results, stored, kept = split_by(found, [3, width, width, len(buffers)])
        return _Swept(segments, steps, results, stored, kept)

    # Reverse: the gradients of the active constants, then of the active carry

    def reverse(self, swept: _Swept, cts: Sequence[Tensor]) -> list[Tensor]:
        """Go back through the segments."""
        sums = [hlo.zeros_like(self.consts[index]) for index in self.active_consts]
        parts = [len(self.consts), len(swept.kept), 1, len(swept.stored)]

        def segment(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            body_consts, kept, (steps,), stored = split_by(consts, parts)
            position = state[0] - 1
            start = position * self.period
            length = hlo.minimum(steps - start, self.number(self.period))
            carry = [read(buffer, position) for buffer in stored]
            given = [start, *body_consts, *kept]
            replayed = self._replay(given, length, carry)
            moved = self._pull_back(given, length, replayed, state[1:])
            return [position, *moved]

        found = self.repeat(
            "reverse",
            self.count,
            [*self.consts, *swept.kept, swept.steps, *swept.stored],
            [swept.segments, *cts, *sums],
            lambda consts, state: hlo.compare(state[0], "GT", 0),
            segment,
        )
        _, of_carry, of_consts = split_by(found, [1, len(cts), len(sums)])
        return [*of_consts, *of_carry]

    def _replay(self, given: list[Tensor], length: Tensor, carry: list[Tensor]) -> list[Tensor]:
        """Take `length` steps again; the carry before each of them, stacked."""
        width = len(carry)
        buffers = [hlo.constant(0, with_axis(x.type, 0, self.period)) for x in carry]
        parts = [2, len(self.consts), len(given) - 1 - len(self.consts)]

        def step(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            (position,), carry, stored = split_by(state, [1, width, width])
            (_, start), body_consts, kept = split_by(consts, parts)
            stored = [write(buffer, x, position) for buffer, x in zip(stored, carry, strict=True)]
            return [position + 1, *self.step_again(body_consts, kept, start + position, carry), *stored]

        found = self.repeat(
            "replay",
            self.period,
            [length, *given],
            [self.number(0), *carry, *buffers],
            lambda consts, state: hlo.compare(state[0], "LT", consts[0]),
            step,
        )
        return found[1 + width :]

    def _pull_back(
        self, given: list[Tensor], length: Tensor, stored: list[Tensor], moving: list[Tensor]
    ) -> list[Tensor]:
        """Pull cotangents, and add gradients of constants, through the steps of one segment."""
        parts = [1, len(self.consts), len(given) - 1 - len(self.consts), len(stored)]

        def step(consts: list[Tensor], state: list[Tensor]) -> list[Tensor]:
            (start,), body_consts, kept, stored = split_by(consts, parts)
            position = state[0] - 1
            cts, sums = split_by(state[1:], [len(self.active), len(self.active_consts)])
            inputs = [*body_consts, *(read(buffer, position) for buffer in stored)]
            slices = [read(buffer, start + position) for buffer in kept]
            gradients = call(self.split.reverse, [*self._residuals(inputs, slices), *cts])
            of_consts, of_carry = split_by(gradients, [len(sums), len(cts)])
            return [position, *of_carry, *(total + new for total, new in zip(sums, of_consts, strict=True))]

        found = self.repeat(
            "pull_back",
            self.period,
            [*given, *stored],
            [length, *moving],
            lambda consts, state: hlo.compare(state[0], "GT", 0),
            step,
        )
        return found[1:]

    def _residuals(self, inputs: list[Tensor], kept: list[Tensor]) -> list[Tensor]:
        """What the reverse of a step takes, from its inputs and from what it has kept."""
        if not self.keeps:
            return call(self.again, inputs)[len(self.carry) :]
        slices = iter(kept)
        taken = self.sources[: len(self.sources) - self.split.num_spare]
        return [next(slices) if source is None else inputs[source] for source in taken]
