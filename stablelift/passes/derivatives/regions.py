"""Regions written for single elements, emitted for whole tensors: `map`, and reductions by any region.

A reduction is a tree: neighbours are combined until one is left. The depth is logarithmic, the work that of
the reduction, and each level is a few elementwise ops, whose rules are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import LIFT_OPS, Signature, attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.region import returned
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.lowering import foreign
from stablelift.passes.batching.foreign import by_rule_of_jax
from stablelift.passes.derivatives.decomposition import by_decomposition
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import derivatives
from stablelift.passes.module import body_of
from stablelift.passes.structure import call_typed, define, remake_lift


def for_all(derive: Derive, block: Any, xs: Sequence[Tensor]) -> list[Tensor]:
    """What the block returns for each element of `xs`, tensors of one shape in the place of its arguments."""
    shape = xs[0].shape
    become: dict[ir.Value, Tensor] = dict(zip(block.arguments, xs, strict=True))

    def tensor(value: ir.Value, user: Any) -> Tensor:
        if value not in become:  # a constant that was hoisted out of the region
            become[value] = _spread_constant(value, shape, user)
        return become[value]

    for inner in list(block.operations)[:-1]:
        results = list(inner.operation.results)
        if any(result.type.rank for result in results):
            raise error_at(inner, "no derivative rule for a region with more than single elements")
        if inner.operation.operands:
            operands = [tensor(each, inner) for each in inner.operation.operands]
            found = _op_for_all(derive, inner, operands, shape)
        else:
            found = [_spread_constant(result, shape, inner) for result in results]
        become.update(zip(results, found, strict=True))
    return [tensor(value, block.owner) for value in returned(block)]


def _spread_constant(value: ir.Value, shape: Sequence[int], user: Any) -> Tensor:
    owner: Any = value.owner
    if isinstance(owner, ir.Block) or owner.operands:
        raise error_at(user, "no derivative rule for a region that uses values from outside of it")
    (copy,) = owner.clone().results
    return hlo.broadcast_in_dim(Tensor(copy), shape, [])


def _op_for_all(derive: Derive, op: Any, xs: list[Tensor], shape: Sequence[int]) -> list[Tensor]:
    """An elementwise op on tensors; calls and user rules with their functions for all elements."""
    operation = op.operation
    if operation.name == "func.call":
        name, signature = _function_for_all(derive, operation.attributes["callee"].value, shape)
        return call_typed(name, xs, signature.results)
    if operation.name == "lift.foreign" and foreign.known(attributes_of(op).get("key")):
        return _foreign_for_all(derive, op, xs, shape)
    if operation.name in LIFT_OPS and LIFT_OPS[operation.name].callees:
        attributes = attributes_of(op)
        callees = {key: attributes[key] for key in LIFT_OPS[operation.name].callees}
        if not all(isinstance(each, str) for each in callees.values()) or "num_carry" in attributes:
            raise error_at(op, f"no derivative rule for a region with a `{operation.name}`")
        spread = {key: _function_for_all(derive, each, shape) for key, each in callees.items()}
        names = {key: name for key, (name, _) in spread.items()}
        signatures = dict(spread.values())
        return remake_lift(op, xs, signatures, **names)
    if operation.regions:
        raise error_at(op, f"no derivative rule for a region with a `{operation.name}`")
    types = [tensor_type(shape, result.type.element_type) for result in operation.results]
    return hlo.remake(op, xs, types=types)


def _foreign_for_all(derive: Derive, op: Any, xs: list[Tensor], shape: Sequence[int]) -> list[Tensor]:
    """An opaque primitive, mapped over all elements by JAX's rule."""
    size = math.prod(shape)
    lines = [hlo.reshape(x, [size]) for x in xs]
    found = by_rule_of_jax(derive.functions, op, lines, [True] * len(xs), size)
    return [hlo.reshape(x, shape) for x in found]


def _function_for_all(derive: Derive, name: str, shape: Sequence[int]) -> tuple[str, Signature]:
    """`@name`, a function of single elements, for all elements of tensors; made once for a shape.

    A user's rule may call itself, so the types are known before the function is.
    """
    wanted = f"{name}__all_{'x'.join(map(str, shape))}"
    single = signature_of(derive.functions[name])
    inputs, results = (
        [tensor_type(shape, type.element_type) for type in types]
        for types in (single.inputs, single.results)
    )
    if wanted not in derive.functions.by_name:
        block = body_of(derive.functions[name])
        define(derive.functions, wanted, inputs, lambda xs: for_all(derive, block, xs))
    return wanted, Signature(inputs, results)


derivatives.enter(
    "stablehlo.map",
    by_decomposition(lambda derive, op, *xs: for_all(derive, op.operation.regions[0].blocks[0], xs)),
)


def reduced(
    derive: Derive, block: Any, xs: Sequence[Tensor], initial: Sequence[Tensor], axes: Sequence[int]
) -> list[Tensor]:
    """`xs`, tensors of one shape, reduced over `axes` by the block; the scalars `initial` come first."""
    kept = [axis for axis in range(xs[0].rank) if axis not in axes]
    shape = [xs[0].shape[axis] for axis in kept]
    size = math.prod(xs[0].shape[axis] for axis in axes)
    lines = [hlo.reshape(hlo.transpose(x, [*sorted(axes), *kept]), [size, *shape]) for x in xs]
    starts = [hlo.broadcast_in_dim(start, shape, []) for start in initial]
    if size == 0:
        return starts
    while size > 1:
        even = size - size % 2
        firsts, seconds = ([_every_second(x, start, even) for x in lines] for start in (0, 1))
        pairs = for_all(derive, block, [*firsts, *seconds])
        if size > even:
            rest = [hlo.slice_axis(x, 0, even, size) for x in lines]
            pairs = [hlo.concatenate([x, last], 0) for x, last in zip(pairs, rest, strict=True)]
        lines, size = pairs, size - even // 2
    return for_all(derive, block, [*starts, *(hlo.reshape(x, shape) for x in lines)])


def _every_second(x: Tensor, start: int, limit: int) -> Tensor:
    rest = x.rank - 1
    return hlo.slice(x, [start, *[0] * rest], [limit, *x.shape[1:]], [2, *[1] * rest])
