"""Values of functions where tangents reach them: where users' rules are in them, these give their results.

It is what JAX has beside a derivative. A `lift.jvp` that is asked for no tangents stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee
from stablelift.lowering.rule_search import holds_rules


def reached(callee: Callee, arrays: Sequence[Any], wrt: Sequence[int]) -> list[Any]:
    """The results of a traced function as they are where tangents reach its arguments `wrt`."""
    if not holds_rules(callee.jaxpr) or not wrt:
        return callee.bind("lift.call", arrays, callee.out_avals)
    moving = (jax_compat.tangent_aval(jax_compat.aval_of(arrays[index])) for index in wrt)
    nowhere = [jnp.zeros(aval.shape, aval.dtype) for aval in moving if aval is not None]
    operands = [*arrays, *nowhere]
    return callee.bind("lift.jvp", operands, callee.out_avals, wrt=callee.shifted(wrt), of=())
