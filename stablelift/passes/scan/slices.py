"""Slices of sums and products of a loop's body, taken before instead of behind them.

    slice(add(dot(x_t, w), b))   ==>   add(dot(x_t, slice(w)), slice(b))

The gates of a recurrent cell are slices of one product, or of one sum. Its input projection then leaves the
loop gate by gate, and XLA:CPU reads one stacked array for each gate much faster than slices of one that is
stacked. Only what is used for nothing but slices is treated: a product that leaves the loop, or a sum with
such a term.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract, labels
from stablelift.ir.mlir import ir, is_used
from stablelift.ir.tensor import Tensor
from stablelift.passes.scan.loop import Loop

_SUMS = ("stablehlo.add", "stablehlo.subtract")


def take_slices_first(loop: Loop, leaving: Sequence[ir.Operation]) -> list[ir.Operation]:
    """Move slices up through sums to the products that are about to leave the loop; those that leave now."""
    products = {op.results[0]: op for op in leaving}
    for op in reversed(loop.operations):
        value = op.results[0] if op.results else None
        if value is None or value in loop.returned or not _has_term(value, products):
            continue
        users = [use.owner.operation for use in value.uses]
        if users and all(user.name == "stablehlo.slice" for user in users):
            for user in users:
                with ir.InsertionPoint(user), user.location:
                    loop.replace(user.results[0], _sliced(loop, user.opview, value, products).value)
    return [op for value, op in products.items() if is_used(value) or value in loop.returned]


def _has_term(value: ir.Value, products: dict[ir.Value, ir.Operation]) -> bool:
    if value in products:
        return True
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.name not in _SUMS:
        return False
    return any(_has_term(operand, products) for operand in owner.operands)


def _sliced(loop: Loop, slice: Any, value: ir.Value, products: dict[ir.Value, ir.Operation]) -> Tensor:
    """`slice` of `value` instead of its operand, emitted here."""
    owner = value.owner
    if isinstance(owner, ir.Block):
        return hlo.remake(slice, [Tensor(value)])[0]
    if owner.name in _SUMS:
        operands = [_sliced(loop, slice, operand, products) for operand in owner.operands]
        return hlo.remake(owner.opview, operands)[0]
    if value in products and owner.name == "stablehlo.dot_general":
        factors = _sliced_factors(loop, slice, owner.opview)
        if factors is not None:
            left, right, out = labels(owner.opview)
            element = value.type.element_type
            x, y = factors
            product = contract(x, left, y, right, to=out, like=owner.opview, element=element)
            products[product.value] = product.value.owner.operation  # type: ignore[union-attr]
            return product
    return hlo.remake(slice, [Tensor(value)])[0]


def _sliced_factors(loop: Loop, slice: Any, product: Any) -> list[Tensor] | None:
    """The factors of a product, with the axes sliced that become axes of the result; None where that is not
    done to constants of the loop alone.
    """
    consts = [part.inside for part in loop.consts]
    left, right, out = labels(product)
    bounds = zip(slice.start_indices, slice.limit_indices, slice.strides, strict=True)
    of_label = dict(zip(out, bounds, strict=True))
    factors = []
    for value, own in ((product.lhs, left), (product.rhs, right)):
        ranges = [
            of_label.get(label, (0, size, 1)) for label, size in zip(own, value.type.shape, strict=True)
        ]
        sliced = hlo.slice(Tensor(value), *(list(each) for each in zip(*ranges, strict=True)))
        if sliced.value != value and value not in consts:
            return None
        factors.append(sliced)
    return factors
