"""Transformed programs: their derivatives as functions, and the types that they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from stablelift.lowering import gradients, jax_compat
from stablelift.runtime.types import spelled


def forward(function: Callable) -> Callable:
    """`(primals, tangents) -> (outputs, output tangents)` of a function; None for what can carry none."""

    def derivative(primals: Any, tangents: Any) -> Any:
        output, moved = gradients.jvp(function, primals, tangents)
        return output, _without_float0(moved)

    derivative.__name__ = f"{function.__name__}_jvp"
    return derivative


def reverse(function: Callable) -> Callable:
    """`(primals, cotangents) -> (outputs, gradients)` of a function; None for what can carry none."""

    def derivative(primals: Any, cotangents: Any) -> Any:
        output, pullback = gradients.vjp(function, *primals)
        return output, _without_float0(pullback(_with_float0(cotangents, output)))

    derivative.__name__ = f"{function.__name__}_vjp"
    return derivative


def with_axis(aval: jax.ShapeDtypeStruct, axis: int | None, size: int) -> jax.ShapeDtypeStruct:
    """The type with an axis of `size`, where `in_axes` of a map says; itself for None.

    Raises: ValueError if the axis is out of range.
    """
    if axis is None:
        return aval
    shape = list(aval.shape)
    rank = len(shape) + 1
    if not -rank <= axis < rank:
        raise ValueError(f"in_axes: axis {axis} is out of range for {spelled(aval)} with one more axis")
    shape.insert(axis % rank, size)
    return jax.ShapeDtypeStruct(tuple(shape), aval.dtype)


def tangents(tree: Any) -> Any:
    """The types of the tangents of `tree`, None for leaves that can carry none."""

    def tangent(aval: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct | None:
        found = jax_compat.tangent_aval(jax_compat.aval_of(aval))
        return None if found is None else jax.ShapeDtypeStruct(found.shape, found.dtype)

    return jax.tree.map(tangent, tree)


def _is_float0(leaf: Any) -> bool:
    return getattr(leaf, "dtype", None) == jax.dtypes.float0


def _without_float0(tree: Any) -> Any:
    """Tangents with None for the leaves that can carry none."""
    return jax.tree.map(lambda leaf: None if _is_float0(leaf) else leaf, tree)


def _with_float0(cotangents: Any, outputs: Any) -> Any:
    """Cotangents of the outputs' structure, with the float0 leaves that the program's tree leaves out."""
    given = iter(jax.tree.leaves(cotangents))
    return jax.tree.map(
        lambda leaf: next(given) if jax_compat.can_carry_tangent(leaf) else gradients.float0_like(leaf),
        outputs,
    )
