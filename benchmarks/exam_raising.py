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
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jax
import numpy as np
from common.exam import Verdict, answered, close, reference, run

from stablelift.passes.pipeline import CLEAN, LOOPS, run_text
from tests.support import run_module

RAISE = ("lift-raise", "symbol-dce", *LOOPS)

ALLOWED = {
    name: "its lowering loops until it has converged"
    for name in ("igamma", "regularized_incomplete_beta", "random_gamma", "random_beta", "bessel")
}
"""By the beginning of a harness's name, why it is not expected to pass."""


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Verdict]:
    """Whether the harness's loops are raised, and whether they still compute the same."""
    try:
        args = harness.dyn_args_maker(np.random.RandomState(0))
        text = jax.jit(harness.dyn_fun).lower(*args).as_text()
    except Exception:
        return
    if "stablehlo.while" in text:
        yield answered(f"{harness.fullname}, raised", partial(ask_raised, harness.dyn_fun, args, text))
        yield answered(f"{harness.fullname}, run", partial(ask_values, harness.dyn_fun, args, text))


def ask_raised(function: Any, args: list[Any], text: str) -> str:
    """Which loop was left, if it was to be raised."""
    found, timing = run_text(text, ",".join(RAISE))
    refused = [
        str(remark)
        for remark in timing.remarks
        if remark.by == "lift-raise" and remark.what.startswith(("left", "kept"))
    ]
    loops_until = "while[" in str(jax.make_jaxpr(function)(*args))
    return "" if loops_until or "lift.while" not in found and not refused else "; ".join(refused)


def ask_values(function: Any, args: list[Any], text: str) -> str:
    """What is wrong with the values of the raised module."""
    expected = reference(lambda: jax.tree.leaves(jax.jit(function)(*args)))
    if any(jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.extended) for leaf in expected):
        expected = [jax.random.key_data(leaf) for leaf in expected]
    kept = [leaf for leaf in jax.tree.leaves(args) if isinstance(leaf, (np.ndarray, jax.Array, np.generic))]
    return close(run_module(text, kept, [*RAISE, "lift-lower", *CLEAN]), expected)


def main() -> int:
    return run("Raising: loops of JAX's harnesses", questions, ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
