"""Stacks put together and taken apart outside of programs: arrays along a new axis 0.

What is in the host's memory NumPy copies, at once. On other devices one compiled program for each kind of
stack does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.lowering.jax_compat import is_tracer
from stablelift.passes.layers.layout import Group


def stacked(groups: Sequence[Group], arrays: Sequence[Any]) -> list[Any]:
    """An array for each group: the one at its position, or the stack of those in it."""
    return [
        arrays[group[0]] if len(group) == 1 else _stack([arrays[position] for position in group])
        for group in groups
    ]


def stacked_types(
    avals: Sequence[jax.ShapeDtypeStruct], groups: Sequence[Group]
) -> tuple[jax.ShapeDtypeStruct, ...]:
    """The types of what `stacked` makes of arrays of the types `avals`."""
    kinds = [
        (len(group), avals[group[0]], all(avals[position].weak_type for position in group))
        for group in groups
    ]
    made = {kind: _stacked_type(*kind) for kind in dict.fromkeys(kinds)}
    return tuple(made[kind] for kind in kinds)


def _stacked_type(count: int, aval: jax.ShapeDtypeStruct, weak: bool) -> jax.ShapeDtypeStruct:
    shape = aval.shape if count == 1 else (count, *aval.shape)
    return jax.ShapeDtypeStruct(shape, aval.dtype, weak_type=weak)


def unstacked(groups: Sequence[Group], arrays: Iterable[Any]) -> list[Any]:
    """The arrays by position: each stands for one position, or is the stack of those in its group.

    No stack is held longer than it takes to take it apart.
    """
    found: dict[int, Any] = {}
    for group, array in zip(groups, arrays, strict=True):
        found.update(zip(group, [array] if len(group) == 1 else _elements(array), strict=True))
    return [found[position] for position in range(len(found))]


def _stack(arrays: Sequence[Any]) -> Any:
    if _are_on_host(arrays):
        return jax.device_put(np.stack(arrays), _committed_to(arrays))
    return _compiled_stack(*arrays)


def _elements(stack: Any) -> list[jax.Array]:
    """The elements along axis 0, none of which keeps the stack alive."""
    if _are_on_host([stack]):
        bound = _committed_to([stack])  # a view would keep the stack from being donated
        return [jnp.array(part, copy=True, device=bound) for part in np.asarray(stack)]
    return [_compiled_element(stack, index) for index in range(stack.shape[0])]


def _are_on_host(arrays: Sequence[Any]) -> bool:
    """Whether the arrays are one CPU device's, so that NumPy, which has their types, reads them where they
    are.
    """
    if any(is_tracer(array) or jnp.issubdtype(array.dtype, jax.dtypes.extended) for array in arrays):
        return False
    if any(getattr(array, "weak_type", False) for array in arrays):
        return False
    devices = {device for array in arrays if isinstance(array, jax.Array) for device in array.devices()}
    return len(devices) <= 1 and all(device.platform == "cpu" for device in devices)


def _committed_to(arrays: Sequence[Any]) -> Any:
    """The device that one of the arrays is bound to; None where JAX is free to choose."""
    bound = [array for array in arrays if isinstance(array, jax.Array) and array.committed]
    return next(iter(bound[0].devices())) if bound else None


@jax.jit
def _compiled_stack(*arrays: Any) -> Any:
    return jnp.stack(arrays)


@jax.jit
def _compiled_element(stack: Any, index: Any) -> Any:
    return jax.lax.dynamic_index_in_dim(stack, index, axis=0, keepdims=False)
