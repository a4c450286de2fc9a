"""Constants that are weights as arguments of the program, so that it can be differentiated by them.

    func.func @main(%x) { %w = stablehlo.constant dense<[...]>; ... }   ==>   func.func @main(%x, %w) { ... }

A weight is floating-point and either a resource of the file, which has a name, or an array of more than
`SMALL` numbers which are not all the same. Of the latter equal ones are one argument. Calls are inlined, so
that each weight stands in the entry point; those of functions that lifts call stay constants.
"""

from __future__ import annotations

import math
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import functions, ir, walk
from stablelift.passes.adopt.resources import WEIGHT
from stablelift.passes.inline import Inline, InlineOnce
from stablelift.passes.module import body_of, retype

SMALL = 16
"""The size up to which an array is taken for a constant of the computation."""


def weights_as_arguments(module: ir.Module) -> dict[str, ir.DenseElementsAttr]:
    """Make arguments of the weights of `@main`, behind the others and in the order of their names.

    Returns what each of them was.
    """
    Inline().run(module)
    InlineOnce().run(module)
    main = functions(module)["main"]
    unnamed: dict[ir.Attribute, str] = {}
    uses: dict[str, list[Any]] = {}
    for op in walk(main, "stablehlo.constant"):
        if _is_weight(op):
            same = uses.setdefault(_name(op, unnamed), [])
            if not same or same[0].results[0].type == op.results[0].type:
                same.append(op)
    weights: dict[str, Any] = {name: uses[name][0].attributes["value"] for name in sorted(uses)}
    for name, value in weights.items():
        argument = body_of(main).add_argument(value.type, uses[name][0].location)
        for op in uses[name]:
            op.results[0].replace_all_uses_with(argument)
            op.erase()
    retype(main, list(list(body_of(main).operations)[-1].operands))
    if weights and "arg_attrs" in main.attributes:
        del main.attributes["arg_attrs"]
    return weights


def _is_weight(op: Any) -> bool:
    type = op.results[0].type
    if not hlo.is_inexact(type) or isinstance(type.element_type, ir.ComplexType):
        return False
    value = op.attributes["value"]
    return WEIGHT in op.attributes or (math.prod(type.shape) > SMALL and not value.is_splat)


def _name(op: Any, unnamed: dict[ir.Attribute, str]) -> str:
    """The name of the resource, or one for the value."""
    if WEIGHT in op.attributes:
        return op.attributes[WEIGHT].value
    return unnamed.setdefault(op.attributes["value"], f"constant_{len(unnamed):03d}")
