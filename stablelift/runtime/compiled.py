"""A compiled program: called through JAX's C++ dispatch, with the times of its making and XLA's own
figures.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import jax

from stablelift.lowering.callee import named
from stablelift.lowering.widths import is_off, mode_for
from stablelift.runtime import wide
from stablelift.runtime.report import Report, report_of

if TYPE_CHECKING:
    from stablelift.runtime.program import Program


class Executable:
    """What XLA has made of a program: its text, its figures, and what it took to make.

    Attributes:
      program: The program.
      seconds: What each stage took.
    """

    def __init__(self, executable: Any, program: Program, seconds: Mapping[str, float]):
        self._executable = executable
        self.program, self.seconds = program, dict(seconds)

    def as_text(self) -> str:
        """XLA's optimised program."""
        return self._executable.as_text() or ""

    def memory_analysis(self) -> Any:
        """XLA's account of the memory it needs (`temp_size_in_bytes` and others)."""
        return self._executable.memory_analysis()

    def cost_analysis(self) -> Any:
        """XLA's estimate of FLOPs and bytes."""
        return self._executable.cost_analysis()

    def report(self) -> Report:
        """Seconds by stage and bytes by use; `print` it."""
        return report_of(self.seconds, self.memory_analysis())


class Compiled(Executable):
    """A program that has been through the passes and XLA. Call it on arrays of the program's types."""

    def __init__(self, program: Program, donate_argnums: tuple[int, ...] = ()):
        # Dispatch is jax.jit's, on the user's own arguments: no Python of ours stands between.
        self._jitted = jax.jit(named(partial(_call, program), program.name), donate_argnums=donate_argnums)
        started = time.perf_counter()
        timing = program.finished.timing
        with mode_for((*program.in_avals, *program.out_avals)):
            lowered = self._jitted.lower(*jax.tree.unflatten(program.in_tree, program.in_avals))
            lowered_at = time.perf_counter()
            executable = lowered.compile()
        seconds = timing.by_pass()
        seconds["hand-over"] = max(0.0, lowered_at - started - timing.total())
        seconds["XLA"] = time.perf_counter() - lowered_at
        super().__init__(executable, program, seconds)

    def __call__(self, *args: Any) -> Any:
        if self.program.is_wide and is_off():
            return wide.call(self._jitted, self.program, args)
        return self._jitted(*args)


def _call(program: Program, *args: Any) -> Any:
    return program(*args)
