"""Batching of linear algebra: matrix functions of the last axes, for whatever stands before them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.passes.batching.table import batch, batched_types

TAKE_BATCHES = ("lapack_*_ffi", "cusolver_*_ffi", "cublas_*_ffi", "hipsolver_*_ffi", "hipblas_*_ffi", "cu_*_ffi")
"""Targets of `custom_call` whose operands and results may all have further axes in front."""


@batch("stablehlo.fft", "stablehlo.cholesky", "stablehlo.triangular_solve")
def over_last_axes(op, *operands):
    return hlo.remake(op, operands, types=batched_types(op, operands[0].shape[0]))


@batch("stablehlo.custom_call")
def custom_call(op, *operands):
    """The batch is the slowest axis of each layout; a sharding rule, which speaks of the old axes, is dropped."""
    target = op.call_target_name.value
    if not any(fnmatch(target, pattern) for pattern in TAKE_BATCHES):
        hint = "keep the call out of the mapped function, or load the program with what the target stands for"
        raise error_at(op, f"no batching rule for a call of `{target}`", hint=hint)
    changed: dict[str, Any] = {
        name: ir.ArrayAttr.get([_behind_batch(layout) for layout in op.attributes[name]])
        for name in ("operand_layouts", "result_layouts")
        if name in op.attributes
    }
    frontend = "mhlo.frontend_attributes"
    if frontend in op.attributes:
        changed[frontend] = _one_more_batch(op.attributes[frontend])
    changed["sdy.sharding_rule"] = None
    types = batched_types(op, operands[0].shape[0])
    return hlo.remake(op, operands, types=types, **changed)


def _behind_batch(layout):
    """A layout, minor axis first, with the batch as the most major one."""
    return hlo.layout([*(int(axis) + 1 for axis in layout), 0])


def _one_more_batch(attributes):
    """JAX's note to its partitioner of how many leading axes are batches."""
    found = {entry.name: entry.attr for entry in attributes}
    if "num_batch_dims" in found:
        found["num_batch_dims"] = ir.StringAttr.get(str(int(found["num_batch_dims"].value) + 1))
    return ir.DictAttr.get(found)
