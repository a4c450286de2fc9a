"""Batching of what each device of a mesh runs: the batch is an axis in front, which all have whole."""

from __future__ import annotations

from typing import Any

from stablelift.ir.mesh import MANUAL
from stablelift.ir.tensor import Tensor
from stablelift.passes import manual
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import Mapped, batch_structure, results_mapped
from stablelift.passes.manual import Spec


@results_mapped(MANUAL)
def manual_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return list(batcher.results_mapped(manual.outlined(batcher.functions, op).name.value, mapped))


@batch_structure(MANUAL)
def batch_manual(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    this, name = manual.read(batcher.functions, op), manual.outlined(batcher.functions, op).name.value
    function = batcher.functions[batcher.batch(name, mapped)]
    inputs = _with_batch(this.inputs, mapped)
    outputs = _with_batch(this.outputs, batcher.results_mapped(name, mapped))
    return manual.make(this, operands, function, inputs, outputs)


def _with_batch(specs: tuple[Spec, ...], mapped: Mapped) -> list[Spec]:
    return [((), *spec) if is_mapped else spec for spec, is_mapped in zip(specs, mapped, strict=True)]
