"""Pooling: the maximum, minimum, mean or any other reduction of every window of the spatial axes.

Source: Fukushima 1980, doi:10.1007/BF00344251.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend.layers.linear.padding import canonicalize_padding, check_name
from stablelift.frontend.neighbours import neighbours

Window = Sequence[int]

__all__ = ["avg_pool", "max_pool", "min_pool", "pool"]


def pool(
    inputs: Any,
    init: Any,
    reduce_fn: Callable[..., Any],
    window_shape: Window,
    strides: Window | None,
    padding: Any,
) -> Any:
    """`reduce_fn`, which has the neutral element `init`, over every window of the spatial axes.

    `window_shape` and `strides` (None: 1) have one number for each spatial axis; `padding` is 'SAME',
    'SAME_LOWER', 'VALID', a number, or for each axis a number or a pair. Shapes: inputs [*batch, *spatial,
    n], with any number of batch axes, also none -> [*batch, *positions, n].
    Raises: LayerArgumentError if the inputs have too few axes, or the windows, strides and padding do not
    have equally many.
    """
    window, inputs = tuple(window_shape), jnp.asarray(inputs)
    steps = (1,) * len(window) if strides is None else tuple(strides)
    outer = inputs.ndim - len(window) - 1
    if len(steps) != len(window) or outer < 0:
        raise LayerArgumentError(
            f"a window over {len(window)} spatial axes does not fit",
            f"window_shape: {window}",
            f"strides: {steps}",
            f"input: {inputs.shape}",
            hint="the channels are the last axis; windows and strides are for the axes before it",
        )
    padding = canonicalize_padding(padding, len(window))
    check_name(padding, (), None)
    if outer == 0:
        return pool(inputs[None], init, reduce_fn, window, steps, padding)[0]
    if not isinstance(padding, str):
        padding = ((0, 0),) * outer + tuple(padding) + ((0, 0),)
    ones = (1,) * outer
    return lax.reduce_window(inputs, init, reduce_fn, (*ones, *window, 1), (*ones, *steps, 1), padding)


def avg_pool(
    inputs: Any,
    window_shape: Window,
    strides: Window | None = None,
    padding: Any = "VALID",
    count_include_pad: bool = True,
) -> Any:
    """The mean of every window; padding counts as zeros, or not at all. Shapes and errors: see `pool`.

    Integers give floats.
    """
    total = pool(inputs, 0.0, lax.add, window_shape, strides, padding)
    if count_include_pad:
        return total / math.prod(window_shape)
    rank = jnp.ndim(inputs)
    spatial = range(rank - len(window_shape) - 1, rank - 1)
    shape = [size if axis in spatial else 1 for axis, size in enumerate(jnp.shape(inputs))]
    return total / pool(jnp.ones(shape), 0.0, lax.add, window_shape, strides, padding)


def max_pool(inputs: Any, window_shape: Window, strides: Window | None = None, padding: Any = "VALID") -> Any:
    """The maximum of every window; padding never wins. Shapes and errors: see `pool`."""
    return pool(inputs, -jnp.inf, lax.max, window_shape, strides, padding)


def min_pool(inputs: Any, window_shape: Window, strides: Window | None = None, padding: Any = "VALID") -> Any:
    """The minimum of every window; padding never wins. Shapes and errors: see `pool`."""
    return pool(inputs, jnp.inf, lax.min, window_shape, strides, padding)


__getattr__ = neighbours(__name__)
