"""Batching rules: given an op whose operands carry a new leading axis, emit the batched op.

The batch axis is axis 0, always: the boundary moves axes, rules do not. An op that depends on no mapped
value is not touched, so a rule runs only when at least one operand is mapped (or the op is a collective
over the mapped axis).

    @batch(op)                (op, *operands): all operands carry the batch; the driver broadcasts the rest
    @batch(op, shared=True)   (op, *operands, mapped=...): as they are; `mapped` says which carry the batch
    batch_elementwise(*ops)   shape-blind ops: the same op on the batched operands

Such a rule returns the op's result, or a list of results; each carries the batch. Where results are mapped
one by one (calls, loops, collectives), a rule has two halves: `@results_mapped` says which results carry
the batch, and `@batch_structure` emits exactly those. A rule that does not calculate with sizes says so,
`any_size=True`: it holds where they are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from stablelift.errors import LiftError
from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import has_known_sizes, i32, tensor_type
from stablelift.passes.rules import Decorator, RuleTable

BATCH = "batch"
"""The label of the batch axis in contractions."""

Mapped = Sequence[bool]


class BatchRule(NamedTuple):
    """The two halves of a rule; the batcher is what batches functions, for ops that call them.

    results_mapped: (batcher, op, which operands are mapped) -> which results are.
    emit: (batcher, op, operands, which of them are mapped) -> results; None where the op itself, on operands
      that all carry the batch, is the batched op.
    any_size: whether it holds for sizes that are not known.
    """

    results_mapped: Callable[[Any, Any, Mapped], list[bool]]
    emit: Callable[[Any, Any, list[Tensor], Mapped], list[Tensor]] | None
    any_size: bool = False


batching: RuleTable[BatchRule] = RuleTable("batching", "stablelift/passes/batching/")


def union(a: Mapped, b: Mapped) -> list[bool]:
    """Where either is mapped."""
    return [x or y for x, y in zip(a, b, strict=True)]


def spread(x: Tensor, size: int) -> Tensor:
    """`x` repeated along a new leading axis of `size`; for a constant or a broadcast, a larger one."""
    shape, dimensions = (size, *x.shape), range(x.rank)
    if (constant := hlo.larger_splat(x, shape)) is not None:
        return constant
    if (made_by := hlo.made_by(x, "stablehlo.broadcast_in_dim")) is not None:
        dimensions = made_by.attributes["broadcast_dimensions"]
        x = Tensor(made_by.operands[0])
    return hlo.broadcast_in_dim(x, shape, shifted(dimensions), like=_counted() if size < 0 else None)


_examples: ContextVar[Tensor | None] = ContextVar("examples", default=None)


@contextmanager
def as_many_as(examples: Tensor | None) -> Iterator[None]:
    """While it lasts, there are as many examples as this has along axis 0, where the number is not known."""
    token = _examples.set(examples)
    try:
        yield
    finally:
        _examples.reset(token)


def extent(size: int) -> Tensor:
    """The number of examples as one size of several, tensor<1xi32>."""
    return hlo.vector([size], i32()) if size >= 0 else hlo.reshape(hlo.size_of(_counted(), 0), [1])


def _counted() -> Tensor:
    """A tensor whose first axis says how many examples there are."""
    examples = _examples.get()
    if examples is None:
        raise LiftError(
            "error: how many examples there are is not known in a function of which no argument is mapped\n"
            "  hint: export with numbers for sizes, or map one of its arguments"
        )
    return examples


def spread_over(x: Tensor, like: Tensor) -> Tensor:
    """A scalar, or one scalar for each example, repeated to the shape of the batched tensor `like`."""
    return hlo.broadcast_in_dim(x, like.shape, list(range(x.rank)), like)


def shifted(axes: Sequence[int]) -> list[int]:
    """Axes of a tensor where they stand once it carries the batch."""
    return [axes[index] + 1 for index in range(len(axes))]


def all_results(batcher: Any, op: Any, mapped: Mapped) -> list[bool]:
    """The common case: every result carries the batch."""
    return [True] * len(op.operation.results)


def batch(*names: str, shared: bool = False, any_size: bool = False) -> Decorator:
    """Enter a rule for ops whose results are all mapped once an operand is."""

    def enter(rule: Callable) -> Callable:
        def emit(batcher: Any, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
            if shared:
                found = rule(op, *operands, mapped=tuple(mapped))
            else:
                found = rule(op, *spread_unmapped(batcher.size, operands, mapped))
            return [found] if isinstance(found, Tensor) else list(found)

        for name in names:
            batching.enter(name, BatchRule(all_results, emit, any_size))
        return rule

    return enter


def spread_unmapped(size: int, operands: Sequence[Tensor], mapped: Mapped) -> list[Tensor]:
    """The operands, all of them carrying the batch."""
    return [x if is_mapped else spread(x, size) for x, is_mapped in zip(operands, mapped, strict=True)]


elementwise_ops: set[str] = set()
"""The ops that act on each element alone."""


def batch_elementwise(*names: str) -> None:
    """Enter ops that act on each element alone: batched, they are themselves."""
    elementwise_ops.update(names)

    for name in names:
        batching.enter(name, BatchRule(all_results, None, any_size=True))


def require_sizes(op: Any) -> None:
    """Refuse an op of sizes that are not known, with which a rule would calculate.

    Raises:
      LiftError: The op is one.
    """
    if not all(map(has_known_sizes, [*op.operation.operands, *op.operation.results])):
        _refuse_sizes(op)


def require_number(op: Any, *sizes: int) -> None:
    """Refuse an op where its rule wants to know these sizes of what is batched, and cannot.

    Raises:
      LiftError: One is not known.
    """
    if any(size < 0 for size in sizes):
        _refuse_sizes(op)


def _refuse_sizes(op: Any) -> None:
    what = f"no batching rule for `{op.operation.name}` of sizes that are not known"
    raise error_at(op, what, hint="export with numbers for sizes, or the function without this map")


def require_shared(op: Any, mapped: Mapped) -> None:
    """Refuse sizes that may differ from example to example.

    Raises:
      LiftError: One of these operands, which say sizes, is mapped.
    """
    if any(mapped):
        what = f"the sizes of `{op.operation.name}` may differ from example to example"
        raise error_at(op, what, hint="compute them from what all examples share")


def emit_batched(batcher: Any, op: Any, operands: Sequence[Tensor], mapped: Mapped) -> list[Tensor]:
    """The batched op beside the op itself, for who does not change it in place; its results."""
    rule = batching.find(op)
    if rule.emit is not None:
        return rule.emit(batcher, op, list(operands), mapped)
    spread_out = spread_unmapped(batcher.size, operands, mapped)
    return hlo.remake(op, spread_out, types=batched_types(op, batcher.size))


def batched_types(op: Any, size: int) -> list[Any]:
    """The types of the op's results with the batch in front."""
    return [
        tensor_type((size, *result.type.shape), result.type.element_type)
        for result in op.operation.results
    ]


_halves: dict[str, dict[str, Any]] = {}


def _half(names: Sequence[str], part: str, **more: Any) -> Decorator:
    def enter(rule: Callable) -> Callable:
        for name in names:
            found = _halves.setdefault(name, {})
            found |= {part: rule, **more}
            if {"results_mapped", "emit"} <= found.keys():
                batching.enter(name, BatchRule(**_halves.pop(name)))
        return rule

    return enter


def results_mapped(*names: str) -> Decorator:
    """Which results carry the batch: (batcher, op, mapped) -> a flag for each result.

    Must be monotone: more mapped operands never make fewer mapped results.
    """
    return _half(names, "results_mapped")


def batch_structure(*names: str, any_size: bool = False) -> Decorator:
    """Emit the batched op: (batcher, op, operands, mapped) -> results, mapped as `results_mapped` says."""
    return _half(names, "emit", any_size=any_size)
