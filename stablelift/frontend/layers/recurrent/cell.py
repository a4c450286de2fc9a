"""RNNCellBase: what a cell has to offer, to be run over a sequence by RNN."""

from __future__ import annotations

from typing import Any

import jax

from stablelift.frontend.calling import nowrap
from stablelift.frontend.module import Module


class RNNCellBase(Module):
    """One step of a recurrent network: `(carry, inputs) -> (carry, outputs)`."""

    @nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        """The first carry, for inputs of this shape, batch and features included; `rng` is a key."""
        raise NotImplementedError(f"`{type(self).__name__}` does not define `initialize_carry`")

    @property
    def num_feature_axes(self) -> int:
        """How many of the inputs' last axes are no batch: 1 for a vector, 3 for an image."""
        raise NotImplementedError(f"`{type(self).__name__}` does not define `num_feature_axes`")


class VectorCell(RNNCellBase):
    """A cell of vectors, whose carry is one array [*batch, features], or several."""

    @nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        """An array [*batch, features] of `param_dtype`, for inputs of shape [*batch, n]."""
        cell: Any = self  # a subclass declares the fields, in its own order
        return cell.carry_init(rng, (*input_shape[:-1], cell.features), cell.param_dtype)

    @property
    def num_feature_axes(self) -> int:
        """One: the inputs are vectors."""
        return 1


def initial_pair(cell: Any, rng: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Cell and hidden state of an LSTM, each initialised with half of the key."""
    first, second = jax.random.split(rng)
    return cell.carry_init(first, shape, cell.param_dtype), cell.carry_init(second, shape, cell.param_dtype)
