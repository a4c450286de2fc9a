"""What ops compute where tangents reach them: users' rules give values beside derivatives.

As in JAX, the results of a function with a rule of its own are then what its rule returns, also where no
derivative is asked of them (auxiliary results, predicates). The rule takes the place of the op; ops with
callees come to refer to others, in which that is so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.mesh import MANUAL
from stablelift.ir.mlir import ir, symbol
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.control import present
from stablelift.passes.derivatives.flow import settled_carry
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import operands_of, values_by_rule
from stablelift.passes.module import call


@values_by_rule("lift.custom_vjp")
def custom_vjp(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> list[Tensor]:
    found = call(derive.functions[attributes_of(op)["fwd"]], operands_of(op))
    return found[: len(op.results)]


@values_by_rule("lift.custom_jvp")
def custom_jvp(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> list[Tensor]:
    operands = operands_of(op)
    zeros = [hlo.zeros_like(x) for x in operands if hlo.is_inexact(x.type)]
    found = call(derive.functions[attributes_of(op)["jvp"]], [*operands, *zeros])
    return found[: len(op.results)]


def _refer(op: ir.Operation, attribute: str, name: str) -> None:
    if op.attributes[attribute] != symbol(name):
        op.attributes[attribute] = symbol(name)


@values_by_rule("func.call", "lift.call", "lift.remat", "stablehlo.composite")
def calls(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> None:
    attribute = "decomposition" if op.name == "stablehlo.composite" else "callee"
    called: Any = op.attributes[attribute]
    _refer(op, attribute, derive.ruled(called.value, present(reached)))


@values_by_rule("lift.scan")
def scan(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> None:
    attributes = attributes_of(op)
    body, counts = attributes["callee"], (attributes["num_consts"], attributes["num_carry"])
    _refer(op, "callee", derive.ruled(body, settled_carry(derive, body, present(reached), *counts)))


@values_by_rule("lift.while")
def while_loop(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> None:
    """Conditions stay what they are, as in JAX."""
    attributes = attributes_of(op)
    body, start = attributes["body"], present(reached[attributes["num_cond_consts"] :])
    _refer(op, "body", derive.ruled(body, settled_carry(derive, body, start, attributes["num_body_consts"])))


@values_by_rule("lift.switch")
def switch(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> None:
    branches = attributes_of(op)["branches"]
    ruled = [derive.ruled(branch, present(reached[1:])) for branch in branches]
    if ruled != list(branches):
        op.attributes["branches"] = ir.ArrayAttr.get([symbol(name) for name in ruled])


@values_by_rule(MANUAL)
def manual(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> None:
    block = op.regions[0].blocks[0]
    pairs = zip(block.arguments, reached, strict=True)
    derive.rule_block(block, {argument for argument, is_reached in pairs if is_reached})
