"""The two sweeps over a function: forward mode beside the primal ops, reverse mode after them.

`jvp` clones a function and adds to each active op the ops of its tangent. `joint` clones it and appends the
reverse sweep, so that one function computes results and gradients; `partition` cuts that function where
forward and reverse must part. All derived functions are kept by what they were derived for, so that equal
calls share them.

Only what is active is touched: a value is when a tangent reaches it, and an op's rule runs only when its
result is active and a cotangent arrives. Source: Griewank and Walther 2008, chapters 3 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from stablelift.errors import LiftError
from stablelift.ir.location import derived, where
from stablelift.ir.maxima import note, noted
from stablelift.ir.mlir import func, ir, operations_of, walk
from stablelift.ir.policy import AUTO, Policy
from stablelift.ir.region import Use, captures, used_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.callgraph import PLAIN_CALLS, callee_of, plain_calls
from stablelift.passes.derivatives.activity import Activity, Positions, Step
from stablelift.passes.derivatives.quiet import Quiet
from stablelift.passes.derivatives.table import add, derivatives, instantiate, locally_constant_ops
from stablelift.passes.inline import inline_at
from stablelift.passes.kept import is_kept
from stablelift.passes.maxima import Maximum, positions_in
from stablelift.passes.module import Functions, body_of, drop_argument, finish
from stablelift.passes.remat.partition import Split

_MOST_RESIDUALS = 5000
"""For each op. Functions that call others twice, and these others, keep more than there is memory for."""

_MOST_CALLS = 100_000

_BOUNDARY = "lift.reverse_begins"
"""A marker between the forward and the reverse ops of a joint function under construction."""


class Choice(Protocol):
    """What is to cross the cut between a forward and a reverse function; equal choices are made once."""

    def residuals(self, functions: Functions, split: Split) -> Split:
        """The split with the residuals that are chosen."""
        ...


class Derive(Activity):
    """Derives functions of one module; made once per run of the pass.

    `loop_policy` says what crosses the cut in the body of a loop, and whether the user has said so. With a
    policy of the user's, it says so of layers too, of those that a function calls repeatedly
    (`layer_policy`). `times` is how often what is being derived is done, by the loops and layers around it,
    `region` the policy of the rematerialised function that it is in. `quiet` makes functions for what is
    computed a second time.
    """

    def __init__(self, functions: Functions, policy: Policy | None = None):
        super().__init__(functions)
        self.loop_policy = policy or AUTO, policy is not None
        self.times = 1
        self.region: Policy | None = None
        self.quiet = Quiet(functions)
        self._policy = policy
        self._repeated: dict[str, int] | None = None
        self._jvps: dict[tuple[str, Positions, Positions], func.FuncOp] = {}
        self._joints: dict[tuple[str, Positions, Positions], func.FuncOp] = {}
        self._splits: dict[tuple[str, Positions, Positions, Choice | None, Policy | None], Split] = {}
        self._linked: dict[bytes, func.FuncOp] = {}
        self._flat: dict[str, str] = {}
        self._inlined: dict[str, int] = {}  # how many functions are in each that is flat

    def jvp(self, name: str, wrt: Positions, of: Positions) -> func.FuncOp:
        """`@name__jvp`: (inputs, tangents of the inputs wrt) -> (results, tangents of the results of)."""
        key = (name, wrt, of)
        if key not in self._jvps:
            self._jvps[key] = self._forward(name, wrt, of)
        return self._jvps[key]

    def joint(self, name: str, wrt: Positions, of: Positions) -> func.FuncOp:
        """`@name__vjp`: (inputs, cotangents of the results of) -> (results, gradients of the inputs wrt)."""
        key = (name, wrt, of)
        if key not in self._joints:
            self._joints[key], boundary = self._joint(name, wrt, of)
            boundary.erase()
        return self._joints[key]

    def partition(self, name: str, wrt: Positions, of: Positions, choice: Choice | None = None) -> Split:
        """The joint function of `@name`, cut; what crosses the cut is what the reverse needs, or a `choice`.

        For a choice what `@name` calls is inlined: it is made among all values of one block.
        """
        key = (name, wrt, of, choice, self.region)
        if key not in self._splits:
            flat = name if choice is None else self.flattened(name)
            split = self._partition(flat, self._joint(flat, wrt, of)[0], len(wrt))
            if choice is not None:
                for op in walk(split.forward, *PLAIN_CALLS):
                    if not is_kept(op):
                        inline_at(op, self.functions[self.flattened(callee_of(op))])
                split = choice.residuals(self.functions, split)
            self._splits[key] = split
        return self._splits[key]

    def flattened(self, name: str) -> str:
        """`@name` with its calls inlined: a loop then stacks a residual once, not again for each callee."""
        if name not in self._flat:
            self._flat[name] = name  # what a recursive user rule meets
            function = self.functions.clone(name, name)
            for op in walk(function, *PLAIN_CALLS):
                if is_kept(op):
                    continue
                callee = self.flattened(callee_of(op))
                self._inlined[name] = self._inlined.get(name, 1) + self._inlined.get(callee_of(op), 1)
                if self._inlined[name] > _MOST_CALLS:
                    raise _too_much(function, f"`{name}` stands for more than {_MOST_CALLS} calls")
                inline_at(op, self.functions[callee])
            self._flat[name] = function.name.value
        return self._flat[name]

    @contextmanager
    def repeated(self, times: int) -> Iterator[None]:
        """While it lasts, what is derived is done that many times as often, if the policy cares."""
        before = self.times
        if self._policy is not None and self._policy.name == "price":
            self.times *= max(1, times)
        try:
            yield
        finally:
            self.times = before

    @contextmanager
    def inside(self, policy: Policy) -> Iterator[None]:
        """While it lasts, what is derived is inside of a function that is rematerialised under a policy."""
        before, self.region = self.region, policy
        try:
            yield
        finally:
            self.region = before

    def layer_policy(self, op: ir.Operation) -> tuple[Policy | None, int]:
        """What the reverse of the call `op` keeps, if the user says so, and how many calls of the layer there
        are, which must be several.
        """
        if self._policy is None or "layer" not in op.attributes:
            return None, 1
        if self._repeated is None:
            calls = [plain_calls(function).items() for function in self.functions.by_name.values()]
            self._repeated = {name: len(ops) for found in calls for name, ops in found if len(ops) > 1}
        count = self._repeated.get(callee_of(op), 1)
        return (self._policy if count > 1 else None), count

    def linked(self, bytecode: bytes, wanted: str) -> func.FuncOp:
        """The `main` of another module, joined to this one; equal modules are joined once."""
        if bytecode not in self._linked:
            self._linked[bytecode] = self.functions.link(bytecode, wanted)
        return self._linked[bytecode]

    # Forward mode ---------------------------------------------------------------------------------

    def _forward(self, name: str, wrt: Positions, of: Positions) -> func.FuncOp:
        function = self.functions.clone(name if of else self.ruled(name, wrt), f"{name}__jvp")
        block = body_of(function)
        *operations, terminator = operations_of(function)
        with ir.InsertionPoint(terminator), function.location:
            returned = _anchor(list(terminator.operands))
        terminator.erase()
        tangents: dict[ir.Value, Tensor] = {}
        for index in wrt:
            argument = block.arguments[index]
            tangents[argument] = Tensor(block.add_argument(argument.type, function.location))
        for op in operations if of else ():
            self._push_forward(op, tangents)
        returned = _held(returned)
        with ir.InsertionPoint(block), function.location:
            outputs = [instantiate(tangents.get(returned[index]), Tensor(returned[index])) for index in of]
        finish(function, [*returned, *(tangent.value for tangent in outputs)])
        return function

    def _push_forward(self, op: ir.Operation, tangents: dict[ir.Value, Tensor]) -> None:
        if tangents.keys().isdisjoint(used_by(op)) or op.name in locally_constant_ops:
            return
        if not any(self.carries_tangent(result.type) for result in op.results):
            self.rule(op, tangents)
            return
        rule = derivatives.find(op)
        found = [tangents.get(operand) for operand in op.operands]
        with ir.InsertionPoint.after(op), derived("jvp", op):
            # A rule may replace the op, so its results are found again through an anchor.
            anchor = _anchor(op.results)
            outputs = rule.jvp(self, op.opview, found)
        for result, tangent in zip(_held(anchor), outputs, strict=True):
            if tangent is not None:
                tangents[result] = tangent

    # Reverse mode ---------------------------------------------------------------------------------

    def _joint(self, name: str, wrt: Positions, of: Positions) -> tuple[func.FuncOp, ir.Operation]:
        """The joint function under construction, and the marker between its forward and its reverse ops."""
        function = self.functions.clone(name, f"{name}__vjp")
        block = body_of(function)
        *operations, terminator = operations_of(function)
        returned = list(terminator.operands)
        terminator.erase()
        active = {block.arguments[index] for index in wrt}
        on_path: list[Step] = []
        for op in operations:
            if step := self.spread(op, active):
                on_path.append(step)
            else:
                self.rule(op, active)

        cotangents: dict[ir.Value, Tensor] = {}
        maxima = noted(self.functions[name])
        with ir.InsertionPoint(block), function.location:
            boundary = ir.Operation.create(_BOUNDARY)
            for index in of:
                argument = block.add_argument(returned[index].type, function.location)
                given = Maximum(argument) if index in maxima else Tensor(argument)
                if returned[index] in active:
                    cotangents[returned[index]] = _plus(cotangents.get(returned[index]), given)
            anchor = _anchor(returned)
            for step in reversed(on_path):
                self._pull_back(step, cotangents)
            gradients = [
                instantiate(cotangents.get(block.arguments[index]), Tensor(block.arguments[index]))
                for index in wrt
            ]
            returned = _held(anchor)
        finish(function, [*returned, *(gradient.value for gradient in gradients)])
        note(function, positions_in([*[None] * len(returned), *gradients]))
        return function, boundary

    def _pull_back(self, step: Step, cotangents: dict[ir.Value, Tensor]) -> None:
        op, operands, wanted, results = step
        found = [cotangents.pop(result, None) for result in results]
        if not any(found):
            self.rule(op, {operand for operand, wants in zip(operands, wanted, strict=True) if wants})
            return
        rule = derivatives.find(op)
        with derived("transpose", op):
            gradients = rule.vjp(self, op.opview, found, wanted)
            for operand, wants, gradient in zip(operands, wanted, gradients, strict=True):
                if wants and gradient is not None:
                    cotangents[operand] = _plus(cotangents.get(operand), gradient)

    # The cut --------------------------------------------------------------------------------------

    def _partition(self, name: str, joint: func.FuncOp, num_gradients: int) -> Split:
        block = body_of(joint)
        *operations, terminator = operations_of(joint)
        returned = list(terminator.operands)
        split = len(returned) - num_gradients
        terminator.erase()
        boundary = [op.name for op in operations].index(_BOUNDARY)
        reverse_ops = operations[boundary + 1 :]
        num_inputs = len(self.functions[name].type.inputs)
        cotangents = list(block.arguments)[num_inputs:]
        uses, results = _uses_from_outside(reverse_ops, cotangents)
        crossing = [use.value for use in uses] + [value for value in returned[split:] if value not in results]
        residuals, constants = _residuals(crossing)
        if len(residuals) > _MOST_RESIDUALS * len(operations):
            raise _too_much(joint, f"reverse mode of `{name}` would keep {len(residuals)} values")

        inputs = [value.type for value in [*residuals, *cotangents]]
        reverse = self.functions.create(f"{name}__bwd", inputs, joint.location)
        moved = body_of(reverse)
        translate: dict[ir.Value, ir.Value] = dict(
            zip([*residuals, *cotangents], moved.arguments, strict=True)
        )
        with ir.InsertionPoint(moved):
            for value in constants:
                owner: Any = value.owner
                translate[value] = owner.clone().results[0]
        for op in reverse_ops:
            moved.append(op)
        for use in uses:
            use.op.operands[use.position] = translate[use.value]
        for old in cotangents:
            old.replace_all_uses_with(translate[old])
        finish(reverse, [translate[value] if value in translate else value for value in returned[split:]])

        operations[boundary].erase()
        for _ in cotangents:
            drop_argument(block, len(block.arguments) - 1)
        self.functions.rename(joint, f"{name}__fwd")
        finish(joint, [*returned[:split], *residuals])
        note(reverse, [position - split for position in sorted(noted(joint))])
        note(joint, [])
        return Split(joint, reverse, len(residuals))


def _too_much(function: func.FuncOp, what: str) -> LiftError:
    place = where(function.location)
    return LiftError(
        f"{f'{place}: ' if place else ''}error: {what}\n"
        "  it calls functions more than once, and so do these, and what these call\n"
        "  hint: make a loop of what is called over and over (stablelift.functional.scan)"
    )


def _anchor(values: Sequence[ir.Value]) -> ir.Operation:
    """An op that holds on to values while ops are replaced; `_held` gives what they have become."""
    return ir.Operation.create("lift.held", operands=list(values))


def _held(anchor: ir.Operation) -> list[ir.Value]:
    values = list(anchor.operands)
    anchor.erase()
    return values


def _uses_from_outside(
    operations: Sequence[ir.Operation], given: Sequence[ir.Value]
) -> tuple[list[Use], set[ir.Value]]:
    """The uses, in the operations and their regions, of values that are neither `given` nor their results;
    and those that are.
    """
    own = set(given)
    found: list[Use] = []
    for op in operations:
        found += [Use(op, index, value) for index, value in enumerate(op.operands) if value not in own]
        if len(op.regions):
            found += [use for use in captures(op) if use.value not in own]
        own.update(op.results)
    return found, own


def _residuals(values: Sequence[ir.Value]) -> tuple[list[ir.Value], list[ir.Value]]:
    """Of the forward values that the reverse uses, those to be saved, and the constants to be repeated."""
    saved: list[ir.Value] = []
    repeated: list[ir.Value] = []
    for value in dict.fromkeys(values):
        constant = isinstance(value, ir.OpResult) and value.owner.name == "stablehlo.constant"
        (repeated if constant else saved).append(value)
    return saved, repeated


def _plus(x: Tensor | None, y: Tensor) -> Tensor:
    total = add(x, y)
    assert total is not None
    return total
