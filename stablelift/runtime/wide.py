"""64-bit types at the boundary of a program, where JAX has them turned off.

The program computes with them whatever JAX's mode is. What it takes may be narrower, and is widened; what it
returns is narrowed, and a number that does not fit is an error. In a trace, where no number can be looked at,
floating-point results overflow to infinity, and 64-bit integers are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.errors import LiftError
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import as_array
from stablelift.lowering.widths import NARROWER
from stablelift.runtime.types import spelled

if TYPE_CHECKING:
    from stablelift.runtime.program import Program

_HINT = 'turn on 64-bit types: jax.config.update("jax_enable_x64", True)'


def call(function: Callable, program: Program, args: Any) -> Any:
    """The results of `function`, which runs `program`, on narrower arguments.

    Raises:
      LiftError: A result does not fit its narrower type.
      TypeError: A result is a 64-bit integer, in a trace.
    """
    leaves, tree = jax.tree.flatten(args)
    with jax.enable_x64(True):
        if tree == program.in_tree:
            leaves = [_widened(leaf, aval) for leaf, aval in zip(leaves, program.in_avals, strict=True)]
        results, out_tree = jax.tree.flatten(function(*jax.tree.unflatten(tree, leaves)))
        narrow = [_narrowed(one, f"{program.name}: result {index}") for index, one in enumerate(results)]
    return jax.tree.unflatten(out_tree, narrow)


def _widened(leaf: Any, aval: Any) -> Any:
    try:
        array = as_array(leaf)
    except TypeError:  # the call says so in its own words
        return leaf
    return array.astype(aval.dtype) if NARROWER.get(aval.dtype) == array.dtype else array


def _narrowed(result: Any, where: str) -> Any:
    narrower = NARROWER.get(result.dtype)
    if narrower is None:
        return result
    if jax_compat.is_tracer(result):
        if jnp.issubdtype(narrower, jnp.integer):
            raise TypeError(f"{where} is {spelled(result)}, which may not fit in a trace\n  hint: {_HINT}")
        return result.astype(narrower)
    narrow, fits = _checked(result, narrower)
    if not fits:
        what = f"{where}: its numbers do not fit in {narrower.name}"
        raise LiftError(f"{what}\n  hint: {_HINT}")
    return narrow


def _narrow(x: jax.Array, dtype: np.dtype) -> tuple[jax.Array, jax.Array]:
    narrow = x.astype(dtype)
    if jnp.issubdtype(dtype, jnp.integer):
        return narrow, jnp.all(narrow.astype(x.dtype) == x)
    return narrow, jnp.all(jnp.isfinite(narrow) | ~jnp.isfinite(x))


_checked = jax.jit(_narrow, static_argnums=1)
