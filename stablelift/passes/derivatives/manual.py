"""Derivatives of what each device of a mesh runs: a forward and a reverse function, each run by all of them.

What the reverse needs of the forward sweep is handed over with an axis in front, which has a part for each of
the devices where these differ. Where the function does not say where a value becomes the same on all devices
(`check_vma=False`), a result that is counts once, not once for each device, and an operand that is gets the
sum of what the devices have for it, as in JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mesh import MANUAL
from stablelift.ir.mlir import func, ir
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.passes import manual
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import pick
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, jvp, operands_of, vjp
from stablelift.passes.manual import Manual, Spec
from stablelift.passes.maxima import call
from stablelift.passes.module import body_of, replace
from stablelift.passes.remat.partition import Split
from stablelift.passes.structure import define, lift_op


@jvp(MANUAL)
def manual_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    this, name = manual.read(derive.functions, op), manual.outlined(derive.functions, op).name.value
    wrt = present(tangents)
    of = derive.active_results(name, wrt)
    results = manual.make(
        this,
        [*operands_of(op), *pick(tangents, wrt)],
        derive.jvp(name, wrt, of),
        [*this.inputs, *pick(this.inputs, wrt)],
        [*this.outputs, *pick(this.outputs, of)],
    )
    count = len(op.operation.results)
    replace(op, results[:count])
    return place(results[count:], of, count)


@vjp(MANUAL)
def manual_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    this, name = manual.read(derive.functions, op), manual.outlined(derive.functions, op).name.value
    wrt, of = present(wanted), present(cotangents)
    split = derive.partition(name, wrt, of)
    known = _operands_handed_on(split)
    operands, specs = operands_of(op), list(this.inputs)
    operation = op.operation
    with ir.InsertionPoint(operation), operation.location:
        forward = _forward(derive, split, known)
        residual_types: list[Any] = list(forward.type.results)[len(this.outputs) :]
        axes = manual.differing(derive.functions, this, name)
        residual_specs = [(axes, *((),) * (type.rank - 1)) for type in residual_types]
        results = manual.make(this, operands, forward, specs, [*this.outputs, *residual_specs])
    count = len(operation.results)
    replace(op, results[:count])
    given = [
        _share(this, this.outputs[index], ct) for index, ct in zip(of, pick(cotangents, of), strict=True)
    ]
    gradients = manual.make(
        this,
        [*(operands[index] for index in known.values()), *results[count:], *given],
        _reverse(derive, this, split, known, wrt),
        [*(specs[index] for index in known.values()), *residual_specs, *pick(this.outputs, of)],
        pick(specs, wrt),
    )
    return place(gradients, wrt, len(wanted))


def _operands_handed_on(split: Split) -> dict[int, int]:
    """The residuals that are arguments of the forward function, and which."""
    arguments: list[ir.Value] = list(body_of(split.forward).arguments)
    return {
        index: arguments.index(value) for index, value in enumerate(split.residuals) if value in arguments
    }


def _share(this: Manual, spec: Spec, ct: Tensor) -> Tensor:
    """Each device's part of the cotangent of a result that they all have."""
    copies = 1 if this.is_checked else this.parts(this.unmentioned(spec))
    return ct if copies == 1 else ct / copies


def _forward(derive: Derive, split: Split, known: dict[int, int]) -> func.FuncOp:
    """The forward function, with an axis in front of those residuals that are no arguments."""

    def forward(arguments: list[Tensor]) -> list[Tensor]:
        outputs = call(split.forward, arguments)
        count = len(outputs) - split.num_residuals
        residuals = [x for index, x in enumerate(outputs[count:]) if index not in known]
        return [*outputs[:count], *(hlo.reshape(x, [1, *x.shape]) for x in residuals)]

    name = split.forward.name.value
    return define(derive.functions, f"{name}__parts", list(split.forward.type.inputs), forward)


def _reverse(
    derive: Derive, this: Manual, split: Split, known: dict[int, int], wrt: Sequence[int]
) -> func.FuncOp:
    """The reverse function of what each device is given: arguments of the forward one, residuals with an
    axis in front, cotangents.
    """
    types: list[Any] = list(split.reverse.type.inputs)
    residuals, cotangents = types[: split.num_residuals], types[split.num_residuals :]
    others = [index for index in range(split.num_residuals) if index not in known]

    def reverse(arguments: list[Tensor]) -> list[Tensor]:
        found = dict(zip([*known, *others], arguments, strict=False))
        of_residuals = [hlo.reshape(found[index], type.shape) for index, type in enumerate(residuals)]
        gradients = call(split.reverse, [*of_residuals, *arguments[split.num_residuals :]])
        return [_total(this, this.inputs[index], x) for index, x in zip(wrt, gradients, strict=True)]

    with_axis = [
        tensor_type([1, *residuals[index].shape], residuals[index].element_type) for index in others
    ]
    inputs = [*(residuals[index] for index in known), *with_axis, *cotangents]
    return define(derive.functions, f"{split.reverse.name.value}__parts", inputs, reverse)


def _total(this: Manual, spec: Spec, gradient: Tensor) -> Tensor:
    """What the devices have together for an operand that they all have."""
    axes = () if this.is_checked else this.unmentioned(spec)
    return lift_op("lift.psum", [gradient], {}, axis_name=list(axes))[0] if axes else gradient
