"""A scan as a loop that counts, reads slices of what it scans, and writes into the stacks that it carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor, splat
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.buffers import read, write
from stablelift.passes.module import Functions, call
from stablelift.passes.structure import define


def one_step(
    functions: Functions,
    attributes: dict[str, Any],
    consts: Sequence[Tensor],
    xs: Sequence[Tensor],
    count: Tensor,
    carry: Sequence[Tensor],
    ys: Sequence[Tensor],
) -> tuple[list[Tensor], list[Tensor]]:
    """The carry and the stacks of a `lift.scan` after its step number `count`."""
    of_carry = attributes["num_carry"]
    index = (attributes["length"] - 1) - count if attributes["reverse"] else count
    slices = [read(x, index, axis) for x, axis in zip(xs, attributes["in_axes"], strict=True)]
    results = call(functions[attributes["callee"]], [*consts, *carry, *slices])
    parts = zip(ys, results[of_carry:], attributes["out_axes"], strict=True)
    return results[:of_carry], [write(y, part, index, axis) for y, part, axis in parts]


def as_while(functions: Functions, op: Any) -> tuple[dict[str, Any], Tensor, list[Tensor]]:
    """What a `lift.scan` is as a `lift.while`: the attributes, and a counter and stacks to begin with.

    The loop takes the constants and what is scanned as constants, and carries the counter, the carry and the
    stacks.
    """
    given = attributes_of(op)
    of_carry = given["num_carry"]
    counts = [given["num_consts"], of_carry, len(given["in_axes"])]
    consts, carry, xs = split_by([value.type for value in op.operation.operands], counts)
    ys = [result.type for result in list(op.operation.results)[of_carry:]]
    in_step = [len(consts), len(xs), 1, len(carry), len(ys)]
    counter = hlo.constant(0, tensor_type([], i32()))
    carried = [counter.type, *carry, *ys]

    def runs(arguments: list[Tensor]) -> list[Tensor]:
        return [hlo.compare(arguments[0], "LT", given["length"])]

    def step(arguments: Sequence[Tensor]) -> list[Tensor]:
        consts, xs, (count,), carry, ys = split_by(arguments, in_step)
        following = count + 1
        carry, ys = one_step(functions, given, consts, xs, count, carry, ys)
        return [following, *carry, *ys]

    cond = define(functions, f"{given['callee']}__runs", carried, runs)
    body = define(functions, f"{given['callee']}__counted", [*consts, *xs, *carried], step)
    attributes = {
        "cond": cond.name.value,
        "body": body.name.value,
        "num_cond_consts": 0,
        "num_body_consts": len(consts) + len(xs),
    }
    return attributes, counter, [splat(0, type) for type in ys]
