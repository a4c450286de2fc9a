"""`compile`: a function compiled as a whole, with a say in what becomes of equal layers and of its state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from stablelift.ir.policy import Policy, parse
from stablelift.runtime.compiled_function import CompiledFunction, Donated, Options
from stablelift.runtime.static import Specialised

LAYERS = ("auto", "inline", "outline", "roll")


def compile(
    function: Callable,
    *,
    donate: Donated = False,
    static: int | str | Sequence[int | str] = (),
    carry: int | None = None,
    layers: str = "auto",
    remat: Policy | str | None = None,
) -> CompiledFunction | Specialised:
    """`function` compiled as a whole for each kind of arguments: our passes see all the lifts in it at once.

    Args:
      function: A function of pytrees of arrays, such as a training step.
      donate: The arguments whose buffers results may take over, which are then deleted: positions, or True
        for those that are carried.
      static: Positions or names of arguments that are no arrays: each of their values, which are compared by
        hash, has a program of its own.
      carry: The number of leading arguments that the function's leading results take the place of in the next
        call: 2 for `step(params, opt_state, batch) -> (params, opt_state, loss)`. What is carried may be kept
        in another form between calls; such results are `Carried`, which reads like the tree it stands for.
        A function with one result may return it by itself. None: the leading arguments that are donated and
        returned, with the same trees and types.
      layers: What becomes of calls of equal submodules. "inline": nothing. "outline": each stays a call of
        one function, which XLA compiles once. "roll": chains of them become loops, so that compile time does
        not grow with depth; what is carried is kept stacked, other operands are stacked in every call.
        "auto": what costs least time over a thousand calls, see `choice`.
      remat: What the reverse keeps of repeated layers and of loops, where the function does not say: one of
        `stablelift.checkpoint_policies`, or its text. Without it loops are left to the optimiser (`auto`),
        and layers keep what their reverse uses.

    The stages are those of `jax.jit`: `.lower(*args)`, then `.compile()`, with `.as_text()`,
    `.cost_analysis()`, `.memory_analysis()` and, at the end, `.report()`.

    Raises:
      ValueError: `layers` is none of the above, `remat` spells no policy, `carry` is negative, or there is no
        argument of a name in `static`.
      LiftError: When called: an op has no rule, the function has side effects, or it does not fit the budget.
    """
    if layers not in LAYERS:
        raise ValueError(f"layers: expected one of {', '.join(LAYERS)}, found {layers!r}")
    if carry is not None and carry < 0:
        raise ValueError(f"carry: expected at least 0, found {carry}")
    policy = parse(remat) if isinstance(remat, str) else remat
    if policy is not None and not isinstance(policy, Policy):
        raise ValueError(f"remat: expected one of stablelift.checkpoint_policies, found {remat!r}")
    options = Options(donate, carry, layers, policy)
    if isinstance(static, int | str) or static:
        return Specialised(function, static, partial(_of_arrays, options))
    return CompiledFunction(function, options)


def _of_arrays(
    options: Options, function: Callable, positions: Sequence[int], names: Sequence[str]
) -> CompiledFunction:
    """The function compiled, whose arguments stand at `positions` of the ones that `donate` counts."""
    donate = options.donate
    if not isinstance(donate, bool):
        wanted = {donate} if isinstance(donate, int) else set(donate)
        if not wanted <= set(positions):
            raise ValueError(
                f"donate: expected arguments that are given by position and are not static, found {donate}"
            )
        donate = tuple(number for number, position in enumerate(positions) if position in wanted)
    return CompiledFunction(function, replace(options, donate=donate), names)
