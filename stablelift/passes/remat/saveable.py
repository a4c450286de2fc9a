"""What a policy decides about the results of an op: kept, moved to another memory, or recomputed.

JAX asks its policies about primitives, we about ops of StableHLO: `PRODUCTS` has the ops that stand for the
primitives which a policy speaks of. A name that `lift.name` gives to a value is the value's, whoever uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.policy import MARK, OVER_OPS, Policy

PRODUCTS: dict[str, tuple[str, ...]] = {
    "dot_general": ("stablehlo.dot_general", "stablehlo.dot"),
    "conv_general_dilated": ("stablehlo.convolution", "stablehlo.dynamic_conv"),
}
"""JAX's primitives that its policies single out, each with the ops that it lowers to."""


class Offload(NamedTuple):
    """The kinds of memory that a kept value is moved from and to while it waits for the reverse."""

    source: str
    target: str


Verdict = bool | Offload
"""Whether a value is kept; an Offload if so, but in another memory."""

Decide = Callable[[ir.Operation, Collection[str]], Verdict]
"""The verdict on the results of an op, which have been given these names."""


def decision(policy: Policy) -> Decide | None:
    """How a policy decides, value by value; None if it weighs values against each other.

    Raises:
      LiftError: It is a function that this process does not have.
    """
    if policy.name in ("auto", "min_cut", "budget", "price"):
        return None
    return _DECISIONS[policy.name](*policy.arguments)


def _has_no_batch_dims(op: ir.Operation) -> bool:
    if op.name == "stablehlo.dot":
        return True
    if op.name != "stablehlo.dot_general":
        return False
    numbers: Any = stablehlo.DotDimensionNumbers(op.attributes["dot_dimension_numbers"])
    return not numbers.lhs_batching_dimensions


def _dots(op: ir.Operation, names: Collection[str]) -> bool:
    return any(op.name in ops for ops in PRODUCTS.values())


def _offload_dots(source: str, target: str) -> Decide:
    return lambda op, names: Offload(source, target) if _has_no_batch_dims(op) else False


def _any_names_but(*refused: str) -> Decide:
    return lambda op, names: any(name not in refused and not name.startswith(MARK) for name in names)


def _either(first: Policy, second: Policy) -> Decide:
    decide, or_else = decision(first), decision(second)
    if decide is None or or_else is None:
        found = first if decide is None else second
        raise LiftError(
            f"error: `save_from_both_policies` joins policies that decide value by value, found `{found}`"
        )
    return lambda op, names: decide(op, names) or or_else(op, names)


def _saved_and_offloaded(
    saved: tuple[str, ...], offloaded: tuple[str, ...], source: str, target: str
) -> Decide:
    def decide(op: ir.Operation, names: Collection[str]) -> Verdict:
        if any(name in saved for name in names):
            return True
        return Offload(source, target) if any(name in offloaded for name in names) else False

    return decide


def _over_ops(name: str) -> Decide:
    if name not in OVER_OPS:
        raise LiftError(
            f"error: the policy `{name}` is a function that this process does not have\n"
            "  hint: import the module that makes it, by stablelift.checkpoint_policies.over_ops(function)"
        )
    saveable = OVER_OPS[name]

    def decide(op: ir.Operation, names: Collection[str]) -> bool:
        operands, results = ([str(value.type) for value in values] for values in (op.operands, op.results))
        return bool(saveable(op.name, operands, results))

    return decide


_DECISIONS: dict[str, Callable[..., Decide]] = {
    "everything_saveable": lambda: lambda op, names: True,
    "nothing_saveable": lambda: lambda op, names: False,
    "dots_saveable": lambda: _dots,
    "dots_with_no_batch_dims_saveable": lambda: lambda op, names: _has_no_batch_dims(op),
    "offload_dot_with_no_batch_dims": _offload_dots,
    "save_anything_except_these_names": lambda *refused: lambda op, names: not set(names) & set(refused),
    "save_any_names_but_these": _any_names_but,
    "save_only_these_names": lambda *kept: lambda op, names: not set(names).isdisjoint(kept),
    "save_from_both_policies": _either,
    "save_and_offload_only_these_names": _saved_and_offloaded,
    "over_ops": _over_ops,
}
