"""Ops whose derivative rule applies the op itself, for derivatives of higher order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.errors import LiftError
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, avals_of
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.primitive import Callees, Recursive, bind
from stablelift.lowering.rule_results import carrying

ORDERS = 8
"""A rule may apply another function with a rule, and so without end, as that of `jnp.sinc` does: what is
used inside of so many rules, and so only by derivatives of higher order, has none."""


def beyond_orders() -> LiftError:
    return LiftError(f"it is inside of {ORDERS} other rules, which is as deep as they are traced")


class Tracing(threading.local):
    """The ops whose rules are being traced in this thread."""

    def __init__(self):
        self.ops: dict[Any, Recursion] = {}


class Recursion:
    """An op that its own rule may apply: such a use is bound before the rule is known."""

    def __init__(self, tracing: dict[Any, Recursion], key: Any):
        self._tracing, self._key = tracing, key
        self._op, self._applied = Recursive(), False
        self._shared: list[Any] = []
        self._primal: Callee | None = None

    @property
    def running(self) -> bool:
        """Whether the rule of this very op is being traced."""
        return self._key in self._tracing

    def apply(self, op: str, arrays: Sequence[Any]) -> Any:
        """Use the op inside its rule."""
        outer = self._tracing[self._key]
        outer._applied = True
        return outer._use(op, [*outer._shared, *arrays], outer._op)

    def traced(
        self, primal: Callee, rule: Callable[[], list[Callee]], arrays: Sequence[Any]
    ) -> tuple[list[Callee], JointOperands]:
        """The callees of the rule, and what they and the function take together.

        A use inside takes what all of them close over and is being traced, which a first trace finds.
        """
        self._primal = primal
        callees = self._around(rule)
        if not self._applied:
            return callees, JointOperands([primal, *callees], arrays)
        constants = (constant for callee in [primal, *callees] for constant in callee.constants)
        self._shared = list({id(each): each for each in constants if jax_compat.is_tracer(each)}.values())
        if self._shared:
            callees = self._around(rule)
        return callees, JointOperands([primal, *callees], arrays, self._shared)

    def _around(self, rule: Callable[[], list[Callee]]) -> list[Callee]:
        self._tracing[self._key] = self
        try:
            return rule()
        finally:
            del self._tracing[self._key]

    def bind(self, op: str, operands: JointOperands, callees: dict[str, Jaxpr]) -> Any:
        """Apply the op outside, now that its callees are known."""
        self._op.callees = callees
        return self._use(op, operands.values, self._op if self._applied else {**callees})

    def _use(self, op: str, values: Sequence[Any], callees: Recursive | Callees) -> Any:
        primal = self._primal
        assert primal is not None
        if op == "lift.custom_vjp":
            first = len(values) - len(primal.jaxpr.in_avals) + len(primal.constants)
            values = [*without_gradients(primal.name, *values[:first]), *values[first:]]
        results = bind(op, values, callees, primal.out_avals, name=primal.name)
        return jax.tree.unflatten(primal.out_tree, results)


def without_gradients(name: str, *values: Any) -> list[Any]:
    """What the function `name`, whose reverse is a rule, closes over: to ask for its gradient is an error."""
    reason = (
        f"`{name}` closes over a value whose gradient is asked for, of which its rule says nothing\n"
        f"  hint: make it an argument of `{name}`, or stop its gradient by `jax.lax.stop_gradient`"
    )

    def kept_apart(value: Any) -> Any:
        if not jax_compat.is_tracer(value) or not jax_compat.can_carry_tangent(value):
            return value
        avals = avals_of([value])
        same = {"callee": jax_compat.make_jaxpr(lambda x: x, avals)}
        return bind("lift.no_derivative", [value], same, avals, name=name, reason=reason)[0]

    return list(map(kept_apart, values))


class JointOperands:
    """What callees that are one op's take together: the constants of each of them, then the arguments.

    With `shared` only those constants, of which each callee takes its own; the others stay inside.
    """

    def __init__(
        self, callees: Sequence[Callee], arrays: Sequence[Any], shared: Sequence[Any] | None = None
    ):
        first = [each for callee in callees for each in callee.constants] if shared is None else shared
        self.values = [*first, *arrays]
        self.avals = avals_of(self.values)
        self._first = len(first)
        self._callees = callees
        self._places = None if shared is None else {id(each): place for place, each in enumerate(shared)}

    def constants(self, callee: Callee, values: Sequence[Any]) -> Sequence[Any]:
        if self._places is not None:
            places = [self._places.get(id(constant)) for constant in callee.constants]
            pairs = zip(callee.constants, places, strict=True)
            return [constant if place is None else values[place] for constant, place in pairs]
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
