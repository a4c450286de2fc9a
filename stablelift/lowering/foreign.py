"""The foreign-rule fallback: JAX's own rules for primitives that are opaque below JAX.

`eigh`, `svd` or `custom_linear_solve` lower to library calls, or to loops that say nothing of the equation
they solve. Such a primitive is kept as a `lift.foreign` op; when a pass has to batch or differentiate one,
JAX's rule for that primitive is traced here, and its lowering is linked into the module. This is the one
place where the package calls JAX's transformations, on one primitive at a time.

An op finds its primitive again by a key, good for the life of the process. A file has no keys: a foreign op
in it that has lost its primitive can be run, not differentiated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from stablelift.lowering import jax_compat
from stablelift.lowering.widths import mode_for


@dataclass(frozen=True)
class Foreign:
    """What a key stands for: a function of arrays that applies one primitive, the types it is applied to, and
    the platform that it is lowered for.
    """

    apply: Callable[..., list[Any]]
    avals: tuple[Any, ...]
    platform: str


class Reverse(NamedTuple):
    """Reverse mode in two modules: inputs -> (results, residuals), and (residuals, cotangents) ->
    gradients.
    """

    forward: bytes
    reverse: bytes


_KNOWN: dict[str, Foreign] = {}


def register(
    name: str, apply: Callable[..., list[Any]], avals: Sequence[Any], params: Any, platform: str
) -> str:
    """The key for a primitive applied with `params` to arguments of types `avals`; equal uses have equal
    keys.
    """
    text = f"{name} {params} {[str(aval) for aval in avals]} {platform}"
    key = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    _KNOWN.setdefault(key, Foreign(apply, tuple(avals), platform))
    return key


def known(key: str | None) -> bool:
    """Whether the primitive behind a key is at hand."""
    return key in _KNOWN


def batched(key: str, mapped: Sequence[bool], size: int) -> tuple[str, bytes]:
    """JAX's batching rule: the key and the module of the primitive with its `mapped` inputs batched on axis
    0.

    All results carry the batch on axis 0.

    Raises:
      NotImplementedError: JAX has no batching rule for the primitive.
    """
    one = _KNOWN[key]
    apply, avals = mapped_by_jax(one.apply, one.avals, mapped, size)
    new = register(key.split("-")[0], apply, avals, (key, tuple(mapped), size), one.platform)
    return new, _module(apply, avals, one.platform)


def mapped_by_jax(
    apply: Callable[..., Any], avals: Sequence[Any], mapped: Sequence[bool], size: int
) -> tuple[Callable[..., Any], list[Any]]:
    """A function that applies one primitive to its `mapped` inputs batched on axis 0, and their types."""
    axes = tuple(0 if is_mapped else None for is_mapped in mapped)
    types = [
        jax_compat.shaped((size, *aval.shape), aval.dtype) if is_mapped else aval
        for aval, is_mapped in zip(avals, mapped, strict=True)
    ]
    return jax.vmap(apply, in_axes=axes, axis_size=size), types


def forward_mode(key: str, wrt: Sequence[int]) -> bytes:
    """JAX's forward mode: (inputs, tangents of the inputs `wrt`) -> (results, tangents of those that carry
    one).

    Raises:
      NotImplementedError: JAX has no derivative for the primitive, or not with these parameters.
    """
    one = _KNOWN[key]

    def apply(*args: Any) -> list[Any]:
        primals, given = args[: len(one.avals)], dict(zip(wrt, args[len(one.avals) :], strict=True))
        tangents = tuple(given.get(index, _zero(aval)) for index, aval in enumerate(one.avals))
        results, moved = jax.jvp(one.apply, primals, tangents)
        return [*results, *(tangent for tangent in moved if tangent.dtype != jax.dtypes.float0)]

    return _module(apply, [*one.avals, *(one.avals[index] for index in wrt)], one.platform)


def reverse_mode(key: str, wrt: Sequence[int], of: Sequence[int]) -> Reverse:
    """JAX's reverse mode for gradients of the inputs `wrt`, given cotangents of the results `of`.

    Raises:
      NotImplementedError: JAX has no derivative for the primitive, or not with these parameters.
    """
    one = _KNOWN[key]
    found: dict[str, Any] = {}

    def forward(*args: Any) -> list[Any]:
        def of_wanted(*wanted: Any) -> list[Any]:
            filled = list(args)
            for index, value in zip(wrt, wanted, strict=True):
                filled[index] = value
            return one.apply(*filled)

        results, pullback = jax.vjp(of_wanted, *(args[index] for index in wrt))
        residuals, found["tree"] = jax.tree.flatten(pullback)
        found["results"] = [jax_compat.aval_of(result) for result in results]
        found["residuals"] = [jax_compat.aval_of(residual) for residual in residuals]
        return [*results, *residuals]

    def reverse(*args: Any) -> list[Any]:
        count = len(found["residuals"])
        given = dict(zip(of, args[count:], strict=True))
        cotangents = [given.get(index, _zero(aval)) for index, aval in enumerate(found["results"])]
        return list(jax.tree.unflatten(found["tree"], args[:count])(cotangents))

    first = _module(forward, one.avals, one.platform)
    taken = [*found["residuals"], *(found["results"][index] for index in of)]
    return Reverse(first, _module(reverse, taken, one.platform))


def _module(function: Callable, avals: Sequence[Any], platform: str) -> bytes:
    from stablelift.lowering.trace import trace

    with mode_for(avals):  # passes may run where those of the trace are turned off again
        traced = trace(function, *avals, platform=platform)
    _CALLED.extend(traced.callbacks)
    return traced.bytecode


_CALLED: list[Any] = []
"""Python functions that such modules call (in a linear solve of a user's): they live as the keys do."""


def _zero(aval: Any) -> Any:
    """A zero tangent of a value of `aval`, in JAX's terms."""
    tangent = jax_compat.tangent_aval(aval)
    return np.zeros(aval.shape, jax.dtypes.float0 if tangent is None else tangent.dtype)
