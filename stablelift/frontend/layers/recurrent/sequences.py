"""Sequences of different lengths in one array: reversed each by itself, and their last states."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp


def flip_sequences(inputs: Any, seq_lengths: Any, num_batch_dims: int, time_major: bool) -> Any:
    """The inputs backwards in time; with `seq_lengths`, the first so many steps of each sequence backwards.

    What follows a sequence stays behind it, backwards too. A length of 0 counts as the whole axis. Shapes:
    inputs [*batch, time, ...], or [time, *batch, ...] if `time_major`, where the batch has `num_batch_dims`
    axes; seq_lengths integer [*batch] -> as inputs.
    """
    time_axis = 0 if time_major else num_batch_dims
    if seq_lengths is None:
        return jnp.flip(inputs, axis=time_axis)
    steps = inputs.shape[time_axis]
    lengths = jnp.expand_dims(seq_lengths, time_axis)
    backwards = jnp.arange(steps - 1, -1, -1).reshape(
        [steps if axis == time_axis else 1 for axis in range(num_batch_dims + 1)]
    )
    index = (backwards + lengths) % steps
    return jnp.take_along_axis(inputs, _as_high_as(index, inputs), axis=time_axis)


def at_last_step(history: Any, seq_lengths: Any) -> Any:
    """What was there after the last step of each sequence; of a length of 0, after the whole axis.

    Shapes: history [time, *batch, ...], seq_lengths integer [*batch] -> [*batch, ...].
    """
    index = jnp.expand_dims(jnp.asarray(seq_lengths) - 1, 0)
    return jnp.take_along_axis(history, _as_high_as(index, history), axis=0)[0]


def _as_high_as(index: Any, x: Any) -> Any:
    return jnp.reshape(index, index.shape + (1,) * (x.ndim - index.ndim))
