"""The derivative of `stablehlo.map`: its region, written for one element, is emitted for all at once."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.decomposition import decomposition


@decomposition("stablehlo.map")
def map(op, *xs):
    """Every op of the region is elementwise; one without operands, or from outside, is the same for all
    elements.
    """
    shape = xs[0].shape
    block = op.operation.regions[0].blocks[0]
    *ops, terminator = list(block.operations)
    become: dict[ir.Value, Tensor] = dict(zip(block.arguments, xs, strict=True))
    for inner in ops:
        results = list(inner.operation.results)
        if not inner.operation.operands:
            copies = [Tensor(result) for result in inner.operation.clone().operation.results]
            spread = [hlo.broadcast_in_dim(copy, shape, []) for copy in copies]
        else:
            operands = [become[operand] for operand in inner.operation.operands]
            types = [hlo.tensor_type(shape, result.type.element_type) for result in results]
            spread = hlo.remake(inner, operands, types=types)
        become.update(zip(results, spread, strict=True))
    return [become[value] for value in terminator.operation.operands]
