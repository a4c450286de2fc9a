"""Stacked inputs and results of a scan whose body still reads and writes them at a counter.

    dynamic_slice(x, i), with i = 0, 1, ..., n - 1              ==>   a slice of the stacked input %x
    dynamic_update_slice(buffer, v, i), buffer only carried     ==>   v, in a stacked result

The index may be any progression: strided, offset or from the end, clamped or wrapped around. What is read is
then sliced or reversed before the loop, what is written behind it. A `gather` or `scatter` at one index is
taken as well, and so is a buffer that is read where it is written next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stablelift.ir import hlo
from stablelift.ir.dialect import without_axis
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.raising.access import Access, read_of, write_of
from stablelift.passes.raising.counted import counters
from stablelift.passes.raising.sequences import Sequences, progression
from stablelift.passes.scan.loop import Carried, Loop, Stacked


class NotStacked(Exception):
    """Why what a loop reads or writes is no stacked value."""


@dataclass(frozen=True)
class Track:
    """The slices that a loop visits step by step: from `starts` on, they move along one axis by `step`."""

    axis: int
    step: int
    starts: tuple[int, ...]
    sizes: tuple[int, ...]

    def descends(self, loop: Loop) -> bool:
        """Whether the index falls along the stack, whose last element a reverse loop visits first."""
        return (self.step < 0) != loop.reverse

    def covers(self, shape: tuple[int, ...], length: int) -> bool:
        """Whether every element of an array of `shape` is visited."""
        whole = (length if axis == self.axis else size for axis, size in enumerate(self.sizes))
        return tuple(whole) == shape and abs(self.step) == 1


@dataclass(frozen=True)
class Write:
    """A carried buffer that each step writes one slice of."""

    part: Carried
    access: Access
    track: Track


Refused = Callable[[ir.Operation, str], None]
"""Told of a read or a write that is not stacked, and why."""


def recognise(loop: Loop, refused: Refused) -> str | None:
    """Turn what the loop reads and writes at its counters into stacked inputs and results; what was found."""
    if loop.length == 0:
        return None
    sequences = Sequences(loop.length, _known(loop))
    writes = _writes(loop, sequences, refused)
    reads = _reads(loop, sequences, {write.part.inside: write for write in writes}, refused)
    if not reads and not writes:
        return None
    steps = [track.step for _, track in reads] + [write.track.step for write in writes]
    if not loop.xs and not loop.ys and sum(step < 0 for step in steps) * 2 > len(steps):
        loop.reverse = not loop.reverse
    for access, track in reads:
        _read_stacked(loop, access, track)
    stacks = [_write_stacked(loop, write) for write in writes]
    with loop.rebuilt():
        for write, stack in zip(writes, stacks, strict=True):
            _result(loop, write, stack)
    return f"{len(reads)} stacked inputs, {len(writes)} stacked results"


def _known(loop: Loop) -> dict[ir.Value, np.ndarray]:
    """The loop's counters, in every step."""
    parts = loop.carry
    found = counters(
        [part.inside for part in parts], [part.following for part in parts], [part.initial for part in parts]
    )
    return {parts[index].inside: counter.values(loop.length) for index, counter in found.items()}


# What is visited ----------------------------------------------------------------------------------


def _track(access: Access, sequences: Sequences) -> Track:
    """Where an access goes, step by step.

    Raises:
      NotStacked: Not to one slice after the other along one axis.
    """
    moving: dict[int, int] = {}
    starts = []
    for axis, (index, size, extent) in enumerate(
        zip(access.indices, access.sizes, access.array.type.shape, strict=True)
    ):
        values = _index(index, sequences)
        if access.clamps:
            values = np.clip(values, 0, extent - size)
        elif values.min() < 0 or values.max() > extent - size:
            raise NotStacked("its index leaves the array")
        found = progression(values)
        if found is None:
            raise NotStacked("its index does not move evenly from step to step")
        starts.append(found[0])
        one_step = sequences.length == 1 and size == 1 and not _is_literal(index)
        if found[1] or (one_step and not moving):
            moving[axis] = found[1] or 1
    if len(moving) != 1:
        many = "its index moves along several axes"
        raise NotStacked(many if moving else "its index is the same in every step")
    ((axis, step),) = moving.items()
    if access.sizes[axis] != 1:
        raise NotStacked("it takes more than one element along the axis on which its index moves")
    return Track(axis, step, tuple(starts), tuple(access.sizes))


def _index(index: tuple[ir.Value, int | None] | int, sequences: Sequences) -> np.ndarray:
    if isinstance(index, int):
        return np.full(sequences.length, index)
    value, position = index
    found = sequences[value]
    if found is None:
        raise NotStacked("its index depends on more than counters and constants")
    found = found if position is None else found.reshape(sequences.length, -1)[:, position]
    return found.astype(np.int64)


def _is_literal(index: tuple[ir.Value, int | None] | int) -> bool:
    return isinstance(index, int) or hlo.made_by(Tensor(index[0]), "stablehlo.constant") is not None


# Reads --------------------------------------------------------------------------------------------


def _reads(
    loop: Loop, sequences: Sequences, written: dict[ir.Value, Write], refused: Refused
) -> list[tuple[Access, Track]]:
    consts = {part.inside for part in loop.consts}
    found = []
    for operation in loop.operations:
        access = read_of(operation)
        if access is None:
            continue
        literal = hlo.made_by(Tensor(access.array), "stablehlo.constant") is not None
        if access.array not in consts and access.array not in written and not literal:
            continue
        try:
            found.append((access, _track(access, sequences)))
        except NotStacked as why:
            refused(operation, str(why))
    return found


def _read_stacked(loop: Loop, access: Access, track: Track) -> None:
    outside = {part.inside: part.outside for part in loop.consts}
    outside |= {part.inside: part.initial for part in loop.carry}
    with ir.InsertionPoint(loop.op), loop.op.location:
        if access.array in outside:
            array = Tensor(outside[access.array])
        else:
            array = Tensor(access.array.owner.clone().results[0])  # type: ignore[union-attr]
        stack = _visited(loop, array, track)
    part = loop.slices(stack.value, track.axis)
    for use in list(access.value.uses):
        user = use.owner.operation
        if user.name == "stablehlo.reshape" and user.results[0].type == part.type:
            loop.replace(user.results[0], part)
    with ir.InsertionPoint(access.operation), access.operation.location:
        value = hlo.reshape(Tensor(part), list(access.value.type.shape))
    loop.replace(access.value, value.value)


def _visited(loop: Loop, array: Tensor, track: Track) -> Tensor:
    """All slices of an array on a track, in the order of the stack."""
    stack = _upward(loop, array, track)
    return hlo.reverse(stack, [track.axis]) if track.descends(loop) else stack


def _upward(loop: Loop, array: Tensor, track: Track) -> Tensor:
    """All slices of an array on a track, by their index."""
    starts = _lowest(loop, track)
    limits = [start + size for start, size in zip(starts, track.sizes, strict=True)]
    strides = [1] * array.rank
    limits[track.axis] = starts[track.axis] + (loop.length - 1) * abs(track.step) + 1
    strides[track.axis] = abs(track.step)
    return hlo.slice(array, starts, limits, strides)


def _lowest(loop: Loop, track: Track) -> list[int]:
    """Where the slice with the lowest index starts."""
    starts = list(track.starts)
    starts[track.axis] += min(0, (loop.length - 1) * track.step)
    return starts


# Writes -------------------------------------------------------------------------------------------


def _writes(loop: Loop, sequences: Sequences, refused: Refused) -> list[Write]:
    found = []
    for part in loop.carry:
        owner = part.following.owner
        access = None if isinstance(owner, ir.Block) else write_of(owner.operation)
        if access is None or access.array != part.inside:
            continue
        try:
            track = _track(access, sequences)
            if not track.covers(tuple(part.inside.type.shape), loop.length) and abs(track.step) != 1:
                raise NotStacked("it leaves out elements between those that it writes")
            _require_only_written(part, access, track, sequences)
            found.append(Write(part, access, track))
        except NotStacked as why:
            refused(access.operation, str(why))
    return found


def _require_only_written(part: Carried, access: Access, track: Track, sequences: Sequences) -> None:
    if len(list(part.following.uses)) != 1:
        raise NotStacked("what it writes is read in the same step")
    for use in part.inside.uses:
        operation = use.owner.operation
        if operation == access.operation:
            continue
        read = read_of(operation)
        if read is None or read.array != part.inside or _track(read, sequences) != track:
            raise NotStacked("the array is read elsewhere in the loop")


def _write_stacked(loop: Loop, write: Write) -> Stacked:
    access, axis = write.access, write.track.axis
    with ir.InsertionPoint(access.operation), access.operation.location:
        value = _without_axis(access, axis)
    loop.carry.remove(write.part)
    stack = Stacked(value.value, axis, None)
    loop.ys.append(stack)
    return stack


def _without_axis(access: Access, axis: int) -> Tensor:
    """What is written, without the axis along which the writes move; it may have become a stacked input."""
    now = write_of(access.operation)
    assert now is not None
    update = Tensor(now.value)
    whole = tensor_type(access.sizes, update.element_type)
    wanted = without_axis(whole, axis)
    for name in ("stablehlo.broadcast_in_dim", "stablehlo.reshape"):
        made = hlo.made_by(update, name)
        if made is not None and made.operands[0].type == wanted:
            return Tensor(made.operands[0])
    return hlo.reshape(update, list(wanted.shape))


def _result(loop: Loop, write: Write, stacked: Stacked) -> None:
    """What the loop leaves in the buffer, from the stacked result."""
    assert stacked.result is not None
    if write.part.result is None:
        return
    track, initial = write.track, Tensor(write.part.initial)
    stack = Tensor(stacked.result)
    if track.descends(loop):
        stack = hlo.reverse(stack, [track.axis])
    if write.access.adds:
        stack = _upward(loop, initial, track) + stack
    if not track.covers(initial.shape, loop.length):
        index = tensor_type([], i32())
        starts = [hlo.constant(start, index) for start in _lowest(loop, track)]
        stack = hlo.dynamic_update_slice(initial, stack, starts)
    write.part.result.replace_all_uses_with(stack.value)
