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


def _across(name: Any, groups: Any = None, most: int | None = None) -> dict[str, Any]:
    """The attributes that say across what a collective is: the mapped axes, and groups of positions.

    Raises:
      LiftError: A positional axis is asked for, or groups along more than `most` axes.
    """
    names = list(name) if isinstance(name, (tuple, list)) else [name]
    has_names = all(isinstance(one, str) for one in names)
    if not has_names or (groups is not None and most is not None and len(names) > most):
        place = jax_compat.user_frame()
        in_groups = "" if groups is None else f" with axis_index_groups={groups}"
        raise LiftError(
            f"{place + ': ' if place else ''}error: a collective over {names}{in_groups}\n"
            "  hint: collectives of a lifted map run over axes that have names, in groups along one of them"
        )
    return {"axis_name": names, **({} if groups is None else {"groups": groups})}


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
    return emit(ctx, op, [x], {}, **_across(names, axis_index_groups)) if names else [x]


_REDUCTIONS = {jax_compat.psum_p: jnp.sum, jax_compat.pmax_p: jnp.max, jax_compat.pmin_p: jnp.min}

for _primitive in _REDUCTIONS:
    RULES[_primitive] = functools.partial(_reduction, primitive=_primitive)


@lowers(jax_compat.axis_index_p)
def _axis_index(ctx: Any, *, axis_name: Any) -> list[Any]:
    return emit(ctx, "lift.axis_index", [], {}, **_across(axis_name))


@lowers(jax_compat.all_gather_p)
def _all_gather(
    ctx: Any, x: Any, *, axis_name: Any, all_gather_dimension: int, axis_size: int, tiled: bool, **params: Any
) -> list[Any]:
    across = _across(axis_name, params["axis_index_groups"], most=1)
    several = across["axis_name"]
    if len(several) > 1:
        gather = functools.partial(
            several_axes.all_gather, names=several, dimension=all_gather_dimension, tiled=tiled
        )
        return _composed(ctx, "all_gather", gather, x)
    shape = {"axis_size": axis_size, "dimension": all_gather_dimension, "tiled": tiled}
    return emit(ctx, "lift.all_gather", [x], {}, **across, **shape)


@lowers(jax_compat.ppermute_p)
def _ppermute(ctx: Any, x: Any, *, axis_name: Any, perm: Any, **_: Any) -> list[Any]:
    across = _across(axis_name)
    several = across["axis_name"]
    if len(several) > 1:
        permute = functools.partial(several_axes.ppermute, names=several, permutation=perm)
        return _composed(ctx, "ppermute", permute, x)
    return emit(ctx, "lift.ppermute", [x], {}, permutation=perm, **across)


@lowers(jax_compat.all_to_all_p)
def _all_to_all(
    ctx: Any, x: Any, *, axis_name: Any, split_axis: int, concat_axis: int, **params: Any
) -> list[Any]:
    """JAX adds and removes the axes of an exchange that is not tiled around the primitive, which always is.
    """
    groups = params["axis_index_groups"]
    across = _across(axis_name, groups, most=1)
    several, sizes = across["axis_name"], axis_sizes(ctx)
    axes = {"split_axis": split_axis, "concat_axis": concat_axis}
    if len(several) > 1:
        exchange = functools.partial(several_axes.all_to_all, names=several, sizes=sizes, **axes)
        return _composed(ctx, "all_to_all", exchange, x)
    size = sizes.get(several[0], 1) if groups is None else len(groups[0])
    return emit(ctx, "lift.all_to_all", [x], {}, axis_size=size, tiled=True, **across, **axes)


@lowers(jax_compat.reduce_scatter_p)
def _reduce_scatter(
    ctx: Any, x: Any, *, axis_name: Any, scatter_dimension: int, axis_size: int, tiled: bool, **params: Any
) -> list[Any]:
    groups = params["axis_index_groups"]
    names = _across(axis_name, groups, most=1)["axis_name"]
    shape = {"dimension": scatter_dimension, "size": axis_size, "tiled": tiled}
    scatter = functools.partial(several_axes.psum_scatter, names=names, groups=groups, **shape)
    return _composed(ctx, "reduce_scatter", scatter, x)


def _composed(ctx: Any, name: str, function: Callable[[Any], Any], x: Any) -> list[Any]:
    """A call of a function made of collectives over one axis each."""
    avals = [unweak(ctx.avals_in[0])]
    jaxpr = jax_compat.make_jaxpr(lambda x: [function(x)], avals, list(axis_sizes(ctx).items()))
    return emit(ctx, "lift.call", [x], {"callee": lowered_callee(ctx, name, jaxpr)})
