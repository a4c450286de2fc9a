"""A value of the program being built, with the arithmetic of the field: `1 - y * y` emits three ops.

A `Tensor` is a handle on an SSA value; operators append StableHLO ops at the current insertion point.
Python numbers become splat constants of the other operand's type. There is no broadcasting between tensors:
rules say what they mean.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir.mlir import ir

Number = int | float | complex | bool


class Tensor:
    """An SSA value of ranked tensor type (or any other type, for ops that only hand it on)."""

    __slots__ = ("value",)

    def __init__(self, value: ir.Value):
        self.value = value

    @property
    def type(self) -> Any:
        """The MLIR type, such as `tensor<3x4xf32>`."""
        return self.value.type

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.type.shape)

    @property
    def rank(self) -> int:
        return self.value.type.rank

    @property
    def element_type(self) -> ir.Type:
        return self.value.type.element_type

    def __neg__(self) -> Tensor:
        return emit("stablehlo.negate", self)

    def __add__(self, other: Tensor | Number) -> Tensor:
        return emit("stablehlo.add", self, constant_like(other, self))

    def __radd__(self, other: Number) -> Tensor:
        return emit("stablehlo.add", constant_like(other, self), self)

    def __sub__(self, other: Tensor | Number) -> Tensor:
        return emit("stablehlo.subtract", self, constant_like(other, self))

    def __rsub__(self, other: Number) -> Tensor:
        return emit("stablehlo.subtract", constant_like(other, self), self)

    def __mul__(self, other: Tensor | Number) -> Tensor:
        return emit("stablehlo.multiply", self, constant_like(other, self))

    def __rmul__(self, other: Number) -> Tensor:
        return emit("stablehlo.multiply", constant_like(other, self), self)

    def __truediv__(self, other: Tensor | Number) -> Tensor:
        return emit("stablehlo.divide", self, constant_like(other, self))

    def __rtruediv__(self, other: Number) -> Tensor:
        return emit("stablehlo.divide", constant_like(other, self), self)

    def __repr__(self) -> str:
        return f"Tensor({self.value.type})"


def emit(name: str, *operands: Tensor, attributes: dict[str, Any] | None = None, type: Any = None) -> Tensor:
    """Append the one-result op `name` here; its result type is inferred unless `type` gives it."""
    return Tensor(
        ir.Operation.create(
            name,
            results=None if type is None else [type],
            operands=[operand.value for operand in operands],
            attributes=attributes,
            infer_type=type is None,
        ).result
    )


def constant_like(number: Tensor | Number, like: Tensor) -> Tensor:
    """`number` as a splat constant of `like`'s type; a tensor is returned as it is."""
    return number if isinstance(number, Tensor) else splat(number, like.value.type)


def splat(number: Number, type: Any) -> Tensor:
    """A constant of ranked tensor `type` with `number` in every element."""
    element = type.element_type
    if isinstance(element, ir.ComplexType):
        # jaxlib 0.10's bindings cannot hold a complex dense attribute: build the constant from its parts.
        part = ir.RankedTensorType.get(type.shape, element.element_type)
        value = complex(number)
        return emit("stablehlo.complex", splat(value.real, part), splat(value.imag, part))
    scalar = (
        ir.IntegerAttr.get(element, int(number.real))
        if isinstance(element, ir.IntegerType)
        else ir.FloatAttr.get(element, float(number.real))
    )
    value = ir.DenseElementsAttr.get_splat(type, scalar)
    return Tensor(
        ir.Operation.create("stablehlo.constant", results=[type], attributes={"value": value}).result
    )
