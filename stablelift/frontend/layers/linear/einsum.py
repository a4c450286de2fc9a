"""Einsum: a contraction with a kernel, written in Einstein's notation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.arguments import merge_param
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.dtypes import promote_dtype as promote
from stablelift.frontend.layers.linear.dense import default_kernel_init
from stablelift.frontend.module import Module


class Einsum(Module):
    """`jnp.einsum(einsum_str, inputs, kernel) + bias`.

    `shape` is the kernel's; `einsum_str`, such as `"bsd,dhk->bshk"`, is given here or at the call, with an
    arrow and two operands. The bias has the axes of the result that the kernel has.
    """

    shape: Sequence[int]
    einsum_str: str | None = None
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: Callable[..., Any] = default_kernel_init
    bias_init: Callable[..., Any] = initializers.zeros_init()
    promote_dtype: Callable[..., Any] = promote
    preferred_element_type: Any = None

    @compact
    def __call__(self, inputs: Any, einsum_str: str | None = None) -> Any:
        """Shapes: inputs as the first operand -> as the result. Parameters: kernel of `shape`, bias.

        Raises: LayerArgumentError if `einsum_str` is given never or twice, or is not of the form `x,k->y`
        with as many axes as the inputs and the kernel have.
        """
        equation = merge_param("einsum_str", self.einsum_str, einsum_str).replace(" ", "")
        kernel_labels, result_labels = self._labels(equation, jnp.ndim(inputs))
        kernel = self.param("kernel", self.kernel_init, tuple(self.shape), self.param_dtype)
        bias, sizes = None, dict(zip(kernel_labels, self.shape, strict=True))
        if self.use_bias:
            bias_shape = tuple(sizes[label] for label in result_labels if label in sizes)
            bias = self.param("bias", self.bias_init, bias_shape, self.param_dtype)
        inputs, kernel, bias = self.promote_dtype(inputs, kernel, bias, dtype=self.dtype)
        y = jnp.einsum(
            equation,
            inputs,
            kernel,
            precision=self.precision,
            preferred_element_type=self.preferred_element_type,
        )
        if bias is None:
            return y
        return y + jnp.reshape(bias, [sizes.get(label, 1) for label in result_labels])

    @nowrap
    def _labels(self, equation: str, rank: int) -> tuple[list[str], list[str]]:
        """A label for each axis of the kernel and of the result."""
        operands, arrow, result = equation.partition("->")
        if not arrow or operands.count(",") != 1:
            raise LayerArgumentError(
                f"`einsum_str` is `{equation}`, expected two operands and an explicit result",
                hint="write it as in `...d,df->...f`: the inputs, the kernel, the result",
                module=self,
            )
        terms = operands.split(",")
        named = [len(term.replace("...", "")) for term in terms]
        ranks = (rank, len(self.shape))
        for term, letters, found in zip(terms, named, ranks, strict=True):
            if found != letters and not ("..." in term and found > letters):
                raise LayerArgumentError(
                    f"`{term}` in `einsum_str` stands for {letters} axes, found {found}",
                    f"einsum_str: {equation}",
                    f"ranks: inputs {ranks[0]}, kernel {ranks[1]}",
                    hint="give each axis a letter, or write `...` for those without",
                    module=self,
                )
        spare = [found - letters for found, letters in zip(ranks, named, strict=True)]
        return _spelled(terms[1], spare[1]), _spelled(result, max(spare))


def _spelled(term: str, spare: int) -> list[str]:
    """The labels of a term; those that the dots stand for are numbered from the right, as they align."""
    before, dots, after = term.partition("...")
    return [*before, *([f"...{axis}" for axis in reversed(range(spare))] if dots else []), *after]
