"""lift-gradient: the entry point returns gradients beside its results, given cotangents beside its arguments.

    func @main(%x) -> %y   ==>   func @main(%x, %ct) -> (%y, %dx), by a `lift.vjp` of what it was

With a policy what it was is rematerialised: the reverse keeps what the policy says. For programs that nobody
here traced; what is traced asks for its gradients itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.errors import LiftError
from stablelift.ir.lift import Signature, differentiable, signature_of
from stablelift.ir.mlir import func, functions, ir, is_private
from stablelift.ir.policy import Policy
from stablelift.ir.tensor import Tensor
from stablelift.passes.base import ModulePass
from stablelift.passes.module import Functions, body_of, finish
from stablelift.passes.structure import define, lift_op


@dataclass(frozen=True)
class Gradient(ModulePass):
    name = "lift-gradient"
    policy: Policy | None = None

    def run(self, module: ir.Module) -> None:
        known = Functions(module)
        main = _entry(module)
        name = main.name.value
        callee = known.clone(name, f"{name}__primal")
        whole = signature_of(main)
        if self.policy is not None:
            given = {callee.name.value: whole}
            attributes = {"callee": callee.name.value, "prevent_cse": True, "policy": str(self.policy)}

            def recomputed(arguments: list[Tensor]) -> list[Tensor]:
                return lift_op("lift.remat", arguments, given, **attributes)

            with main.location:
                callee = define(known, f"{name}__remat", whole.inputs, recomputed)
        _differentiate(main, callee, whole)


def _entry(module: ir.Module) -> func.FuncOp:
    public = {name: one for name, one in functions(module).items() if not is_private(one)}
    if "main" not in public and len(public) != 1:
        raise LiftError(f"error: expected a function `@main`, or one that is public, found {len(public)}")
    return public["main"] if "main" in public else next(iter(public.values()))


def _differentiate(main: func.FuncOp, callee: func.FuncOp, whole: Signature) -> None:
    """Let `main` be the `lift.vjp` of `callee`, which has the types `whole`."""
    wrt, of = differentiable(whole.inputs), differentiable(whole.results)
    block = body_of(main)
    for op in reversed(list(block.operations)):
        op.operation.erase()
    for index in of:
        block.add_argument(whole.results[index], main.location)
    for notes in ("arg_attrs", "res_attrs"):
        if notes in main.attributes:
            del main.attributes[notes]
    name = callee.name.value
    with ir.InsertionPoint(block), main.location:
        operands = [Tensor(argument) for argument in block.arguments]
        results = lift_op("lift.vjp", operands, {name: whole}, callee=name, wrt=wrt, of=of)
    finish(main, [result.value for result in results])
