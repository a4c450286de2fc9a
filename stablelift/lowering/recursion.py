"""Ops whose derivative rule applies the op itself, for derivatives of higher order."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, avals_of
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.primitive import Recursive, bind
from stablelift.lowering.rule_results import carrying

ORDERS = 8
"""A rule may apply another function with a rule, and so without end, as that of `jnp.sinc` does: what is
used inside of so many rules, and so only by derivatives of higher order, has a rule that yields NaN."""


def poisoned(tangents: Sequence[Any], avals: Sequence[Any]) -> list[Any]:
    """NaN for each result that can carry a tangent. It depends on the given tangents, as a reverse asks."""
    total = sum((jnp.sum(tangent).real for tangent in tangents), jnp.zeros(()))
    return [jnp.broadcast_to(total * jnp.nan, aval.shape).astype(aval.dtype) for aval in carrying(avals)]


class Tracing(threading.local):
    """The ops whose rules are being traced in this thread."""

    def __init__(self):
        self.ops: dict[Any, Recursion] = {}


class Recursion:
    """An op that its own rule may apply: such a use is bound before the rule is known."""

    def __init__(self, tracing: dict[Any, Recursion], key: Any):
        self._tracing, self._key = tracing, key
        self._op, self._applied = Recursive(), False
        self._primal: Callee | None = None

    @property
    def running(self) -> bool:
        """Whether the rule of this very op is being traced."""
        return self._key in self._tracing

    def apply(self, op: str, arrays: Sequence[Any]) -> Any:
        """Use the op inside its rule."""
        return self._tracing[self._key]._use(op, arrays)

    def _use(self, op: str, values: Sequence[Any]) -> Any:
        self._applied = True
        assert self._primal is not None
        primal = self._primal
        results = bind(op, values, self._op, primal.out_avals, name=primal.name)
        return jax.tree.unflatten(primal.out_tree, results)

    @contextlib.contextmanager
    def around(self, primal: Callee) -> Iterator[None]:
        """Trace the rule meanwhile."""
        self._primal, self._tracing[self._key] = primal, self
        try:
            yield
        finally:
            del self._tracing[self._key]

    def bind(self, op: str, operands: JointOperands, callees: dict[str, Jaxpr]) -> Any:
        """Apply the op outside, now that its callees are known."""
        assert self._primal is not None
        primal = self._primal
        if self._applied:
            self._op.callees = operands.closed(primal.name, callees)
            return self._use(op, operands.arguments(operands.values))
        results = bind(op, operands.values, {**callees}, primal.out_avals, name=primal.name)
        return jax.tree.unflatten(primal.out_tree, results)


class JointOperands:
    """What callees that are one op's take together: the constants of each of them, then the arguments."""

    def __init__(self, callees: Sequence[Callee], arrays: Sequence[Any]):
        self.values = [*(constant for callee in callees for constant in callee.constants), *arrays]
        self.avals = avals_of(self.values)
        self._first = len(self.values) - len(arrays)
        self._callees = callees

    def constants(self, callee: Callee, values: Sequence[Any]) -> Sequence[Any]:
        before = self._callees[: self._callees.index(callee)]
        start = sum(len(other.constants) for other in before)
        return values[start : start + len(callee.constants)]

    def arguments(self, values: Sequence[Any]) -> Sequence[Any]:
        return values[self._first :]

    def run(self, callee: Callee, values: Sequence[Any]) -> list[Any]:
        return jax_compat.evaluate(callee.jaxpr, *self.constants(callee, values), *self.arguments(values))

    def jaxpr(self, callee: Callee) -> Jaxpr:
        """The callee as a function of all operands."""
        return jax_compat.make_jaxpr(lambda *values: self.run(callee, values), self.avals)

    def zeros(self) -> list[Any]:
        """The gradients of the constants that can have one."""
        return [jnp.zeros(aval.shape, aval.dtype) for aval in carrying(self.avals[: self._first])]

    def closed(self, name: str, callees: dict[str, Jaxpr]) -> dict[str, Jaxpr]:
        """The callees as functions of the arguments alone, the constants inside.

        Raises:
          TypeError: A constant is being traced, so it cannot be part of a function.
        """
        constants, zeros = self.values[: self._first], self.zeros()
        if any(map(jax_compat.is_tracer, constants)):
            raise TypeError(
                f"the derivative rule of `{name}` applies `{name}`, and one of them closes over a value that "
                "is being traced; pass it as an argument"
            )
        avals = self.avals[self._first :]

        def of_arguments(jaxpr: Jaxpr, *values: Any) -> list[Any]:
            return jax_compat.evaluate(jaxpr, *constants, *values)

        def without_gradients(jaxpr: Jaxpr, *values: Any) -> list[Any]:
            return jax_compat.evaluate(jaxpr, *values)[len(zeros) :]

        def with_tangents(jaxpr: Jaxpr, *values: Any) -> list[Any]:
            primals, tangents = values[: len(avals)], values[len(avals) :]
            return jax_compat.evaluate(jaxpr, *constants, *primals, *zeros, *tangents)

        makers = {"bwd": without_gradients, "jvp": with_tangents}
        given = {"jvp": [*avals, *carrying(avals)]}
        return {
            attribute: jax_compat.make_jaxpr(
                partial(makers.get(attribute, of_arguments), jaxpr),
                jaxpr.in_avals if attribute == "bwd" else given.get(attribute, avals),
            )
            for attribute, jaxpr in callees.items()
        }
