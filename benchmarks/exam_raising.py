"""JAX's harnesses with loops in them: lowered by plain JAX, raised by `lift-raise`, and run again.

    make exam-raising

A harness is asked when the module that plain JAX makes of it holds a `stablehlo.while`. Where its jaxpr holds
no `while`, every loop must be a `lift.scan` again, and nothing that it reads or writes at its counter may be
left unstacked; the raised module, tidied, hoisted and fused, must give JAX's values.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
from common.comparison import Question
from common.exam import NotApplicable, run

from stablelift.errors import LiftError
from stablelift.passes.pipeline import LOOPS, run_text
from stablelift.runtime.load import load_bytes

RAISE = ("lift-raise", "symbol-dce", *LOOPS)

ALLOWED = {
    name: "its lowering loops until it has converged"
    for name in ("igamma", "regularized_incomplete_beta", "random_gamma", "random_beta", "bessel")
}
"""By the beginning of a harness's name, why it is not expected to pass."""


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Question]:
    """Whether the harness's loops are raised and still compute the same."""
    try:
        args = harness.dyn_args_maker(np.random.RandomState(0))
        theirs = partial(_arrays_of, harness.dyn_fun)
        text = jax.jit(theirs, keep_unused=True).lower(*args).as_text()
    except Exception as error:
        raise NotApplicable(f"JAX: {type(error).__name__}") from None
    if "stablehlo.while" not in text:
        return
    until = "while[" in str(jax.make_jaxpr(harness.dyn_fun)(*args))
    yield Question(f"{harness.fullname}, raised", partial(_raised, text, until), theirs, tuple(args))


def _arrays_of(function: Any, *args: Any) -> list[Any]:
    """The flat results, keys as their data."""
    found = jax.tree.leaves(function(*args))
    keys = [jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.extended) for leaf in found]
    return [jax.random.key_data(leaf) if is_key else leaf for leaf, is_key in zip(found, keys, strict=True)]


def _raised(text: str, until: bool, *args: Any) -> list[Any]:
    """The results of the raised module.

    Raises: LiftError if a loop is left that was to be raised; a loop `until` something happens may be.
    """
    found, timing = run_text(text, ",".join(RAISE))
    remarks = [each for each in timing.remarks if each.by == "lift-raise"]
    refused = [str(each) for each in remarks if each.what.startswith(("left", "kept"))]
    if not until and (refused or "lift.while" in found):
        raise LiftError("; ".join(refused) or "a loop is left, and no remark says why")
    return jax.tree.leaves(load_bytes(found.encode(), "<raised>").bind(*jax.tree.leaves(args)))


if __name__ == "__main__":
    sys.exit(run("Raising: loops of JAX's harnesses", questions, ALLOWED))
