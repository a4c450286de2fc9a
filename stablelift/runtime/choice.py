"""What becomes of equal layers when it is left to the compiler."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from stablelift.ir.mlir import context, functions, parse
from stablelift.passes.callgraph import callees, references
from stablelift.runtime.program import Program

LEAST_DEPTH = 6
"""Fewer layers than this compile in about the time that their calls would save."""


class Choice(NamedTuple):
    """What becomes of equal layers ("inline", "outline" or "roll"), and why."""

    layers: str
    why: str


def chosen(layers: str, program: Program, *, carries: bool) -> Choice:
    """The choice for a traced program; `layers` itself unless it is "auto"."""
    if layers != "auto":
        return Choice(layers, "as asked for")
    depth = _depth(program)
    if depth < LEAST_DEPTH:
        return Choice("inline", f"no submodule is called {LEAST_DEPTH} times or more")
    if carries:
        return Choice("roll", f"a submodule is called {depth} times, and what is carried can be kept stacked")
    return Choice("outline", f"a submodule is called {depth} times, and nothing is carried between calls")


def _depth(program: Program) -> int:
    """How often, at most, one function calls another one that is a layer."""
    with context() as ctx:
        module = parse(program.bytecode, ctx)  # a name of its own: the handles must not outlive it
        known = functions(module)
        counts = [
            Counter(name for op in references(function) if "layer" in op.attributes for name in callees(op))
            for function in known.values()
        ]
        return max((count for found in counts for count in found.values()), default=0)
