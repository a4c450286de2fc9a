"""Dropout: random zeros in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend.arguments import merge_param
from stablelift.frontend.calling import compact
from stablelift.frontend.layers.axes import axis_set
from stablelift.frontend.module import Module
from stablelift.frontend.neighbours import neighbours

__all__ = ["Dropout"]


class Dropout(Module):
    """Each value is zero with probability `rate`, else divided by `1 - rate`: the mean stays the same.

    Values along the axes `broadcast_dims` share their fate. With `deterministic`, given here or at the call,
    nothing happens. The key comes from the stream `rng_collection`, or from the call.
    Source: Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a.html.
    """

    rate: float
    broadcast_dims: Sequence[int] = ()
    deterministic: bool | None = None
    rng_collection: str = "dropout"

    @compact
    def __call__(self, inputs: Any, deterministic: bool | None = None, rng: Any = None) -> Any:
        """Shapes: inputs [...] -> the same; `rng` is a key.

        Raises: LayerArgumentError if `deterministic` is given never or twice, or `rate` is no probability;
        InvalidRngError if there is no stream.
        """
        deterministic = merge_param("deterministic", self.deterministic, deterministic)
        if isinstance(self.rate, int | float) and not 0 <= self.rate <= 1:
            raise LayerArgumentError(
                f"`rate` is {self.rate}, expected a probability",
                hint="pass a number from 0 to 1",
                module=self,
            )
        if self.rate == 0.0 or deterministic:
            return inputs
        if self.rate == 1.0:
            return jnp.zeros_like(inputs)
        inputs = jnp.asarray(inputs)
        if rng is None:
            rng = self.make_rng(self.rng_collection)
        shared = axis_set(self, "broadcast_dims", self.broadcast_dims, inputs.shape)
        drawn = [1 if axis in shared else size for axis, size in enumerate(inputs.shape)]
        keep = 1.0 - self.rate
        kept = jnp.broadcast_to(jax.random.bernoulli(rng, p=keep, shape=drawn), inputs.shape)
        return lax.select(kept, inputs / keep, jnp.zeros_like(inputs))


__getattr__ = neighbours(__name__)
