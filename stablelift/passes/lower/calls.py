"""Calls, user rules, remat and names: once nothing is left to differentiate, a call or the value itself."""

from __future__ import annotations

from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.tensor import Tensor
from stablelift.passes.kept import keep_like
from stablelift.passes.lower.table import lowers
from stablelift.passes.module import Functions, call


@lowers("lift.call", "lift.remat", "lift.custom_jvp", "lift.custom_vjp", "lift.foreign", "lift.no_derivative")
def lower_call(functions: Functions, op: Any) -> list[Tensor]:
    callee = functions[attributes_of(op)["callee"]]
    return list(keep_like(op, call(callee, [Tensor(operand) for operand in op.operation.operands])))


@lowers("lift.name", "lift.stop_gradient")
def identity(functions: Functions, op: Any) -> list[Tensor]:
    return [Tensor(operand) for operand in op.operation.operands]
