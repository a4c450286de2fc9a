"""Collectives over the named axes of our maps, as `lift` ops."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LiftError
from stablelift.lowering import jax_compat, several_axes
from stablelift.lowering.table import (
    RULES,
    axis_sizes,
    emit,
    lowered_callee,
    lowers,
    unweak,
)


def _axis_names(name: Any, groups: Any = None) -> dict[str, list[str]]:
    """The attribute that names the mapped axes of a collective.

    Raises:
      LiftError: Groups of positions along an axis, or a positional axis, are asked for.
    """
    names = list(name) if isinstance(name, (tuple, list)) else [name]
    if groups is not None or not all(isinstance(one, str) for one in names):
        place = jax_compat.user_frame()
        raise LiftError(
            f"{place + ': ' if place else ''}"
            f"error: a collective over {names} with axis_index_groups={groups}\n"
            "  hint: collectives of a lifted map run over whole axes that have names"
        )
    return {"axis_name": names}


def _reduction(
    ctx: Any, x: Any, *, primitive: Any, axes: Any, axis_index_groups: Any = None, **_: Any
) -> list[Any]:
    """Over named axes; `jax.vmap` has put the number of its axis in the place of its name."""
    numbers = tuple(axis for axis in axes if isinstance(axis, int))
    names = [axis for axis in axes if not isinstance(axis, int)]
    if numbers:
        reduce = _REDUCTIONS[primitive]
        (x,) = jax_compat.lowered_as(lambda x: [reduce(x, axis=numbers).astype(x.dtype)])(ctx, x)
    op = f"lift.{primitive.name}"
    return emit(ctx, op, [x], {}, **_axis_names(names, axis_index_groups)) if names else [x]


_REDUCTIONS = {jax_compat.psum_p: jnp.sum, jax_compat.pmax_p: jnp.max, jax_compat.pmin_p: jnp.min}

for _primitive in _REDUCTIONS:
    RULES[_primitive] = functools.partial(_reduction, primitive=_primitive)


@lowers(jax_compat.axis_index_p)
def _axis_index(ctx: Any, *, axis_name: Any) -> list[Any]:
    return emit(ctx, "lift.axis_index", [], {}, **_axis_names(axis_name))


@lowers(jax_compat.all_gather_p)
def _all_gather(
    ctx: Any, x: Any, *, axis_name: Any, all_gather_dimension: int, axis_size: int, tiled: bool, **params: Any
) -> list[Any]:
    names = _axis_names(axis_name, params["axis_index_groups"])
    several = names["axis_name"]
    if len(several) > 1:
        gather = functools.partial(
            several_axes.all_gather, names=several, dimension=all_gather_dimension, tiled=tiled
        )
        return _composed(ctx, "all_gather", gather, x)
    shape = {"axis_size": axis_size, "dimension": all_gather_dimension, "tiled": tiled}
    return emit(ctx, "lift.all_gather", [x], {}, **names, **shape)


@lowers(jax_compat.ppermute_p)
def _ppermute(ctx: Any, x: Any, *, axis_name: Any, perm: Any, **_: Any) -> list[Any]:
    names = _axis_names(axis_name)
    several = names["axis_name"]
    if len(several) > 1:
        permute = functools.partial(several_axes.ppermute, names=several, permutation=perm)
        return _composed(ctx, "ppermute", permute, x)
    return emit(ctx, "lift.ppermute", [x], {}, permutation=perm, **names)


@lowers(jax_compat.all_to_all_p)
def _all_to_all(
    ctx: Any, x: Any, *, axis_name: Any, split_axis: int, concat_axis: int, **params: Any
) -> list[Any]:
    """JAX adds and removes the axes of an exchange that is not tiled around the primitive, which always is.
    """
    names = _axis_names(axis_name, params["axis_index_groups"])
    several, sizes = names["axis_name"], axis_sizes(ctx)
    axes = {"split_axis": split_axis, "concat_axis": concat_axis}
    if len(several) > 1:
        exchange = functools.partial(several_axes.all_to_all, names=several, sizes=sizes, **axes)
        return _composed(ctx, "all_to_all", exchange, x)
    size = sizes.get(several[0], 1)
    return emit(ctx, "lift.all_to_all", [x], {}, axis_size=size, tiled=True, **names, **axes)


@lowers(jax_compat.reduce_scatter_p)
def _reduce_scatter(
    ctx: Any, x: Any, *, axis_name: Any, scatter_dimension: int, axis_size: int, tiled: bool, **params: Any
) -> list[Any]:
    names = _axis_names(axis_name, params["axis_index_groups"])["axis_name"]
    scatter = functools.partial(
        several_axes.psum_scatter, names=names, dimension=scatter_dimension, size=axis_size, tiled=tiled
    )
    return _composed(ctx, "reduce_scatter", scatter, x)


def _composed(ctx: Any, name: str, function: Callable[[Any], Any], x: Any) -> list[Any]:
    """A call of a function made of collectives over one axis each."""
    avals = [unweak(ctx.avals_in[0])]
    jaxpr = jax_compat.make_jaxpr(lambda x: [function(x)], avals, list(axis_sizes(ctx).items()))
    return emit(ctx, "lift.call", [x], {"callee": lowered_callee(ctx, name, jaxpr)})
