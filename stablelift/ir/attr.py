"""The attributes of StableHLO ops, made of Python values and read as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import types
from stablelift.ir.mlir import ir
from stablelift.ir.types import tensor_type


def i64(value: int) -> ir.IntegerAttr:
    return ir.IntegerAttr.get(types.i64(), value)


def i64s(values: Sequence[int]) -> ir.DenseI64ArrayAttr:
    return ir.DenseI64ArrayAttr.get(list(values))


def ints(values: Any) -> list[int]:
    """What an array attribute holds; to iterate over one costs many times as much, for its end is a C++
    exception.
    """
    return [values[index] for index in range(len(values))]


def rows(attribute: Any) -> list[list[int]]:
    """A dense attribute of two axes, such as `padding`, as lists."""
    columns = attribute.type.shape[1]
    flat = [int(value) for value in attribute]
    return [flat[start : start + columns] for start in range(0, len(flat), columns)]


def matrix(values: Sequence[Sequence[int]]) -> ir.Attribute:
    """Lists of equal length as a dense attribute of two axes; no lists are of pairs."""
    columns = len(values[0]) if values else 2
    flat = [value for row in values for value in row]
    return dense(flat, tensor_type([len(values), columns], types.i64()))


def dense(values: Sequence[int], type: Any) -> ir.Attribute:
    """Integers, in row-major order, as the elements of a tensor type."""
    if not values:
        return ir.Attribute.parse(f"dense<> : {type}")  # jaxlib makes none of an empty list
    return ir.DenseElementsAttr.get([ir.IntegerAttr.get(type.element_type, one) for one in values], type)


def layout(minor_to_major: Sequence[int]) -> ir.Attribute:
    """The layout of an operand of a `custom_call`: its axes, the fastest first."""
    return dense(minor_to_major, tensor_type([len(minor_to_major)], ir.IndexType.get()))


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
