"""What becomes of equal layers when it is left to the compiler: compile time against what a call costs.

XLA's time grows with the ops it is given, so layers that are compiled once save it; what they cost instead
is paid in every call. The constants are fitted to two cores of a CPU with `benchmarks/cold_start.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from stablelift.ir.mlir import context, func, functions, parse
from stablelift.ir.types import byte_size
from stablelift.lowering import jax_compat
from stablelift.passes.callgraph import callees, callees_first, inlined_sizes, references
from stablelift.passes.layers.chains import LEAST_CALLS
from stablelift.runtime.program import Program

CALLS = 1000
"""How often a compiled function is thought to be called."""

SECONDS_FOR_AN_OP = 0.2e-3
"""What XLA and the passes need for an op of ours."""

SECONDS_FOR_LOOPS = 0.6
"""What rolling adds to a compilation: stacks, loops and what prepares them."""

SECONDS_FOR_FUNCTIONS = 0.8
"""What functions that XLA compiles for themselves add to a compilation."""

SECONDS_FOR_A_STEP = 10e-6
"""What a step of a loop costs a call."""

SECONDS_FOR_A_CALL = 5e-6
"""What the call of a function costs that is kept."""

SECONDS_FOR_A_STACKED_BYTE = 1 / 3e9
"""Stacking a byte in a call, where what the layers take is not carried: it is written and read."""

SWEEPS = 3
"""How many times the ops of a function its derivative has, by and large."""


class Estimate(NamedTuple):
    """What a treatment of equal layers is expected to cost."""

    layers: str
    compile_seconds: float
    call_seconds: float
    """What a call takes longer than with everything inlined."""
    bytes: int
    """What a call holds beside what it holds with everything inlined."""

    @property
    def seconds(self) -> float:
        return self.compile_seconds + CALLS * self.call_seconds


class Choice(NamedTuple):
    """What becomes of equal layers ("inline", "outline" or "roll"), and why."""

    layers: str
    why: str
    estimates: tuple[Estimate, ...] = ()
    """Of each treatment that was weighed; none where the choice was asked for, or there was none."""


def chosen(layers: str, program: Program, *, carries: bool) -> Choice:
    """The choice for a traced program; `layers` itself unless it is "auto".

    `carries` says whether what the layers take is kept stacked between calls.
    """
    if any(map(jax_compat.is_symbolic, program.in_avals)):
        return Choice("inline", "sizes are symbolic")
    if layers != "auto":
        return Choice(layers, "as asked for")
    with context() as ctx:
        module = parse(program.bytecode, ctx)  # a name of its own: the handles must not outlive it
        size = _Size(functions(module))
        if size.depth < LEAST_CALLS:
            return Choice("inline", f"no submodule is called {LEAST_CALLS} times or more")
        estimates = _estimates(size, carries)
    best = min(estimates, key=lambda estimate: estimate.seconds)
    return Choice(best.layers, _why(best, estimates, size.depth), estimates)


def _why(best: Estimate, estimates: tuple[Estimate, ...], depth: int) -> str:
    """In words, as "a submodule is called 9 times: compiles in about 0.9 s, +0.2 ms a call; inline in 2.0 s".
    """

    def costs(estimate: Estimate) -> str:
        more = f", +{estimate.call_seconds * 1e3:.2g} ms a call" if estimate.call_seconds else ""
        return f"{estimate.compile_seconds:.1f} s{more}"

    others = [f"{one.layers} in {costs(one)}" for one in estimates if one is not best]
    compiles = f"compiles in about {costs(best)}"
    return f"a submodule is called {depth} times: {'; '.join([compiles, *others])}"


def _estimates(size: _Size, carries: bool) -> tuple[Estimate, ...]:
    inside, outside, depth = size.inside, size.total - size.inside, size.depth
    once, sweeps = inside / depth, 2 * depth
    # Updates of what is carried roll with the layers.
    around = outside / depth if carries else outside
    stacked = 0 if carries else size.operand_bytes
    return (
        Estimate("inline", SECONDS_FOR_AN_OP * (inside + outside), 0.0, 0),
        Estimate(
            "outline",
            SECONDS_FOR_FUNCTIONS + SECONDS_FOR_AN_OP * (once + outside),
            SECONDS_FOR_A_CALL * sweeps,
            0,
        ),
        Estimate(
            "roll",
            SECONDS_FOR_LOOPS + SECONDS_FOR_AN_OP * (once + around),
            SECONDS_FOR_A_STEP * sweeps + SECONDS_FOR_A_STACKED_BYTE * stacked,
            stacked,
        ),
    )


class _Size:
    """How many ops a program is once all calls are inlined, and how many of them repeated layers."""

    def __init__(self, known: Mapping[str, func.FuncOp]):
        self._known = known
        self._expanded = inlined_sizes(known, _sweeps)
        self.depth, self.inside, self.operand_bytes = 0, 0, 0
        times = Counter({"main": 1})
        for name in reversed(callees_first(known, ["main"])):
            self._visit(name, times)

    @cached_property
    def total(self) -> int:
        return self._expanded("main")

    def _visit(self, name: str, times: Counter[str]) -> None:
        """Count the repeated layers that `@name` calls, which occurs `times` in the whole, as they learn of
        others.
        """
        found = references(self._known[name])
        layers = [op for op in found if "layer" in op.attributes]
        counts = Counter(callee for op in layers for callee in callees(op))
        for op in found:
            for callee in callees(op):
                if counts[callee] >= LEAST_CALLS:
                    self.depth = max(self.depth, counts[callee])
                    self.inside += times[name] * self._expanded(callee)
                    self.operand_bytes += times[name] * sum(byte_size(value.type) for value in op.operands)
                elif callee != name:
                    times[callee] += times[name] * _sweeps(op)


def _sweeps(op: Any) -> int:
    return SWEEPS if op.operation.name in ("lift.vjp", "lift.jvp") else 1
