"""Batching of random bits: each example's come from its own state, in a loop over the examples."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import Signature
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import Mapped, all_results, batch_structure, results_mapped
from stablelift.passes.structure import define, lift_op

results_mapped("stablehlo.rng_bit_generator")(all_results)


@batch_structure("stablehlo.rng_bit_generator")
def rng_bit_generator(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """The generator advances one state: a scan draws for each, as `jax.vmap` does."""
    types = [result.type for result in op.operation.results]
    state = op.operation.operands[0].type
    one = define(batcher.functions, "draw", [state], lambda states: hlo.remake(op, states, types=types))
    name = one.name.value
    return lift_op(
        "lift.scan",
        operands,
        {name: Signature([state], types)},
        callee=name,
        num_consts=0,
        num_carry=0,
        length=batcher.size,
        reverse=False,
        unroll=1,
        in_axes=[0],
        out_axes=[0] * len(types),
    )
