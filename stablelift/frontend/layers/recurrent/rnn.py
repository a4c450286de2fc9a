"""RNN and Bidirectional: a recurrent cell, run over a sequence by the lifted scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.calling import nowrap
from stablelift.frontend.filters import Filter
from stablelift.frontend.frozen_dict import FrozenDict
from stablelift.frontend.layers.recurrent.sequences import at_last_step, flip_sequences
from stablelift.frontend.lifts.scan import scan
from stablelift.frontend.module import Module


class RNN(Module):
    """The cell applied to each step of a sequence, with the carry of the step before.

    `cell` is an RNNCellBase, or has its `initialize_carry` and `num_feature_axes`. Inputs are [*batch, time,
    *features], or [time, *batch, *features] with `time_major`. With `reverse` the sequence is read from its
    end, and the outputs come in that order unless `keep_order`. `return_carry` adds the last carry to the
    result. The other fields are those of `scan`; by default all steps share the parameters. Variables: those
    of the cell, in `cell`.
    """

    cell: Any
    time_major: bool = False
    return_carry: bool = False
    reverse: bool = False
    keep_order: bool = False
    unroll: int = 1
    variable_axes: Mapping[Any, Any] = FrozenDict()
    variable_broadcast: Filter = "params"
    variable_carry: Filter = False
    split_rngs: Mapping[Any, bool] = FrozenDict({"params": False})

    def __call__(
        self,
        inputs: Any,
        *,
        initial_carry: Any = None,
        init_key: Any = None,
        seq_lengths: Any = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
    ) -> Any:
        """Shapes: inputs [*batch, time, *features] -> outputs [*batch, time, ...], or (carry, outputs).

        `initial_carry` is the first carry; without it the cell makes one, with `init_key` (or the key of 0).
        `seq_lengths`, integers [*batch], says how much of each sequence there is: the returned carry is the
        one after its last step, and reversal leaves the padding at the end. The flags override the fields.
        Raises: LayerArgumentError if the cell is none, or the inputs or lengths do not have its axes.
        """
        return_carry = self.return_carry if return_carry is None else return_carry
        time_major = self.time_major if time_major is None else time_major
        reverse = self.reverse if reverse is None else reverse
        keep_order = self.keep_order if keep_order is None else keep_order
        inputs = jnp.asarray(inputs)
        batch_dims = self._batch_dims(inputs, seq_lengths, time_major)
        time_axis = 0 if time_major else batch_dims
        if reverse:
            inputs = flip_sequences(inputs, seq_lengths, batch_dims, time_major)
        if initial_carry is None:
            key = jax.random.key(0) if init_key is None else init_key
            shape = (*inputs.shape[:time_axis], *inputs.shape[time_axis + 1 :])
            initial_carry = self.cell.initialize_carry(key, shape)
        remembers = seq_lengths is not None

        def step(cell: Any, carry: Any, x: Any) -> tuple[Any, Any]:
            carry, y = cell(carry, x)
            return carry, (carry, y) if remembers else y

        carry, outputs = scan(
            step,
            in_axes=time_axis,
            out_axes=(0, time_axis) if remembers else time_axis,
            unroll=self.unroll,
            variable_axes=self.variable_axes,
            variable_broadcast=self.variable_broadcast,
            variable_carry=self.variable_carry,
            split_rngs=self.split_rngs,
        )(self.cell, initial_carry, inputs)
        if remembers:
            history, outputs = outputs
            carry = jax.tree.map(lambda states: at_last_step(states, seq_lengths), history)
        if reverse and keep_order:
            outputs = jax.tree.map(lambda y: flip_sequences(y, seq_lengths, batch_dims, time_major), outputs)
        return (carry, outputs) if return_carry else outputs

    @nowrap
    def _batch_dims(self, inputs: Any, seq_lengths: Any, time_major: bool) -> int:
        """The number of batch axes."""
        if not hasattr(self.cell, "num_feature_axes"):
            raise LayerArgumentError(
                f"`cell` is a `{type(self.cell).__name__}`, which is no recurrent cell",
                hint="derive it from RNNCellBase",
                module=self,
            )
        features = self.cell.num_feature_axes
        batch_dims = inputs.ndim - features - 1
        if batch_dims < 0:
            raise LayerArgumentError(
                f"a sequence for `{type(self.cell).__name__}` has at least {features + 1} axes, "
                f"found {inputs.ndim}",
                f"input: {inputs.shape}",
                hint=f"time is the axis before the last {features}, or the first if `time_major`",
                module=self,
            )
        batch = inputs.shape[1 : batch_dims + 1] if time_major else inputs.shape[:batch_dims]
        if seq_lengths is not None and jnp.shape(seq_lengths) != batch:
            raise LayerArgumentError(
                f"`seq_lengths` has shape {jnp.shape(seq_lengths)}, expected the batch, {batch}",
                f"input: {inputs.shape}",
                hint="pass one length for each sequence",
                module=self,
            )
        return batch_dims


def _concatenate(forward: Any, backward: Any) -> Any:
    return jnp.concatenate([forward, backward], axis=-1)


class Bidirectional(Module):
    """One RNN that reads the sequence forward and one that reads it backward, their outputs merged.

    `merge_fn` is applied to the outputs of both, in the order of time: by default their features are put
    side by side. Give two RNNs; the same one twice shares its parameters. Variables: forward_rnn and
    backward_rnn. Source: Schuster & Paliwal 1997, doi:10.1109/78.650093.
    """

    forward_rnn: Any
    backward_rnn: Any
    merge_fn: Callable[[Any, Any], Any] = _concatenate
    time_major: bool = False
    return_carry: bool = False

    def __call__(
        self,
        inputs: Any,
        *,
        initial_carry: Any = None,
        init_key: Any = None,
        seq_lengths: Any = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
    ) -> Any:
        """Shapes: inputs [*batch, time, *features] -> outputs [*batch, time, ...], or (carries, outputs).

        The arguments are those of RNN; carries are pairs, forward and backward. `reverse` and `keep_order`
        mean nothing for both directions at once, and are accepted because RNN has them. Raises: as RNN.
        """
        del reverse, keep_order
        return_carry = self.return_carry if return_carry is None else return_carry
        time_major = self.time_major if time_major is None else time_major
        keys = (None, None) if init_key is None else jax.random.split(init_key)
        carries = (None, None) if initial_carry is None else initial_carry
        results = [
            rnn(
                inputs,
                initial_carry=carry,
                init_key=key,
                seq_lengths=seq_lengths,
                return_carry=True,
                time_major=time_major,
                reverse=backward,
                keep_order=True,
            )
            for backward, (rnn, carry, key) in enumerate(
                zip((self.forward_rnn, self.backward_rnn), carries, keys, strict=True)
            )
        ]
        (forward_carry, forward), (backward_carry, backward) = results
        outputs = jax.tree.map(self.merge_fn, forward, backward)
        return ((forward_carry, backward_carry), outputs) if return_carry else outputs
