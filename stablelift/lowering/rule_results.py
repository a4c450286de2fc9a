"""What users' derivative rules return, made flat and checked."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.errors import location_of
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, avals_of, flat_arrays, name_of
from stablelift.lowering.gradients import float0_like


def reason_of(name: str, error: Exception) -> str:
    """Why a function has no derivative: the error that its rule ended in."""
    place = location_of(error)
    text = f"{type(error).__name__}{f' at {place}' if place else ''}: {error}"
    return f"the derivative rule of `{name}` ended in an error\n{textwrap.indent(text, '  ')}"


def carrying(avals: Sequence[Any]) -> list[Any]:
    """The abstract values of the tangents, where there can be one."""
    return [aval for aval in map(jax_compat.tangent_aval, avals) if aval is not None]


def completed(tangents: Sequence[Any], avals: Sequence[Any]) -> list[Any]:
    """A tangent for each value; `float0` where it can carry none."""
    given = iter(tangents)
    return [float0_like(a) if jax_compat.tangent_aval(a) is None else next(given) for a in avals]


def residual_tree_of(primal: Callee, fwd: Callee) -> Any:
    children = fwd.out_tree.children()
    if len(children) != 2:
        raise TypeError(
            f"custom_vjp: expected `{fwd.name}` to return (output, residuals), found {fwd.out_tree}"
        )
    _require_output("custom_vjp", fwd.name, primal, children[0], fwd.out_avals)
    return children[1]


def _require_output(kind: str, rule: str, primal: Callee, tree: Any, avals: Sequence[Any]) -> None:
    """A rule's output is that of the function: same structure, shapes and dtypes."""
    what = f"{kind}: expected `{rule}` to return the output of `{primal.name}`"
    if tree != primal.out_tree:
        raise TypeError(f"{what}, of structure {primal.out_tree}, found {tree}")
    for mine, other in zip(primal.out_avals, avals, strict=False):
        if (mine.shape, mine.dtype) != (other.shape, other.dtype):
            raise TypeError(f"{what}, {mine.str_short()}, found {other.str_short()}")


def gradient_leaves(backward: Callable, found: Any, args: Sequence[Any]) -> list[Any]:
    """What a backward function returned, a leaf for each input that can carry a tangent; None is zero."""
    what = f"custom_vjp: expected `{name_of(backward)}` to return"
    if not isinstance(found, tuple | list) or len(found) != len(args):
        spelled = f"{len(found)} of them" if isinstance(found, tuple | list) else type(found).__name__
        raise TypeError(f"{what} a tuple of gradients, one for each of {len(args)} arguments, "
            f"found {spelled}")
    leaves: list[Any] = []
    for number, (gradient, arg) in enumerate(zip(found, args, strict=True)):
        arrays, tree = flat_arrays(arg)
        leaves += _fitting(f"{what} as gradient of argument {number}", gradient, avals_of(arrays), tree)
    return leaves


def pair_leaves(rule: Callable, primal: Callee, found: Any) -> list[Any]:
    """What a forward rule returned: the leaves of the output, and of its tangent where there can be one."""
    what = f"custom_jvp: expected `{name_of(rule)}` to return"
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise TypeError(f"{what} (output, tangent), found {type(found).__name__}")
    outputs, tree = flat_arrays(found[0])
    _require_output("custom_jvp", name_of(rule), primal, tree, avals_of(outputs))
    return [*outputs, *_fitting(f"{what} as tangent", found[1], primal.out_avals, primal.out_tree)]


def _fitting(what: str, tangent: Any, avals: Sequence[Any], tree: Any) -> list[Any]:
    """The leaves of a tangent that belong to values which can carry one; None, of a leaf or all, is zero."""
    if tangent is None:
        tangent = tree.unflatten([None] * tree.num_leaves)
    try:  # None stands for zero, or for a None of the tree
        leaves = tree.flatten_up_to(tangent)
    except ValueError:
        found = jax.tree.structure(tangent, is_leaf=lambda leaf: leaf is None)
        raise TypeError(f"{what} a tree {tree}, found {found}") from None
    if not jax.tree_util.all_leaves(leaf for leaf in leaves if leaf is not None):
        raise TypeError(f"{what} a tree {tree}, found {jax.tree.structure(tangent)}")
    fitting = []
    for leaf, aval in zip(leaves, avals, strict=True):
        wanted = jax_compat.tangent_aval(aval)
        if wanted is None:
            continue
        value = jnp.zeros(wanted.shape, wanted.dtype) if leaf is None else jnp.asarray(leaf, wanted.dtype)
        if value.shape != wanted.shape:
            raise TypeError(f"{what} {wanted.str_short()}, found shape {value.shape}")
        fitting.append(value)
    return fitting
