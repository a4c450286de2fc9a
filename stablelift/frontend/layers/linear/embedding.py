"""Embed: a table of vectors, looked up by integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.dtypes import promote_dtype as promote
from stablelift.frontend.module import Module

default_embed_init = initializers.variance_scaling(1.0, "fan_in", "normal", out_axis=0)


class Embed(Module):
    """A vector of `features` numbers for each integer from 0 to `num_embeddings - 1`.

    `dtype` is that of the results (None: the table's), `param_dtype` that of the table. Parameter:
    embedding [num_embeddings, features], initialised to a variance of 1 / features.
    """

    num_embeddings: int
    features: int
    dtype: Any = None
    param_dtype: Any = jnp.float32
    embedding_init: Callable[..., Any] = default_embed_init
    promote_dtype: Callable[..., Any] = promote

    def setup(self) -> None:
        shape = (self.num_embeddings, self.features)
        self.embedding = self.param("embedding", self.embedding_init, shape, self.param_dtype)

    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs integer [...] -> [..., features].

        Negative integers count from the end, as in numpy. One that is out of range gives NaN, unless the
        table has one row, which then answers everything. Raises: LayerArgumentError for other dtypes.
        """
        inputs = jnp.asarray(inputs)
        if not jnp.issubdtype(inputs.dtype, jnp.integer):
            raise LayerArgumentError(
                f"an embedding is looked up by integers, found {inputs.dtype}",
                hint="convert the inputs with `.astype(int)`",
                module=self,
            )
        (table,) = self.promote_dtype(self.embedding, dtype=self.dtype, inexact=False)
        if self.num_embeddings == 1:
            return jnp.broadcast_to(table, (*inputs.shape, self.features))
        return jnp.take(table, inputs, axis=0)

    def attend(self, query: Any) -> Any:
        """The inner product of `query` with each vector: the table as the last layer of a model.

        Shapes: query [..., features] -> [..., num_embeddings].
        Source: Press & Wolf 2017, arXiv:1608.05859.
        """
        query, table = self.promote_dtype(query, self.embedding, dtype=self.dtype)
        return jnp.dot(query, table.T)
