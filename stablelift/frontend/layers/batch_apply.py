"""BatchApply: several batch axes for a layer that takes one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.errors import LayerArgumentError

__all__ = ["BatchApply"]


class BatchApply:
    """The function `f`, which may be a Module, with the leading `num_dims` axes merged into one.

    They are merged in every argument that has as many axes, the others are passed as they are, and they are
    split again in every result.
    """

    def __init__(self, f: Callable[..., Any], num_dims: int = 2):
        self._f = f
        self.num_dims = num_dims

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes: arrays [*batch, ...] in the arguments and the result are [b, ...] inside.

        Raises: LayerArgumentError if no argument has as many axes.
        """
        count = self.num_dims
        batches = [x.shape[:count] for x in jax.tree.leaves((args, kwargs)) if self._merges(x)]
        if not batches:
            raise LayerArgumentError(
                f"no argument has the {count} axes that are to be merged",
                hint="pass an array with that many batch axes, or a smaller `num_dims`",
            )

        def merged(x: Any) -> Any:
            return jnp.reshape(x, (math.prod(x.shape[:count]), *x.shape[count:])) if self._merges(x) else x

        args, kwargs = jax.tree.map(merged, (args, kwargs))
        result = self._f(*args, **kwargs)
        return jax.tree.map(lambda y: jnp.reshape(y, (*batches[0], *jnp.shape(y)[1:])), result)

    def _merges(self, x: Any) -> bool:
        return getattr(x, "ndim", -1) >= self.num_dims
