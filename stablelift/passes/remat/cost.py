"""What recomputing an op costs, in bytes of memory traffic that take as long.

The figures are for a core that moves about ten bytes in the time of a dozen additions: coarse, and enough to
tell a reshape from an addition, an addition from an exponential, and all three from a product of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.region import used_by
from stablelift.ir.types import element_count
from stablelift.passes.callgraph import FunctionsByName, Measured, callees
from stablelift.passes.remat.cut import EXPENSIVE

SAVING = 2
"""A saved byte is written once and read once."""

_FREE = 0.0
_ARITHMETIC = 0.5
_DIVISION = 2.0
_TRANSCENDENTAL = 4.0

_PER_ELEMENT: dict[str, float] = {
    **dict.fromkeys(
        (
            "lift.name",
            "lift.stop_gradient",
            "stablehlo.bitcast_convert",
            "stablehlo.broadcast_in_dim",
            "stablehlo.constant",
            "stablehlo.convert",
            "stablehlo.iota",
            "stablehlo.optimization_barrier",
            "stablehlo.reshape",
            "stablehlo.slice",
            "stablehlo.transpose",
        ),
        _FREE,
    ),
    **dict.fromkeys(
        ("stablehlo.divide", "stablehlo.remainder", "stablehlo.rsqrt", "stablehlo.sqrt"), _DIVISION
    ),
    **dict.fromkeys(
        (
            "stablehlo.atan2",
            "stablehlo.cbrt",
            "stablehlo.cosine",
            "stablehlo.exponential",
            "stablehlo.exponential_minus_one",
            "stablehlo.log",
            "stablehlo.log_plus_one",
            "stablehlo.logistic",
            "stablehlo.power",
            "stablehlo.sine",
            "stablehlo.tan",
            "stablehlo.tanh",
        ),
        _TRANSCENDENTAL,
    ),
    "lift.threefry2x32": 60 * _ARITHMETIC,
}
"""What one element of the result takes; arithmetic where nothing is said."""


_PER_PRODUCT = 0.4
"""What a multiplication and an addition of a contraction take."""

_MOVED = 8.0
"""What an element that is read or written at a computed place takes."""


def recomputing(op: ir.Operation, of: Callable[[str], float] | None = None) -> float:
    """What one more run of the op costs, what it reads left aside; `of` says so of what it refers to."""
    if of is not None and op.name not in _PER_ELEMENT and (called := callees(op)):
        return _runs(op) * max(map(of, called))
    if op.name in ("stablehlo.dot_general", "stablehlo.convolution"):
        return _PER_PRODUCT * _products(op)
    if op.name in EXPENSIVE:
        return _MOVED * sum(map(_elements, [*op.operands, *op.results]))
    if op.name.startswith("chlo."):
        each = _TRANSCENDENTAL
    else:
        each = _PER_ELEMENT.get(op.name, _ARITHMETIC)
    if len(op.regions):  # a reduction goes through its operands
        return each * sum(map(_elements, used_by(op)))
    return each * sum(map(_elements, op.results))


def flops(op: ir.Operation, of: Callable[[str], int] | None = None) -> int:
    """The additions and multiplications of one run of the op, or what else it does to each element."""
    if of is not None and (called := callees(op)):
        return _runs(op) * max(map(of, called))
    if op.name in ("stablehlo.dot_general", "stablehlo.convolution"):
        return 2 * _products(op)
    return sum(map(_elements, used_by(op) if len(op.regions) else op.results)) if recomputing(op) else 0


def of_functions(functions: FunctionsByName, measure: Callable[..., Any]) -> Measured[Any]:
    """What the ops of a function take together, by `recomputing` or by `flops`."""

    def total(name: str) -> Any:
        return sum(measure(op.operation, totals) for op in functions[name].regions[0].blocks[0].operations)

    totals: Measured[Any] = Measured(functions, total, 0)
    return totals


def _runs(op: ir.Operation) -> int:
    """How often a loop runs its body, at most; 1 for what is no loop."""
    if op.name not in ("lift.scan", "lift.while"):
        return 1
    return attributes_of(op).get("length" if op.name == "lift.scan" else "max_trip_count") or 1


def _products(op: ir.Operation) -> int:
    """The multiplications of a contraction or a convolution."""
    lhs, rhs = (operand.type for operand in op.operands)
    results = element_count(op.results[0].type)
    if op.name == "stablehlo.convolution":
        kernel: Any = stablehlo.ConvDimensionNumbers(op.attributes["dimension_numbers"])
        return results * element_count(rhs) // max(1, rhs.shape[kernel.kernel_output_feature_dimension])
    numbers: Any = stablehlo.DotDimensionNumbers(op.attributes["dot_dimension_numbers"])
    return results * math.prod(lhs.shape[axis] for axis in numbers.lhs_contracting_dimensions)


def _elements(value: Any) -> int:
    return element_count(value.type) if isinstance(value.type, ir.RankedTensorType) else 0
