"""A scan as a loop that counts, reads slices of what it scans, and writes into the stacks that it carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor, splat
from stablelift.passes.module import Functions, call
from stablelift.passes.structure import define


def read(x: Tensor, axis: int, index: Tensor) -> Tensor:
    """`x[..., index, ...]` at `axis`."""
    sizes = list(x.shape)
    sizes[axis] = 1
    part = hlo.dynamic_slice(x, _start(x.rank, axis, index), sizes)
    return hlo.reshape(part, [size for position, size in enumerate(x.shape) if position != axis])


def write(stack: Tensor, part: Tensor, axis: int, index: Tensor) -> Tensor:
    """`stack` with `part` at `index` of `axis`."""
    shape = list(part.shape)
    shape.insert(axis, 1)
    return hlo.dynamic_update_slice(stack, hlo.reshape(part, shape), _start(stack.rank, axis, index))


def _start(rank: int, axis: int, index: Tensor) -> list[Tensor]:
    zero = hlo.zeros_like(index)
    return [index if position == axis else zero for position in range(rank)]


def as_while(functions: Functions, op: Any) -> tuple[dict[str, Any], Tensor, list[Tensor]]:
    """What a `lift.scan` is as a `lift.while`: the attributes, and a counter and stacks to begin with.

    The loop takes the constants and what is scanned as constants, and carries the counter, the carry and the
    stacks.
    """
    given = attributes_of(op)
    of_carry, length = given["num_carry"], given["length"]
    counts = [given["num_consts"], of_carry, len(given["in_axes"])]
    consts, carry, xs = split_by([value.type for value in op.operation.operands], counts)
    ys = [result.type for result in list(op.operation.results)[of_carry:]]
    ys_at = given["out_axes"]
    counter = hlo.constant(0, hlo.tensor_type([], hlo.i32()))
    carried = [counter.type, *carry, *ys]

    def runs(arguments: list[Tensor]) -> list[Tensor]:
        return [hlo.compare(arguments[0], "LT", length)]

    def step(arguments: Sequence[Tensor]) -> list[Tensor]:
        consts, xs, (count,), carry, ys = split_by(arguments, [counts[0], counts[2], 1, of_carry, len(ys_at)])
        index = (length - 1) - count if given["reverse"] else count
        slices = [read(x, axis, index) for x, axis in zip(xs, given["in_axes"], strict=True)]
        results = call(functions[given["callee"]], [*consts, *carry, *slices])
        parts = zip(ys, results[of_carry:], ys_at, strict=True)
        return [count + 1, *results[:of_carry], *(write(y, part, axis, index) for y, part, axis in parts)]

    cond = define(functions, f"{given['callee']}__runs", carried, runs)
    body = define(functions, f"{given['callee']}__counted", [*consts, *xs, *carried], step)
    attributes = {
        "cond": cond.name.value,
        "body": body.name.value,
        "num_cond_consts": 0,
        "num_body_consts": len(consts) + len(xs),
    }
    return attributes, counter, [splat(0, type) for type in ys]
