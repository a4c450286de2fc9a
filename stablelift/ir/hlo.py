"""The ops that rules build with, as functions of tensors: StableHLO under its own names.

Each function appends one op at the current insertion point and returns its result. Axes, permutations and
sizes are Python sequences. `remake` is the general form: the same op on other operands, with every
attribute carried through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir import attr
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Number, Tensor, emit, splat
from stablelift.ir.types import i32, tensor_type


def _unary(name: str) -> Callable[[Tensor], Tensor]:
    def build(x: Tensor) -> Tensor:
        return emit(name, x)

    return build


def _binary(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    def build(x: Tensor, y: Tensor) -> Tensor:
        return emit(name, x, y)

    return build


abs = _unary("stablehlo.abs")
complex = _binary("stablehlo.complex")
cosh = _unary("chlo.cosh")
cosine = _unary("stablehlo.cosine")
digamma = _unary("chlo.digamma")
exponential = _unary("stablehlo.exponential")
floor = _unary("stablehlo.floor")
imag = _unary("stablehlo.imag")
log = _unary("stablehlo.log")
logical_and = _binary("stablehlo.and")
logical_or = _binary("stablehlo.or")
maximum = _binary("stablehlo.maximum")
minimum = _binary("stablehlo.minimum")
polygamma = _binary("chlo.polygamma")
power = _binary("stablehlo.power")
real = _unary("stablehlo.real")
rsqrt = _unary("stablehlo.rsqrt")
sign = _unary("stablehlo.sign")
sine = _unary("stablehlo.sine")
sinh = _unary("chlo.sinh")
zeta = _binary("chlo.zeta")


def constant(number: Number, type: Any) -> Tensor:
    """`number` in every element of a tensor of `type`."""
    return splat(number, type)


def vector(values: Sequence[int], element: ir.Type) -> Tensor:
    """Integers as a constant of one axis."""
    type = tensor_type([len(values)], element)
    return emit("stablehlo.constant", attributes={"value": attr.dense(values, type)}, type=type)


def zeros_like(x: Tensor) -> Tensor:
    return splat(0, x.type)


def is_zero(value: ir.Value) -> bool:
    """Whether it is a constant, not complex, of zeros."""
    op = made_by(Tensor(value), "stablehlo.constant")
    attribute = None if op is None or is_complex(Tensor(value)) else op.attributes["value"]
    if not isinstance(attribute, ir.DenseElementsAttr) or not attribute.is_splat:
        return False
    scalar: Any = attribute.get_splat_value()
    return scalar.value == 0


def is_complex(x: Tensor) -> bool:
    return isinstance(x.element_type, ir.ComplexType)


def is_inexact(type: Any) -> bool:
    """Whether a value of `type` can carry a tangent: a tensor of floating-point or complex numbers."""
    if not isinstance(type, ir.RankedTensorType):
        return False
    return not isinstance(type.element_type, (ir.IntegerType, ir.IndexType))


def epsilon(element: ir.Type) -> float:
    """The distance from 1 to the next number of a floating-point element type."""
    mantissa_bits = {"f64": 52, "f32": 23, "f16": 10, "bf16": 7}
    return 2.0 ** -mantissa_bits[str(element)]


def compare(x: Tensor, direction: str, y: Tensor | Number) -> Tensor:
    """`x DIRECTION y` elementwise, as i1; directions are EQ, NE, LT, LE, GT, GE. NaN compares unequal."""
    if not isinstance(y, Tensor):
        y = _number(y, x)
    attributes = {"comparison_direction": stablehlo.ComparisonDirectionAttr.get(direction)}
    return emit("stablehlo.compare", x, y, attributes=attributes)


def _number(value: Number, like: Tensor) -> Tensor:
    """The number in every element of a tensor like another one, whose sizes need not be known."""
    if like.type.has_static_shape:
        return splat(value, like.type)
    return broadcast_in_dim(splat(value, tensor_type([], like.element_type)), like.shape, [], like)


def select(predicate: Tensor, on_true: Tensor, on_false: Tensor) -> Tensor:
    return emit("stablehlo.select", predicate, on_true, on_false)


def convert(x: Tensor, element: ir.Type) -> Tensor:
    """`x` with elements of type `element`; `x` itself when it has them already."""
    if x.element_type == element:
        return x
    return emit("stablehlo.convert", x, type=tensor_type(x.shape, element))


def reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """`x` with its elements, in row-major order, in `shape`; `x` itself when it has that shape already.

    The size of axis 0 may be unknown, and stays.
    """
    type = x.type
    if type.shape == list(shape):
        return x
    result = tensor_type(shape, type.element_type)
    if result.has_static_shape:
        return emit("stablehlo.reshape", x, type=result)
    assert type.is_dynamic_dim(0) and all(size >= 0 for size in shape[1:]), "another size is not known"
    first = reshape(size_of(x, 0), [1])
    wanted = concatenate([first, vector(shape[1:], i32())], 0) if len(shape) > 1 else first
    return emit("stablehlo.dynamic_reshape", x, wanted, type=result)


def transpose(x: Tensor, permutation: Sequence[int]) -> Tensor:
    """Axis `i` of the result is axis `permutation[i]` of `x`; `x` itself for the identity."""
    if list(permutation) == list(range(len(permutation))):
        return x
    return emit("stablehlo.transpose", x, attributes={"permutation": attr.i64s(permutation)})


def move_axis(x: Tensor, source: int, destination: int) -> Tensor:
    """`x` with axis `source` at position `destination`, the others in their order."""
    order = [axis for axis in range(x.rank) if axis != source]
    order.insert(destination, source)
    return transpose(x, order)


def broadcast_in_dim(
    x: Tensor, shape: Sequence[int], dimensions: Sequence[int], like: Tensor | None = None
) -> Tensor:
    """`x` repeated to `shape`: its axis `i` becomes axis `dimensions[i]`; `x` itself when nothing changes.

    A size that is not known is that of the axis of `x`, or of the same axis of `like`.
    """
    type = x.type
    if type.shape == list(shape) and list(dimensions) == list(range(len(shape))):
        return x
    attributes = {"broadcast_dimensions": attr.i64s(dimensions)}
    result = tensor_type(shape, type.element_type)
    if result.has_static_shape:
        return emit("stablehlo.broadcast_in_dim", x, attributes=attributes, type=result)
    of = {axis: (x, own) for own, axis in enumerate(dimensions) if type.is_dynamic_dim(own)}
    sizes: list[Tensor] = []
    for axis, size in enumerate(shape):
        if not result.is_dynamic_dim(axis):
            sizes.append(vector([size], i32()))
            continue
        source, own = of.get(axis, (like, axis))
        assert source is not None, "a size that nothing has"
        sizes.append(reshape(size_of(source, own), [1]))
    wanted = concatenate(sizes, 0)
    return emit("stablehlo.dynamic_broadcast_in_dim", x, wanted, attributes=attributes, type=result)


def size_of(x: Tensor, axis: int) -> Tensor:
    """The size of an axis, which need not be known, as tensor<i32>."""
    attributes = {"dimension": attr.i64(axis)}
    return emit("stablehlo.get_dimension_size", x, attributes=attributes, type=tensor_type([], i32()))


def slice(
    x: Tensor, start: Sequence[int], limit: Sequence[int], strides: Sequence[int] | None = None
) -> Tensor:
    """Elements `start`, `start + stride`, ... below `limit` of each axis; `x` itself when that is all of
    them.
    """
    strides = [1] * x.rank if strides is None else strides
    if x.shape == tuple(limit) and not any(start) and all(stride == 1 for stride in strides):
        return x
    attributes = {"start_indices": start, "limit_indices": limit, "strides": strides}
    return emit("stablehlo.slice", x, attributes={name: attr.i64s(of) for name, of in attributes.items()})


def slice_axis(x: Tensor, axis: int, start: int, limit: int) -> Tensor:
    """Elements `start` to `limit` of one axis, all of the others."""
    starts, limits = [0] * x.rank, list(x.shape)
    starts[axis], limits[axis] = start, limit
    return slice(x, starts, limits)


def pad(
    x: Tensor, low: Sequence[int], high: Sequence[int], interior: Sequence[int], value: Tensor | Number = 0
) -> Tensor:
    """`x` with `low` and `high` elements of `value` around it, and `interior` between neighbours;
    negative trims. `x` itself when nothing changes.
    """
    if not any(low) and not any(high) and not any(interior):
        return x
    value = value if isinstance(value, Tensor) else splat(value, tensor_type([], x.element_type))
    attributes = {
        "edge_padding_low": attr.i64s(low),
        "edge_padding_high": attr.i64s(high),
        "interior_padding": attr.i64s(interior),
    }
    return emit("stablehlo.pad", x, value, attributes=attributes)


def concatenate(xs: Sequence[Tensor], axis: int) -> Tensor:
    return emit("stablehlo.concatenate", *xs, attributes={"dimension": attr.i64(axis)})


def iota(shape: Sequence[int], axis: int, element: ir.Type) -> Tensor:
    """0, 1, 2, ... along `axis`, repeated along the others."""
    attributes = {"iota_dimension": attr.i64(axis)}
    return emit("stablehlo.iota", attributes=attributes, type=tensor_type(shape, element))


def reverse(x: Tensor, axes: Sequence[int]) -> Tensor:
    return emit("stablehlo.reverse", x, attributes={"dimensions": attr.i64s(axes)})


def dynamic_slice(x: Tensor, start: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    return emit("stablehlo.dynamic_slice", x, *start, attributes={"slice_sizes": attr.i64s(sizes)})


def dynamic_update_slice(x: Tensor, update: Tensor, start: Sequence[Tensor]) -> Tensor:
    return emit("stablehlo.dynamic_update_slice", x, update, *start)


def remake(
    op: Any, operands: Sequence[Tensor], *, types: Sequence[Any] | None = None, **changed: Any
) -> list[Tensor]:
    """The same op on other operands: regions and attributes carried through, but for the `changed`
    attributes, of which those changed to None are left out.

    Result types are inferred, or given by `types` (needed for ops with regions and those StableHLO does not
    infer).
    """
    operation = op.operation
    if len(operation.regions):
        clone = operation.clone()
        for index, operand in enumerate(operands):
            clone.operands[index] = operand.value
        for result, type in zip(clone.results, types or (), strict=bool(types)):
            result.set_type(type)
        for name, attribute in changed.items():
            if attribute is not None:
                clone.attributes[name] = attribute
            elif name in clone.attributes:
                del clone.attributes[name]
        return [Tensor(result) for result in clone.results]
    attributes = {name: operation.attributes[name] for name in operation.attributes} | changed
    new = ir.Operation.create(
        operation.name,
        results=types,
        operands=[operand.value for operand in operands],
        attributes={name: attribute for name, attribute in attributes.items() if attribute is not None},
        infer_type=types is None,
    )
    return [Tensor(result) for result in new.results]


def conj(x: Tensor) -> Tensor:
    """The complex conjugate; a real `x` itself."""
    return emit("chlo.conj", x) if is_complex(x) else x


def index(value: int) -> Tensor:
    """A position as tensor<i32>."""
    return splat(value, tensor_type([], i32()))


def made_by(x: Tensor, name: str) -> Any | None:
    """The op that made `x` where it is a `name`; None for any other op, and for an argument."""
    owner = x.value.owner
    return owner if not isinstance(owner, ir.Block) and owner.name == name else None


def larger_splat(x: Tensor, shape: Sequence[int]) -> Tensor | None:
    """The constant of `shape` with the one number that the constant `x` holds; None where `x` is not one."""
    # jaxlib 0.10 cannot read complex attributes.
    op = None if is_complex(x) else made_by(x, "stablehlo.constant")
    value = None if op is None else op.attributes["value"]
    type = tensor_type(shape, x.element_type)
    if not isinstance(value, ir.DenseElementsAttr) or not value.is_splat or not type.has_static_shape:
        return None
    larger = ir.DenseElementsAttr.get_splat(type, value.get_splat_value())
    return emit("stablehlo.constant", attributes={"value": larger}, type=type)
