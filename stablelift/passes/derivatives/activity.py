"""What tangents reach: the values of a function, and what they are when users' rules say so.

A value is active when a tangent reaches it. Where one reaches a function with a derivative rule of its own,
its results are those that the rule returns, as in JAX, whether a derivative is asked of them or not. The
sweeps put rules in the place of the ops that they differentiate; `ruled` does it for all that they leave as
it is: auxiliary results, predicates. Source: Griewank and Walther 2008, chapter 6.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

from stablelift.ir import hlo
from stablelift.ir.mlir import ir, operations_of
from stablelift.ir.region import used_by
from stablelift.passes.callgraph import Measured, callees, references
from stablelift.passes.derivatives.table import locally_constant_ops, reach, rule_values
from stablelift.passes.liveness import needed_for
from stablelift.passes.module import Functions, body_of, replace

Positions = tuple[int, ...]

_USER_RULES = ("lift.custom_jvp", "lift.custom_vjp")


class Step(NamedTuple):
    """An op that a tangent passes: its operands, which of them carry one, and its results."""

    op: ir.Operation
    operands: list[ir.Value]
    wanted: list[bool]
    results: list[ir.Value]


class Activity:
    """What tangents reach in functions of one module."""

    def __init__(self, functions: Functions):
        self.functions = functions
        self._active: dict[tuple[str, Positions], Positions] = {}
        self._reaching: dict[tuple[str, Positions], set[int]] = {}
        self._carries: dict[Any, bool] = {}
        self._ruled: dict[tuple[str, Positions], str] = {}
        self._has_rules = Measured(functions, self._finds_rules, False)

    def active_results(self, name: str, wrt: Positions) -> Positions:
        """The results of `@name` that a tangent of the inputs `wrt` can reach."""
        key = (name, wrt)
        if key not in self._active:
            function = self.functions[name]
            block = body_of(function)
            active = {block.arguments[index] for index in wrt}
            *operations, terminator = operations_of(function)
            for op in operations:
                self.spread(op, active)
            returned = terminator.operands
            self._active[key] = tuple(index for index, value in enumerate(returned) if value in active)
        return self._active[key]

    def reaching(self, name: str, wrt: Positions, of: Positions) -> Positions:
        """Those of the inputs `wrt` of `@name` whose tangents may reach one of the results `of`.

        The cotangents of the others are zero.
        """
        key = (name, of)
        if key not in self._reaching:
            *operations, terminator = operations_of(self.functions[name])
            passing = [op for op in operations if op.name not in locally_constant_ops]
            needed = needed_for(passing, [terminator.operands[index] for index in of])
            arguments = body_of(self.functions[name]).arguments
            self._reaching[key] = {index for index, value in enumerate(arguments) if value in needed}
        return tuple(index for index in wrt if index in self._reaching[key])

    def spread(self, op: ir.Operation, active: set[ir.Value]) -> Step | None:
        """The step back through `op` when a tangent passes it: its results that carry one join `active`."""
        operands = list(op.operands)
        used = used_by(op, operands) if len(op.regions) else operands
        if active.isdisjoint(used) or op.name in locally_constant_ops:
            return None
        results: list[ir.Value] = list(op.results)
        carrying = [result for result in results if self.carries_tangent(result.type)]
        wanted = [operand in active for operand in operands]
        if carrying and op.name in reach:
            reached = {results[index] for index in reach[op.name](self, op, wanted)}
            carrying = [result for result in carrying if result in reached]
        if not carrying:
            return None
        step = Step(op, operands, wanted, results)
        active.update(carrying)
        return step

    def carries_tangent(self, type: Any) -> bool:
        if type not in self._carries:
            self._carries[type] = hlo.is_inexact(type)
        return self._carries[type]

    # By users' rules

    def ruled(self, name: str, wrt: Sequence[int]) -> str:
        """The function that computes what `@name` does where tangents reach the inputs `wrt`."""
        key = (name, tuple(wrt))
        if not wrt or not self._has_rules(name):
            return name
        if key not in self._ruled:
            self._ruled[key] = name  # what a recursive user rule meets
            function = self.functions.clone(name, f"{name}__ruled")
            block = body_of(function)
            self.rule_block(block, {block.arguments[index] for index in wrt})
            self._ruled[key] = function.name.value
        return self._ruled[key]

    def rule_block(self, block: ir.Block, active: set[ir.Value]) -> None:
        """`rule` of the ops of a block whose values `active` are reached."""
        for op in [each.operation for each in block.operations]:
            self.spread(op, active)
            are_active = [result in active for result in op.results]
            results = self.rule(op, active)
            active.update(result for result, is_active in zip(results, are_active, strict=True) if is_active)

    def rule(self, op: ir.Operation, active: Container[ir.Value]) -> list[ir.Value]:
        """Let an op that is not differentiated compute what it does where tangents reach those values; its
        results, or what has taken their place.
        """
        if op.name not in rule_values:
            return list(op.results)
        reached = [operand in active for operand in op.operands]
        if not any(reached):
            return list(op.results)
        with ir.InsertionPoint(op), op.location:
            found = rule_values[op.name](self, op, reached)
        if found is None:
            return list(op.results)
        replace(op, found)
        return [result.value for result in found]

    def _finds_rules(self, name: str) -> bool:
        """Whether an op with a user's rule is in `@name`, or in what it refers to."""
        ops = references(self.functions[name])
        has_own = any(op.operation.name in _USER_RULES for op in ops)
        return has_own or any(self._has_rules(callee) for op in ops for callee in callees(op))
