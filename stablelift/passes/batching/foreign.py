"""Batching of opaque JAX primitives, by JAX's own rule for the primitive (the foreign-rule fallback).

The batched primitive has a key of its own, so it can be differentiated in turn. An op that has lost its
primitive (it came from a file) is batched like a call, through the library calls it consists of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.lift import attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.tensor import Tensor
from stablelift.lowering import foreign
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.calls import batch_call, call_results_mapped
from stablelift.passes.batching.table import Mapped, batch_structure, results_mapped
from stablelift.passes.module import Functions
from stablelift.passes.structure import remake_lift


def _known(op: Any) -> bool:
    return foreign.known(attributes_of(op).get("key"))


@results_mapped("lift.foreign")
def foreign_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    if _known(op):
        return [True] * len(op.operation.results)
    return call_results_mapped(batcher, op, mapped)


@batch_structure("lift.foreign")
def batch_foreign(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    if not _known(op):
        return batch_call(batcher, op, operands, mapped)
    return by_rule_of_jax(batcher.functions, op, operands, mapped, batcher.size)


def by_rule_of_jax(
    functions: Functions, op: Any, operands: Sequence[Tensor], mapped: Mapped, size: int
) -> list[Tensor]:
    """The primitive of a `lift.foreign` on operands of which the `mapped` ones carry the batch.

    Raises:
      LiftError: JAX has no rule for it.
    """
    attributes = attributes_of(op)
    try:
        key, rule = foreign.batched(attributes["key"], mapped, size)
    except NotImplementedError as error:
        what = f"JAX has no batching rule for `{attributes['primitive']}`: {str(error).splitlines()[0]}"
        raise error_at(op, what) from None
    function = functions.link(rule, f"{attributes['primitive']}__vmap")
    name = function.name.value
    return remake_lift(op, operands, {name: signature_of(function)}, callee=name, key=key)
