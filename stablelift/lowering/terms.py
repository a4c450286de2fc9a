"""Terms: whether two jaxprs compute the same, op for op.

Source: value numbering, Cocke and Schwartz 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.extend.core import Literal


def terms_of(jaxpr: Any, inputs: Sequence[Any], terms: dict[Any, int]) -> list[int]:
    """What a jaxpr's results are computed as, from inputs of these names, each as a number.

    `terms` numbers equal terms alike, across all jaxprs that it is used for.
    """

    def number(*term: Any) -> int:
        return terms.setdefault(term, len(terms))

    def constant(value: Any) -> int:
        array = np.asarray(value)
        return number("constant", str(array.dtype), array.shape, array.tobytes())

    known: dict[Any, int] = {}
    inner = jaxpr.jaxpr
    known.update(zip(inner.invars, (number("input", name) for name in inputs), strict=True))
    known.update(zip(inner.constvars, map(constant, jaxpr.consts), strict=True))

    def of(atom: Any) -> int:
        return constant(atom.val) if isinstance(atom, Literal) else known[atom]

    for equation in inner.eqns:
        told = {name: text for name, value in equation.params.items() if "0x" not in (text := str(value))}
        term = number(str(equation.primitive), str(told), *map(of, equation.invars))
        known.update((result, number(term, index)) for index, result in enumerate(equation.outvars))
    return [of(result) for result in inner.outvars]
