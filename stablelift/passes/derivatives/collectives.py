"""Derivatives of collectives over mapped axes: linear exchanges, each with its transpose over all positions.

A sum that everybody gets is its own transpose, since every position's cotangent counts: as JAX has it. One
that is known to be the same for all (`lift.psum_invariant`) has one cotangent, each position's own
(`lift.pvary`); and the other way around.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of, places_in
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import pick
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import (
    LinearMap,
    Tangents,
    jvp,
    locally_constant,
    operands_of,
    results_of,
    transposition,
    vjp,
)
from stablelift.passes.structure import lift_op, remake_lift

locally_constant("lift.axis_index")


def _over(name: str, op: Any, xs: Sequence[Tensor]) -> list[Tensor]:
    """The collective `name` of `xs` across what `op` is."""
    attributes = attributes_of(op)
    across = {key: attributes[key] for key in ("axis_name", "groups") if key in attributes}
    return lift_op(name, xs, {}, **across)


def _sum(op: Any, *xs: Tensor) -> list[Tensor]:
    return _over("lift.psum", op, xs)


# Reductions ---------------------------------------------------------------------------------------


_TRANSPOSES = {
    "lift.psum": "lift.psum",
    "lift.psum_invariant": "lift.pvary",
    "lift.pvary": "lift.psum_invariant",
}


@jvp(*_TRANSPOSES)
def psum_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    return _of_present(op.operation.name, op, tangents)


@vjp(*_TRANSPOSES)
def psum_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    return _of_present(_TRANSPOSES[op.operation.name], op, cotangents)


def _of_present(name: str, op: Any, values: Tangents) -> Tangents:
    """The collective `name` of the values that are there."""
    found = present(values)
    return place(_over(name, op, pick(values, found)), found, len(values))


@jvp("lift.pmax", "lift.pmin")
def pmax_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    maps = _choices(op, tangents)
    return [t if t is None else choice.apply(t) for choice, t in zip(maps, tangents, strict=True)]


@vjp("lift.pmax", "lift.pmin")
def pmax_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    maps = _choices(op, cotangents)
    return [ct if ct is None else choice.transpose(ct) for choice, ct in zip(maps, cotangents, strict=True)]


def _choices(op: Any, asked: Tangents) -> list[Any]:
    """The maps of the operands asked for: positions whose value is the result share it evenly, as in
    `reduce` (JAX has no rule).
    """

    def choice(x: Tensor, y: Tensor) -> LinearMap:
        chosen = hlo.convert(hlo.compare(x, "EQ", y), x.element_type)
        share = chosen / _sum(op, chosen)[0]
        return LinearMap(lambda t: _sum(op, t * share)[0], lambda ct: _sum(op, ct)[0] * share)

    pairs = zip(operands_of(op), results_of(op), asked, strict=True)
    return [None if each is None else choice(x, y) for x, y, each in pairs]


# Movement -----------------------------------------------------------------------------------------


@transposition("lift.all_gather")
def all_gather(op, ct):
    """Each position takes the sum, over all of them, of the cotangents of what it gave."""
    x, axis = Tensor(op.operation.operands[0]), attributes_of(op)["dimension"]
    position = _place(op)
    width = x.shape[axis] if attributes_of(op)["tiled"] else 1
    starts = [position * width if each == axis else hlo.zeros_like(position) for each in range(ct.rank)]
    sizes = [width if each == axis else size for each, size in enumerate(ct.shape)]
    return hlo.reshape(hlo.dynamic_slice(_sum(op, ct)[0], starts, sizes), x.shape)


def _place(op: Any) -> Tensor:
    """The position along the axes of `op`, in its group if there are any."""
    attributes = attributes_of(op)
    (position,) = lift_op("lift.axis_index", [], {}, axis_name=attributes["axis_name"])
    if "groups" not in attributes:
        return position
    places = hlo.vector(places_in(attributes["groups"]), position.element_type)
    return hlo.reshape(hlo.dynamic_slice(places, [position], [1]), [])


@transposition("lift.ppermute")
def ppermute(op, ct):
    back = [(target, source) for source, target in attributes_of(op)["permutation"]]
    return remake_lift(op, [ct], {}, permutation=back)[0]


@transposition("lift.all_to_all")
def all_to_all(op, ct):
    attributes = attributes_of(op)
    back = {"split_axis": attributes["concat_axis"], "concat_axis": attributes["split_axis"]}
    return remake_lift(op, [ct], {}, **back)[0]
