"""Every op that jaxlib registers in StableHLO and CHLO, and every `lift` op: with a derivative rule, or here
with the reason why not.
"""

from __future__ import annotations

from types import ModuleType

import pytest

from stablelift.ir.lift import LIFT_OPS
from stablelift.ir.mlir import chlo, stablehlo
from stablelift.passes.callgraph import TRANSFORMS
from stablelift.passes.derivatives.table import derivatives
from stablelift.passes.legalize import LEGALIZED
from stablelift.passes.raising import RAISED

LEFT_OUT = {
    "chlo._asin_acos_kernel": "a step of XLA's own expansion of asin and acos: no program holds it",
    "chlo.scan": "nothing emits it yet, and XLA does not run it",
    "stablehlo.async_done": "differentiate the computation, and make it asynchronous afterwards",
    "stablehlo.async_start": "differentiate the computation, and make it asynchronous afterwards",
    "stablehlo.collective_reduce": "of StableHLO 1.14; nothing emits it yet",
    "stablehlo.infeed": "what it reads depends on no argument",
    "stablehlo.outfeed": "it returns a token, which carries no tangent",
    "stablehlo.recv": "what it receives depends on no argument of this program",
    "stablehlo.return": "ends a region, which the rule of its op reads",
    "stablehlo.send": "it returns a token, which carries no tangent",
    "stablehlo.set_dimension_size": "a tensor of another size at run time; rules need static shapes",
    "stablehlo.tuple": "lift-legalize gives what it holds to those who take it out",
    "stablehlo.uniform_dequantize": "quantised numbers have no tangents; jaxlib does not read their types",
    "stablehlo.uniform_quantize": "quantised numbers have no tangents; jaxlib does not read their types",
}
"""Ops without a rule, and why."""


def registered(dialect: ModuleType) -> set[str]:
    return {found.OPERATION_NAME for found in vars(dialect).values() if hasattr(found, "OPERATION_NAME")}


@pytest.mark.parametrize("dialect", [stablehlo, chlo])
def test_every_registered_op(dialect: ModuleType):
    assert registered(dialect) - {*derivatives, *LEGALIZED, *RAISED} <= set(LEFT_OUT)


def test_no_op_is_explained_twice():
    assert not set(derivatives) & {*RAISED, *LEFT_OUT}


def test_every_lift_op():
    """Transforms are eliminated innermost first: no pass meets one in a function that it differentiates."""
    assert set(LIFT_OPS) - set(derivatives) == set(TRANSFORMS)
