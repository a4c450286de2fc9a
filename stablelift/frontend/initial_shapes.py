"""The shapes that an initializer makes, remembered, since every `apply` asks for every parameter again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import jax

Shapes = list[tuple[int, ...]]

# Shapes by initializer, then by its arguments. Weak: an initializer made inside a Module dies with its call.
# One of JAX's is known by its code, which lasts, and by what it closes over.
_known: WeakKeyDictionary[Any, dict[Any, Shapes]] = WeakKeyDictionary()


def initial_shapes(init_fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Shapes:
    """The shape of each leaf of `init_fn(key, *args, **kwargs)`, by abstract evaluation."""
    try:
        lasting, closed_over = _identity(init_fn)
        known = _known.setdefault(lasting, {})
        key = (closed_over, args, tuple(sorted(kwargs.items())))
        if key in known:
            return known[key]
    except TypeError:  # unhashable arguments or values, or an initializer without weak references
        return _abstract_shapes(init_fn, args, kwargs)
    known[key] = _abstract_shapes(init_fn, args, kwargs)
    return known[key]


def _identity(init_fn: Callable[..., Any]) -> tuple[Any, Any]:
    """What tells an initializer apart: itself, or if JAX made it, its code and the values it closes over."""
    if not isinstance(init_fn, FunctionType) or hasattr(init_fn, "__wrapped__"):
        return init_fn, None
    if not init_fn.__closure__ or not str(init_fn.__module__).startswith("jax."):
        return init_fn, None
    return init_fn.__code__, tuple(cell.cell_contents for cell in init_fn.__closure__)


def _abstract_shapes(init_fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Shapes:
    made = jax.eval_shape(lambda: init_fn(jax.random.key(0), *args, **kwargs))
    return [leaf.shape for leaf in jax.tree_util.tree_leaves(made)]
