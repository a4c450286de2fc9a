"""lift-derivatives: generate forward- and reverse-mode derivatives of functions of StableHLO.

    %y, %dy = "lift.jvp"(%x, %dx) {callee = @f, ...}   ==>   %y, %dy = call @f__jvp(%x, %dx)

Needs: lift-verify has run. A transform whose callee holds another one waits for that one (innermost first).
Importing this folder fills the table of rules, one file for each family of ops.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import func, ir, walk
from stablelift.ir.policy import Policy
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import Nesting
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import operands_of
from stablelift.passes.module import Functions, call, replace

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


@dataclass(frozen=True)
class Derivatives(ModulePass):
    """`policy`, where there is one, says what the reverse of a loop or of a repeated layer keeps."""

    name = "lift-derivatives"
    policy: Policy | None = None

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        nesting = Nesting(functions.by_name)
        derive = Derive(functions, self.policy)
        for name in list(functions.by_name):
            ready = [op for op in nesting.transforms(name) if op.name != "lift.vmap" and nesting.ready(op)]
            values = [op for op in ready if _is_value(op)]
            beside = _calls_of(functions[name], ready)
            for op in ready:
                pair = beside.pop(_call_of(op), None) if op.name == "lift.vjp" else None
                if pair is not None:
                    values = [value for value in values if value != pair]
                    _replace_pair(pair, op, derive)
                elif not _is_value(op):
                    _replace(op, derive)
            for op in values:
                _replace(op, derive)


Call = tuple[str, tuple[ir.Value, ...]]
"""The name of a function and what it is called on."""


def _is_value(op: ir.Operation) -> bool:
    """Whether a transform is asked for results alone, as they are where tangents reach the inputs."""
    return op.name == "lift.jvp" and not attributes_of(op)["of"]


def _calls_of(function: func.FuncOp, ready: Sequence[ir.Operation]) -> dict[Call, ir.Operation]:
    """The plain calls, and values, beside which a `lift.vjp` of the same function stands, on the same
    operands.

    JAX's own reverse mode leaves such pairs: it calls a lift, and later asks for its pullback.
    """
    wanted = {_call_of(op): op for op in ready if op.name == "lift.vjp"}
    found: dict[Call, ir.Operation] = {}
    for op in walk(function, "lift.call", "lift.jvp") if wanted else ():
        if op.name == "lift.call":
            key = op.attributes["callee"].value, tuple(op.operands)
        elif _is_value(op):
            key = _call_of(op)
        else:
            continue
        pullback = wanted.get(key)
        if pullback is not None and op.block == pullback.block and _reaches_alike(op, pullback):
            found.setdefault(key, op)
    return found


def _reaches_alike(beside: ir.Operation, pullback: ir.Operation) -> bool:
    return beside.name == "lift.call" or beside.attributes["wrt"] == pullback.attributes["wrt"]


def _call_of(op: ir.Operation) -> Call:
    attributes = attributes_of(op)
    primals = len(op.operands) - len(attributes["of" if op.name == "lift.vjp" else "wrt"])
    return attributes["callee"], tuple(op.operands)[:primals]


def _replace_pair(beside: ir.Operation, op: ir.Operation, derive: Derive) -> None:
    """A call and its pullback: the call, where the first of them stood, returns residuals too, from which the
    pullback goes on.
    """
    attributes = attributes_of(op)
    split = derive.partition(attributes["callee"], attributes["wrt"], attributes["of"])
    count, primals = len(beside.results), len(op.operands) - len(attributes["of"])
    with ir.InsertionPoint(beside if beside.is_before_in_block(op) else op), beside.location:
        ahead = call(split.forward, operands_of(op)[:primals])
    with ir.InsertionPoint(op), op.location:
        gradients = call(split.reverse, [*ahead[count:], *operands_of(op)[primals:]])
    replace(op, [*ahead[:count], *gradients])
    replace(beside, ahead[:count])


def _replace(op: ir.Operation, derive: Derive) -> None:
    attributes = attributes_of(op)
    generate = derive.jvp if op.operation.name == "lift.jvp" else derive.joint
    function = generate(attributes["callee"], attributes["wrt"], attributes["of"])
    with ir.InsertionPoint(op.operation), op.operation.location:
        results = call(function, operands_of(op))
    replace(op, results)
