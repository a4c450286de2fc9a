"""The shapes that an initializer makes, remembered, since every `apply` asks for every parameter again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import jax

Shapes = list[tuple[int, ...]]

# Shapes by initializer, then by its arguments. Weak: an initializer made inside a Module dies with its call.
_known: WeakKeyDictionary[Callable[..., Any], dict[Any, Shapes]] = WeakKeyDictionary()


def initial_shapes(init_fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Shapes:
    """The shape of each leaf of `init_fn(key, *args, **kwargs)`, by abstract evaluation."""
    try:
        known = _known.setdefault(init_fn, {})
        key = (args, tuple(sorted(kwargs.items())))
        if key in known:
            return known[key]
    except TypeError:  # unhashable arguments, or an initializer without weak references
        return _abstract_shapes(init_fn, args, kwargs)
    known[key] = _abstract_shapes(init_fn, args, kwargs)
    return known[key]


def _abstract_shapes(init_fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Shapes:
    made = jax.eval_shape(lambda: init_fn(jax.random.key(0), *args, **kwargs))
    return [leaf.shape for leaf in jax.tree_util.tree_leaves(made)]
