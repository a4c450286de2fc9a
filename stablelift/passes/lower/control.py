"""Loops and branches as `stablehlo.while` and `stablehlo.case`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import here, ir
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.counted import one_step
from stablelift.passes.lower.buffers import initial_stacks
from stablelift.passes.lower.table import lowers
from stablelift.passes.module import Functions, call


def _tensors(values: Any) -> list[Tensor]:
    return [Tensor(value) for value in values]


def _return(values: Sequence[Tensor]) -> None:
    ir.Operation.create("stablehlo.return", operands=[value.value for value in values])


def _while(carry: Sequence[Tensor]) -> tuple[Any, list[Tensor], list[Tensor]]:
    """An open `stablehlo.while`; the op, and its carry as its condition and its body see it."""
    types = [value.type for value in carry]
    op = ir.Operation.create(
        "stablehlo.while", results=types, operands=[value.value for value in carry], regions=2
    )
    blocks = [region.blocks.append(*types, arg_locs=[here()] * len(types)) for region in op.regions]
    return op, _tensors(blocks[0].arguments), _tensors(blocks[1].arguments)


@lowers("lift.while")
def lower_while(functions: Functions, op: Any) -> list[Tensor]:
    attributes = attributes_of(op)
    of_cond, of_body = attributes["num_cond_consts"], attributes["num_body_consts"]
    operands = _tensors(op.operation.operands)
    cond_consts, body_consts = operands[:of_cond], operands[of_cond : of_cond + of_body]
    loop, in_cond, in_body = _while(operands[of_cond + of_body :])
    with ir.InsertionPoint(loop.regions[0].blocks[0]):
        _return(call(functions[attributes["cond"]], [*cond_consts, *in_cond]))
    with ir.InsertionPoint(loop.regions[1].blocks[0]):
        _return(call(functions[attributes["body"]], [*body_consts, *in_body]))
    return _tensors(loop.results)


@lowers("lift.switch")
def lower_switch(functions: Functions, op: Any) -> list[Tensor]:
    """`case` takes its last branch for an index out of range, so a negative one is clamped to the first."""
    branches = attributes_of(op)["branches"]
    index, *operands = _tensors(op.operation.operands)
    if len(branches) == 1:
        return call(functions[branches[0]], operands)
    clamped = hlo.maximum(index, hlo.zeros_like(index))
    types = [result.type for result in op.operation.results]
    case = ir.Operation.create(
        "stablehlo.case", results=types, operands=[clamped.value], regions=len(branches)
    )
    for region, branch in zip(case.regions, branches, strict=True):
        with ir.InsertionPoint(region.blocks.append()):
            _return(call(functions[branch], operands))
    return _tensors(case.results)


@lowers("lift.scan")
def lower_scan(functions: Functions, op: Any) -> list[Tensor]:
    """A counted loop: the counter, the carry and the stacked results are carried; the rest is read from
    outside.
    """
    attributes = attributes_of(op)
    num_consts, num_carry = attributes["num_consts"], attributes["num_carry"]
    length, unroll = attributes["length"], attributes["unroll"]
    operands = _tensors(op.operation.operands)
    consts, carry, xs = split_by(operands, [num_consts, num_carry, len(attributes["in_axes"])])
    index_type = tensor_type([], i32())

    def step(count: Tensor, carry: list[Tensor], ys: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        return one_step(functions, attributes, consts, xs, count, carry, ys)

    ys = initial_stacks(op.operation, [result.type for result in list(op.operation.results)[num_carry:]])
    counter = hlo.constant(0, index_type)
    if unroll >= length:
        for position in range(length):
            carry, ys = step(hlo.constant(position, index_type), carry, ys)
        return [*carry, *ys]
    whole = length - length % unroll
    loop, in_cond, in_body = _while([counter, *carry, *ys])
    with ir.InsertionPoint(loop.regions[0].blocks[0]):
        _return([hlo.compare(in_cond[0], "LT", whole)])
    with ir.InsertionPoint(loop.regions[1].blocks[0]):
        position, carry, ys = in_body[0], in_body[1 : num_carry + 1], in_body[num_carry + 1 :]
        for _ in range(unroll):
            carry, ys = step(position, carry, ys)
            position = position + 1
        _return([position, *carry, *ys])
    results = _tensors(loop.results)
    carry, ys = results[1 : num_carry + 1], results[num_carry + 1 :]
    for position in range(whole, length):
        carry, ys = step(hlo.constant(position, index_type), carry, ys)
    return [*carry, *ys]
