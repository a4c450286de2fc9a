"""`compile`: a function compiled as a whole, with a say in what becomes of equal layers and of its state."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import jax

from stablelift.ir.policy import Policy, parse
from stablelift.lowering import jax_compat
from stablelift.passes.layers.outline import Outline
from stablelift.runtime.budget import Finish, Kept, within
from stablelift.runtime.carried import Carried
from stablelift.runtime.choice import Choice, chosen
from stablelift.runtime.program import Program
from stablelift.runtime.rolled import Rolled, signature_of

LAYERS = ("auto", "inline", "outline", "roll")


def compile(
    function: Callable,
    *,
    carry: int = 0,
    layers: str = "auto",
    remat: Policy | str | None = None,
    donate: bool = False,
) -> CompiledFunction:
    """`function` compiled as a whole for each kind of arguments: our passes see all the lifts in it at once.

    Args:
      function: A function of pytrees of arrays, such as a training step.
      carry: The number of leading arguments that the function's leading results take the place of in the next
        call: 2 for `step(params, opt_state, batch) -> (params, opt_state, loss)`. What is carried may be kept
        in another form between calls; such results are `Carried`, which reads like the tree it stands for.
      layers: What becomes of calls of equal submodules. "inline": nothing. "outline": each stays a call of
        one function, which XLA compiles once. "roll": chains of them become loops, so that compile time does
        not grow with depth; what is carried is kept stacked, other operands are stacked in every call.
        "auto": chosen by depth, see `choice`.
      remat: What the reverse keeps of repeated layers and of loops, where the function does not say: one of
        `stablelift.checkpoint_policies`, or its text. Without it loops are left to the optimiser (`auto`),
        and layers keep what their reverse uses.
      donate: Whether results may take over the buffers of what is carried, which is then deleted.

    Raises:
      ValueError: `layers` is none of the above, `remat` spells no policy, or `carry` is negative.
      LiftError: When called: an op has no rule, the function has side effects, or it does not fit the budget.
    """
    if layers not in LAYERS:
        raise ValueError(f"layers: expected one of {', '.join(LAYERS)}, found {layers!r}")
    if carry < 0:
        raise ValueError(f"carry: expected at least 0, found {carry}")
    policy = parse(remat) if isinstance(remat, str) else remat
    if policy is not None and not isinstance(policy, Policy):
        raise ValueError(f"remat: expected one of stablelift.checkpoint_policies, found {remat!r}")
    return CompiledFunction(function, carry, layers, policy, donate)


class CompiledFunction:
    """A function that is compiled when it is first called on arguments of some types.

    Attributes:
      choice: What becomes of equal layers, and why; None before the first call.
      kept: What a budget has led to for the latest arguments, and what XLA takes; None without a budget.
    """

    def __init__(self, function: Callable, carry: int, layers: str, remat: Policy | None, donate: bool):
        self._function, self._carry, self._layers, self._donate = function, carry, layers, donate
        self._remat = remat
        self.choice: Choice | None = None
        self.kept: Kept | None = None
        self._programs: dict[Any, Program] = {}
        self._after_passes: dict[Program, Program] = {}
        self._rolled: dict[Any, Rolled] = {}
        self._jitted: Any = None
        self._latest: tuple[Program, Program] | None = None
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        if self._jitted is not None:  # dispatch is jax.jit's
            return self._jitted(*args)
        if self.choice is None:
            self._choose(*args)
            return self(*args)
        return self._variant(*args)(*args)

    def prepare(self, *args: Any) -> None:
        """Trace, differentiate and run the passes for arguments of the types of `args`; XLA waits for a
        call.
        """
        if self.choice is None:
            self._choose(*args)
        if self._jitted is None:
            self._variant(*args)
        else:
            self._finished(*args)

    @property
    def latest(self) -> tuple[Program, Program]:
        """The program of the function's latest arguments, as traced and after the passes."""
        if self._latest is None:
            raise ValueError("nothing is compiled yet: call the function, or `prepare` it, first")
        return self._latest

    def _choose(self, *args: Any) -> None:
        """Decide on the first arguments what becomes of layers, for good."""
        program = self._program(*args)
        self.choice = chosen(self._layers, program, carries=bool(self._carry))
        if self.choice.layers != "roll":
            donated = tuple(range(self._carry)) if self._donate else ()
            self._jitted = jax.jit(self._staged, donate_argnums=donated)

    def _program(self, *args: Any) -> Program:
        """The function traced for arguments of some types."""
        key = tuple(map(signature_of, args))
        if key not in self._programs:
            self._programs[key] = Program.trace(self._function, *args)
        return self._programs[key]

    def _staged(self, *args: Any) -> Any:
        """The function on tracers: one call of its finished program."""
        program = self._finished(*jax.tree.map(jax_compat.aval_of, args))
        results = program.bind(*jax.tree.leaves(args))
        return jax.tree.unflatten(program.out_tree, results)

    def _finished(self, *args: Any) -> Program:
        """The function's program for arguments of some types, after the passes."""
        assert self.choice is not None
        program = self._program(*args)
        if program not in self._after_passes:
            passes = (Outline(),) if self.choice.layers == "outline" else ()

            def finish(policy: Policy | None) -> Program:
                return program.after_passes(layers=passes, remat=policy)

            self._after_passes[program] = finish(self._kept(finish))
        self._latest = program, self._after_passes[program]
        return self._after_passes[program]

    def _kept(self, finish: Finish) -> Policy | None:
        """What the reverse is to keep: as asked for, or what fits the budget that was asked for."""
        if self._remat is None or self._remat.name != "budget":
            return self._remat
        self.kept = within(self._remat, finish)
        return self.kept.policy

    def _variant(self, *args: Any) -> Rolled:
        key = tuple(arg.signature if isinstance(arg, Carried) else signature_of(arg) for arg in args)
        if key not in self._rolled:
            plain = [jax.tree.unflatten(tree, avals) for tree, avals in key]
            program = self._program(*plain)

            def finish(policy: Policy | None) -> Program:
                return Rolled(program, self._carry, self._donate, policy).program

            self._rolled[key] = Rolled(program, self._carry, self._donate, self._kept(finish))
            self._latest = program, self._rolled[key].program
        return self._rolled[key]
