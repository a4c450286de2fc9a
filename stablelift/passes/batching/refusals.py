"""Ops that cannot be batched, and why. All others that hold a mapped value have a rule in this folder."""

from __future__ import annotations

from stablelift.passes.batching.table import batching

batching.refuse(
    "what leaves the program does so in one order, which the examples do not have; take it out of the mapped "
    "function",
    "stablehlo.outfeed",
    "stablehlo.send",
)
batching.refuse(
    "batch the computation, and make it asynchronous afterwards",
    "stablehlo.async_start",
    "stablehlo.async_done",
)
batching.refuse(
    "examples of different sizes do not fit into one tensor; pad them to a common size",
    "stablehlo.set_dimension_size",
)
batching.refuse(
    "its sizes are not constants, so that its shape may differ from example to example; make them constants",
    "stablehlo.dynamic_conv",
    "stablehlo.dynamic_iota",
)
batching.refuse(
    "run lift-legalize before; it leaves a letter that occurs twice in one operand, and an ellipsis",
    "stablehlo.einsum",
)
batching.refuse(
    "run lift-raise before; it leaves loops and branches that carry tokens or tuples",
    "stablehlo.case",
    "stablehlo.if",
    "stablehlo.while",
)
batching.refuse(
    "jaxlib does not read quantised types; dequantise the program before it is loaded",
    "stablehlo.uniform_dequantize",
    "stablehlo.uniform_quantize",
)
