"""remat_scan: a Module repeated in nested loops, each level of which recomputes the one inside it.

Source: Chen, Xu, Zhang, Guestrin 2016, arXiv:1604.06174, section 4.1, with one level for each length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from stablelift.errors import LiftArgumentError
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.remat import remat_scopes
from stablelift.frontend.lifts.scan import scan_scopes
from stablelift.frontend.lifts.transform import LiftedCall, lift_transform
from stablelift.lowering.checkpoint import AnyPolicy


def remat_scan(
    target: Any,
    lengths: Sequence[int] | Literal["auto"] = (),
    policy: AnyPolicy = None,
    variable_broadcast: Filter = False,
    variable_carry: Filter = False,
    variable_axes: Mapping[Any, Any] = {True: 0},
    split_rngs: Mapping[Any, bool] = {True: True},
    metadata_params: Mapping[Any, Any] = {},
    length: int | None = None,
) -> Any:
    """Repeat a Module class, or a function `(module, carry) -> carry`, `prod(lengths)` times.

    There is one loop for each of `lengths`, and one stacked axis. All but the innermost recompute their body
    in the backward pass, so with `d` equal lengths memory grows with the d-th root of the repetitions.
    `lengths="auto"` makes two loops that are as equal as can be of `length` repetitions. The other options
    are those of `scan`, at every level.
    Raises: LiftArgumentError without a length.
    """
    if lengths == "auto":
        lengths = balanced_lengths(length)
    elif not lengths or length is not None:
        raise LiftArgumentError(
            f"`remat_scan` wants at least one length, found lengths={lengths!r}, length={length!r}",
            hint="pass lengths=(4, 6), or lengths='auto' with length=24",
        )
    options = {
        "variable_broadcast": variable_broadcast,
        "variable_carry": variable_carry,
        "variable_axes": variable_axes,
        "split_rngs": split_rngs,
        "metadata_params": metadata_params,
    }

    def make(**options: Any) -> Any:
        def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
            return remat_scan_scopes(call.body, lengths, policy, **options)(call.scopes, *args, **kwargs)

        return run

    return lift_transform("remat_scan", make, target, **options)


def balanced_lengths(length: int | None) -> tuple[int, ...]:
    """The two factors of `length` that differ least, the smaller first; a prime has only one.

    Raises: LiftArgumentError if it is not at least 1.
    """
    if length is None or length < 1:
        what = f"`remat_scan` with 'auto' lengths wants a length of at least 1, found {length}"
        raise LiftArgumentError(what)
    smaller = max(factor for factor in range(1, math.isqrt(length) + 1) if length % factor == 0)
    return (smaller, length // smaller) if smaller > 1 else (length,)


def remat_scan_scopes(
    body_fn: Callable[..., Any],
    lengths: Sequence[int],
    policy: AnyPolicy = None,
    variable_broadcast: Filter = False,
    variable_carry: Filter = False,
    variable_axes: Mapping[Any, Any] = {True: 0},
    split_rngs: Mapping[Any, bool] = {True: True},
    metadata_params: Mapping[Any, Any] = {},
) -> Callable[..., Any]:
    """The same for `body_fn(scopes, carry)`, as a function of `(scopes, carry)`."""
    options = (variable_broadcast, variable_carry, variable_axes, split_rngs, metadata_params)
    outer, *inner = lengths

    def step(scopes: Any, carry: Any) -> tuple[Any, tuple[()]]:
        repeated = remat_scan_scopes(body_fn, inner, policy, *options) if inner else body_fn
        return repeated(scopes, carry), ()

    step.__name__ = getattr(body_fn, "__name__", "step")
    body = remat_scopes(step, policy=policy, prevent_cse=False) if inner else step
    looped = scan_scopes(
        body,
        variable_axes=variable_axes,
        variable_broadcast=variable_broadcast,
        variable_carry=variable_carry,
        split_rngs=split_rngs,
        metadata_params=metadata_params,
        length=outer,
    )
    return lambda scopes, carry: looped(scopes, carry)[0]
