"""Cotangents that are joined by their maximum where others are added: those of an element type that says so.

Such a type is lowered to that of its numbers, so functions note which of their results are of it. What a
derivative rule gets from a function that notes it, or from a loop or branches of such functions, are
`Maximum`s, whose sum is their maximum; a function that returns them notes it in turn. The numbers are
magnitudes: zero leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.maxima import note, noted
from stablelift.ir.mlir import func
from stablelift.ir.tensor import Number, Tensor
from stablelift.passes import module, structure
from stablelift.passes.module import Functions


class Maximum(Tensor):
    """A cotangent whose sum with others is their maximum."""

    __slots__ = ()

    def __add__(self, other: Tensor | Number) -> Tensor:
        assert isinstance(other, Tensor)
        return Maximum(hlo.maximum(self, other).value)

    __radd__ = __add__  # which Python asks first where a plain tensor stands on the left


def marked(results: Sequence[Tensor], positions: set[int]) -> list[Tensor]:
    """The results, those at some positions as maxima."""
    return [Maximum(x.value) if index in positions else x for index, x in enumerate(results)]


def positions_in(results: Sequence[Tensor | None]) -> list[int]:
    """Where maxima stand."""
    return [index for index, x in enumerate(results) if isinstance(x, Maximum)]


def call(function: func.FuncOp, operands: Sequence[Tensor]) -> list[Tensor]:
    """As `module.call`, with the maxima among its results."""
    return marked(module.call(function, operands), noted(function))


def define(
    functions: Functions, wanted: str, inputs: Sequence[Any], body: Callable[[list[Tensor]], Sequence[Tensor]]
) -> func.FuncOp:
    """As `structure.define`; the function notes the maxima among its results."""
    found: list[int] = []

    def observed(arguments: list[Tensor]) -> Sequence[Tensor]:
        results = body(arguments)
        found.extend(positions_in(results))
        return results

    function = structure.define(functions, wanted, inputs, observed)
    note(function, found)
    return function
