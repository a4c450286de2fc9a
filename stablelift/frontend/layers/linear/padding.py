"""Padding of the spatial axes: what a convolution's `padding` may say, and what JAX is told for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError

# The names that JAX's convolutions know themselves.
_JAXS = ("SAME", "SAME_LOWER", "VALID")


def canonicalize_padding(padding: Any, rank: int, module: Any = None) -> Any:
    """A name as it is; a number, or one number or pair for each of `rank` axes, as pairs (low, high).

    Raises: LayerArgumentError for anything else.
    """
    if isinstance(padding, str):
        return padding
    given = (padding,) * rank if isinstance(padding, int) else padding
    if isinstance(given, Sequence) and len(given) == rank:
        pairs = [(p, p) if isinstance(p, int) else tuple(p) if isinstance(p, Sequence) else () for p in given]
        if all(len(pair) == 2 for pair in pairs):
            return pairs
    raise LayerArgumentError(
        f"invalid padding {padding!r} for {rank} spatial axes",
        hint="pass a name such as 'SAME', a number, or for each axis a number or a pair (low, high)",
        module=module,
    )


def check_name(padding: Any, known: Sequence[str], module: Any) -> None:
    """Raises: LayerArgumentError for a name that neither JAX nor the layer (`known`) knows."""
    if isinstance(padding, str) and padding.upper() not in _JAXS and padding not in known:
        raise LayerArgumentError(
            f"unknown padding '{padding}'",
            hint=f"one of {', '.join(sorted((*_JAXS, *known)))}, or numbers",
            module=module,
        )


def pad_around(inputs: Any, window: Sequence[int], mode: str) -> Any:
    """Pad the spatial axes so that a window of these sizes (dilation included) fits at every position.

    `mode` is one of `jnp.pad`: 'wrap' continues the input periodically, 'reflect' mirrors it. Shapes: inputs
    [batch, *spatial, n].
    """
    around = [((size - 1) // 2, size // 2) for size in window]
    return jnp.pad(inputs, [(0, 0), *around, (0, 0)], mode=mode)


def pad_before(inputs: Any, size: int) -> Any:
    """Pad one spatial axis with zeros at its start, so that no output sees a later input: causally."""
    return jnp.pad(inputs, [(0, 0), (size - 1, 0), (0, 0)])
