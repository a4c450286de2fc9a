"""Ops of `shape`, `tensor`, `arith` and `index`, which compute with sizes, as ops of StableHLO.

    %n = tensor.dim %x, %c1 : tensor<2x?xf32>
    %m = tensor.from_elements %c6, %n : tensor<2xindex>
      ==>   %n = stablehlo.get_dimension_size %x, dim = 1; %m = stablehlo.concatenate ...

A scalar becomes a tensor without axes, an index an i64, a shape a vector of them. What witnesses that shapes
fit each other is dropped: if they do not, refinement says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stablelift.ir import hlo
from stablelift.ir.mlir import func, ir, is_used, walk
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i64, tensor_type
from stablelift.passes.adopt.resources import WEIGHT
from stablelift.passes.adopt.splice import splice

DIALECTS = ("shape", "tensor", "arith", "index")
"""The dialects in which other producers compute with sizes."""

_Rule = Callable[..., Tensor | None]
"""(op, *operands) -> its result; None where it has none that StableHLO could have."""


def translate_extents(function: func.FuncOp) -> None:
    """Write the ops of `DIALECTS` in a function as StableHLO, those that there is a rule for."""
    for op in walk(function, "shape.assuming"):
        splice(op, op.regions[0].blocks[0])
    translated: dict[ir.Value, Tensor] = {}
    foreign: list[Any] = []
    for op in walk(function):
        with ir.InsertionPoint(op), op.location:
            if op.name.split(".", 1)[0] not in DIALECTS:
                _hand_over(op, translated)
                continue
            foreign.append(op)
            result = _translated(op, translated)
        if result is not None:
            translated[op.results[0]] = result
    for op in reversed(foreign):
        if not any(is_used(result) for result in op.results):
            op.erase()


def _translated(op: Any, translated: Mapping[ir.Value, Tensor]) -> Tensor | None:
    rule = RULES.get(op.name)
    operands = [translated.get(value) or Tensor(value) for value in op.operands]
    if rule is None or not all(isinstance(one.type, ir.RankedTensorType) for one in operands):
        return None
    try:
        return rule(op, *operands)
    except (ValueError, TypeError, IndexError, AttributeError, ir.MLIRError):  # malformed, and not verified
        return None


def _hand_over(op: Any, translated: Mapping[ir.Value, Tensor]) -> None:
    for index, operand in enumerate(op.operands):
        if (tensor := translated.get(operand)) is not None:
            element = operand.type.element_type
            is_index = isinstance(element, ir.IndexType)
            op.operands[index] = tensor.value if is_index else hlo.convert(tensor, element).value


# Rules


def _element(type: Any) -> ir.Type:
    """The element type that stands for a scalar type, or for that of a tensor."""
    element = getattr(type, "element_type", type)
    is_number = isinstance(element, ir.IntegerType | ir.FloatType)
    return element if is_number else i64()  # of `index`, and of `!shape.size`


def _constant(op: Any) -> Tensor:
    value, type = op.attributes["value"], op.results[0].type
    if not isinstance(type, ir.RankedTensorType):
        return hlo.constant(value.value, tensor_type([], _element(type)))
    if isinstance(type.element_type, ir.IndexType):
        return hlo.reshape(hlo.vector(np.array(value).reshape(-1).tolist(), i64()), type.shape)
    notes = {note: op.attributes[note] for note in (WEIGHT,) if note in op.attributes}
    return emit("stablehlo.constant", attributes={"value": value, **notes}, type=type)


def _const_shape(op: Any) -> Tensor:
    return hlo.vector(np.array(op.attributes["shape"]).tolist(), i64())


def _size(x: Tensor, axis: int) -> Tensor:
    """The size of an axis, as an i64."""
    return hlo.convert(hlo.size_of(x, axis), i64())


def _dim(_: Any, x: Tensor, axis: Tensor) -> Tensor | None:
    number = _known(axis)
    return None if number is None else _size(x, number)


def _known(x: Tensor) -> int | None:
    made_by = hlo.made_by(x, "stablehlo.constant")
    return None if made_by is None else int(np.array(made_by.attributes["value"]))


def _stacked(xs: list[Tensor]) -> Tensor:
    """Scalars as a vector."""
    if not xs:
        return hlo.vector([], i64())
    return hlo.concatenate([hlo.reshape(x, [1]) for x in xs], 0)


def _shape_of(_: Any, x: Tensor) -> Tensor:
    return _stacked([_size(x, axis) for axis in range(x.rank)])


def _from_elements(op: Any, *xs: Tensor) -> Tensor:
    return hlo.reshape(_stacked(list(xs)), op.results[0].type.shape)


def _broadcast(_: Any, *shapes: Tensor) -> Tensor:
    """Shapes are aligned at their ends, and a size of 1 gives way to any other."""
    rank = max(shape.shape[0] for shape in shapes)
    first, *others = [_extended(shape, rank) for shape in shapes]
    for other in others:
        first = hlo.select(hlo.compare(first, "EQ", 1), other, first)
    return first


def _extended(shape: Tensor, rank: int) -> Tensor:
    """A shape with ones in front."""
    missing = rank - shape.shape[0]
    return hlo.concatenate([hlo.vector([1] * missing, i64()), shape], 0) if missing else shape


def _extract(_: Any, x: Tensor, *position: Tensor) -> Tensor:
    return hlo.reshape(hlo.dynamic_slice(x, position, [1] * x.rank), [])


def _get_extent(_: Any, shape: Tensor, axis: Tensor) -> Tensor:
    return hlo.reshape(hlo.dynamic_slice(shape, [axis], [1]), [])


def _num_elements(_: Any, shape: Tensor) -> Tensor:
    sizes = [hlo.reshape(hlo.slice_axis(shape, 0, axis, axis + 1), []) for axis in range(shape.shape[0])]
    return math.prod(sizes, start=hlo.constant(1, tensor_type([], i64())))  # type: ignore[call-overload]


def _cast(op: Any, x: Tensor) -> Tensor:
    return hlo.convert(x, _element(op.results[0].type))


def _same(_: Any, x: Tensor) -> Tensor:
    return x


def _compare(op: Any, x: Tensor, y: Tensor) -> Tensor:
    """By the number that `arith.cmpi` has for each; sizes are not negative, signed or not."""
    directions = ("EQ", "NE", "LT", "LE", "GT", "GE", "LT", "LE", "GT", "GE")
    return hlo.compare(x, directions[op.attributes["predicate"].value], y)


def _binary(name: str) -> _Rule:
    return lambda _, x, y: emit(f"stablehlo.{name}", x, y)


_CASTS = "index_cast index_castui extsi extui trunci sitofp uitofp fptosi fptoui extf truncf"

_BINARY = {
    "addi": "add", "subi": "subtract", "muli": "multiply", "divsi": "divide", "divui": "divide",
    "floordivsi": "divide", "remsi": "remainder", "remui": "remainder", "maxsi": "maximum",
    "maxui": "maximum", "minsi": "minimum", "minui": "minimum", "andi": "and", "ori": "or", "xori": "xor",
    "addf": "add", "subf": "subtract", "mulf": "multiply", "divf": "divide", "maximumf": "maximum",
    "minimumf": "minimum",
}  # fmt: skip

RULES: dict[str, _Rule] = {
    "arith.constant": _constant,
    "index.constant": _constant,
    "shape.const_size": _constant,
    "shape.const_shape": _const_shape,
    "shape.shape_of": _shape_of,
    "shape.broadcast": _broadcast,
    "shape.num_elements": _num_elements,
    "shape.get_extent": _get_extent,
    "shape.rank": lambda _, shape: hlo.constant(shape.shape[0], tensor_type([], i64())),
    "shape.concat": lambda _, x, y: hlo.concatenate([x, y], 0),
    "shape.from_extents": lambda _, *sizes: _stacked(list(sizes)),
    "tensor.dim": _dim,
    "tensor.from_elements": _from_elements,
    "tensor.extract": _extract,
    "arith.select": lambda _, where, x, y: hlo.select(where, x, y),
    "arith.cmpi": _compare,
    "arith.ceildivsi": lambda _, x, y: (x + (y - 1)) / y,
    "arith.ceildivui": lambda _, x, y: (x + (y - 1)) / y,
    **dict.fromkeys((f"arith.{name}" for name in _CASTS.split()), _cast),
    **{f"arith.{name}": _binary(ours) for name, ours in _BINARY.items()},
    **dict.fromkeys(
        (
            "tensor.cast", "shape.to_extent_tensor", "shape.from_extent_tensor", "shape.size_to_index",
            "shape.index_to_size", "shape.value_as_shape",
        ),
        _same,
    ),
}  # fmt: skip
