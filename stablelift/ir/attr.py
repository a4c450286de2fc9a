"""The attributes of StableHLO ops, made of Python values and read as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import ir
from stablelift.ir.types import tensor_type


def i64(value: int) -> ir.IntegerAttr:
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value)


def i64s(values: Sequence[int]) -> ir.DenseI64ArrayAttr:
    return ir.DenseI64ArrayAttr.get(list(values))


def ints(values: Any) -> list[int]:
    """What an array attribute holds; to iterate over one costs many times as much, for its end is a C++
    exception.
    """
    return [values[index] for index in range(len(values))]


def rows(dense: Any) -> list[list[int]]:
    """A dense attribute of two axes, such as `padding`, as lists."""
    columns = dense.type.shape[1]
    flat = [int(value) for value in dense]
    return [flat[start : start + columns] for start in range(0, len(flat), columns)]


def matrix(rows: Sequence[Sequence[int]]) -> ir.DenseElementsAttr:
    """Lists of equal length as a dense attribute of two axes."""
    flat = [ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value) for row in rows for value in row]
    return ir.DenseElementsAttr.get(flat, tensor_type([len(rows), len(rows[0])], flat[0].type))


def layout(minor_to_major: Sequence[int]) -> ir.DenseElementsAttr:
    """The layout of an operand of a `custom_call`: its axes, the fastest first."""
    element = ir.IndexType.get()
    axes = [ir.IntegerAttr.get(element, axis) for axis in minor_to_major]
    return ir.DenseElementsAttr.get(axes, tensor_type([len(axes)], element))


def boolean(value: bool) -> ir.BoolAttr:
    return ir.BoolAttr.get(value)


def literal(constant: Any) -> Any:
    """What a `stablehlo.constant` holds, equal for equal constants: its attribute, or the text of a complex
    one, which jaxlib 0.10 cannot read.
    """
    type = constant.results[0].type
    if isinstance(type.element_type, ir.ComplexType):
        return str(constant).partition(" = ")[2]
    return constant.attributes["value"]
