"""Batching of calls of libraries and of XLA's own targets, by the target's name."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

from stablelift.ir import attr, hlo
from stablelift.ir.callback import CALLBACKS, primitive_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.policy import PLACEMENT
from stablelift.lowering import callbacks
from stablelift.passes.batching.table import batch, batched_types, spread_unmapped

TAKE_BATCHES = (
    "lapack_*_ffi",
    "cusolver_*_ffi",
    "cublas_*_ffi",
    "hipsolver_*_ffi",
    "hipblas_*_ffi",
    "cu_*_ffi",
)
"""Targets whose operands and results may all have further axes in front."""


@batch("stablehlo.custom_call", shared=True)
def custom_call(op, *operands, mapped):
    target = op.call_target_name.value
    size = next(x.shape[0] for x, flag in zip(operands, mapped, strict=True) if flag)
    if any(fnmatch(target, pattern) for pattern in TAKE_BATCHES):
        return _of_library(op, spread_unmapped(size, operands, mapped))
    if target == PLACEMENT:
        return hlo.remake(op, operands, types=batched_types(op, size))
    if target == "ApproxTopK" and not any(mapped[len(mapped) // 2 :]):
        return _approx_top_k(op, size, operands, mapped)
    if target in CALLBACKS:
        return _of_python(op, size, operands, mapped)
    hint = "keep the call out of the mapped function, or load the program with what the target stands for"
    raise error_at(op, f"no batching rule for a call of `{target}`", hint=hint)


def _of_python(op, size, operands, mapped):
    """A Python function on all examples, as JAX maps it."""
    try:
        key = callbacks.batched(op, mapped, size)
    except (NotImplementedError, ValueError) as error:
        what = f"JAX does not map `{primitive_of(op)}`: {str(error).splitlines()[0]}"
        raise error_at(op, what) from None
    return hlo.remake(op, operands, types=batched_types(op, size), backend_config=ir.StringAttr.get(key))


def _approx_top_k(op, size, operands, mapped):
    """The greatest elements along one axis, with what rides along; the second half of the operands starts
    it.
    """
    count = len(operands) // 2
    xs = spread_unmapped(size, operands[:count], mapped[:count])
    settings = {entry.name: entry.attr for entry in op.attributes["mhlo.backend_config"]}
    settings["reduction_dim"] = attr.i64(settings["reduction_dim"].value + 1)
    changed = {"mhlo.backend_config": ir.DictAttr.get(settings)}
    return hlo.remake(op, [*xs, *operands[count:]], types=batched_types(op, size), **changed)


def _of_library(op, operands):
    """The batch is the slowest axis of each layout; a sharding rule, which speaks of the old axes, is
    dropped.
    """
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
    return attr.layout([*(int(axis) + 1 for axis in layout), 0])


def _one_more_batch(attributes):
    """JAX's note to its partitioner of how many leading axes are batches."""
    found = {entry.name: entry.attr for entry in attributes}
    if "num_batch_dims" in found:
        found["num_batch_dims"] = ir.StringAttr.get(str(int(found["num_batch_dims"].value) + 1))
    return ir.DictAttr.get(found)
