"""Uses of XLA's own call targets, and of sharding constraints."""

from __future__ import annotations

from jax import lax

from tests.passes.derivatives.other_cases import Case, case, real, unary_module

SHARDING_CALL = """  %d = stablehlo.multiply %x, %x : tensor<4xf64>
  %y = stablehlo.custom_call @Sharding(%d) {mhlo.sharding = "{replicated}"}
    : (tensor<4xf64>) -> tensor<4xf64>"""

CONSTRAINT = """  %d = stablehlo.multiply %x, %x : tensor<4xf64>
  %y = sdy.sharding_constraint %d <@mesh, [{"x"}]> : tensor<4xf64>"""

CUSTOM_CALLS: dict[str, list[Case]] = {
    "sdy.sharding_constraint": [
        case(lambda x: x * x, real(4), module='sdy.mesh @mesh = <["x"=1]>\n' + unary_module(CONSTRAINT))
    ],
    "stablehlo.custom_call": [
        case(lambda x: lax.approx_max_k(x, 3), real(2, 5)),
        case(lambda x: lax.approx_min_k(x, 2, reduction_dimension=0), real(5, 3)),
        case(lambda x: x * x, real(4), module=unary_module(SHARDING_CALL)),
    ],
}
