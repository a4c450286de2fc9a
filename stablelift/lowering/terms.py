"""Terms: whether two jaxprs compute the same, op for op.

Source: value numbering, Cocke and Schwartz 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import interpreted


class Terms:
    """Numbers for what is computed: equal ones for equal terms, in all jaxprs that are asked about."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def named(self, name: Any) -> int:
        """An input of this name."""
        return self._number("input", name)

    def constant(self, value: Any) -> int:
        array = np.asarray(value)
        return self._number("constant", str(array.dtype), array.shape, array.tobytes())

    def results(self, jaxpr: Jaxpr, inputs: Sequence[int]) -> list[int]:
        """What a jaxpr's results are computed as."""
        return interpreted(jaxpr, inputs, self.constant, self._of_equation)

    def _of_equation(
        self, primitive: Primitive, params: dict[str, Any], operands: list[int], count: int
    ) -> list[int]:
        if primitive is jax_compat.jit_p:  # what is jitted together need not belong together
            return self.results(params["jaxpr"], operands)
        told = {name: text for name, value in params.items() if "0x" not in (text := str(value))}
        term = self._number(str(primitive), str(told), *operands)
        return [self._number(term, index) for index in range(count)]

    def _number(self, *term: Any) -> int:
        return self._numbers.setdefault(term, len(self._numbers))
