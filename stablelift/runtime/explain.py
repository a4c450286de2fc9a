"""What the passes did to a program, and why: `explain`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import context, parse, walk
from stablelift.passes.remarks import Remark
from stablelift.passes.remat.report import Partition
from stablelift.runtime.choice import Choice
from stablelift.runtime.compile import CompiledFunction
from stablelift.runtime.program import Program
from stablelift.runtime.static import Specialised


@dataclass(frozen=True)
class Explanation:
    """What was done to a program; as text, a line for each decision.

    Attributes:
      remarks: The decisions of passes, in order: which loops were raised, rolled, fused or left.
      foreign: How many ops took a rule of JAX's own (opaque linear algebra and the like), by primitive.
      layers: What became of equal layers, and why; None where nothing was to be decided.
      partitions: What each reverse sweep keeps of its forward sweep, value by value, and recomputes.
    """

    remarks: tuple[Remark, ...]
    foreign: Counter[str]
    layers: Choice | None = None
    partitions: tuple[Partition, ...] = ()

    def __str__(self) -> str:
        lines = [] if self.layers is None else [f"equal layers: {self.layers.layers}: {self.layers.why}"]
        lines += _counted(map(str, self.remarks))
        lines += [
            f"`{primitive}`: rules of JAX's own for {count} {'op' if count == 1 else 'ops'}"
            for primitive, count in sorted(self.foreign.items())
        ]
        lines += _counted(map(str, self.partitions))
        return "\n".join(lines) if lines else "nothing to remark"


def _counted(texts: Iterable[str]) -> list[str]:
    """The texts, equal ones once, with how many there are behind the first line."""
    found: list[str] = []
    for text, count in Counter(texts).items():
        first, *rest = text.split("\n")
        found.append("\n".join([first if count == 1 else f"{first} ({count} times)", *rest]))
    return found


def explain(program: Program | CompiledFunction | Specialised) -> Explanation:
    """What the passes do to a program, or have done to a compiled function on its latest arguments.

    Raises:
      ValueError: The function has not been called, or prepared, yet.
      LiftError: The program cannot be compiled.
    """
    if isinstance(program, Program):
        traced, finished, choice = program, program, None
    else:
        (traced, finished), choice = program.latest, program.choice
    timing = finished.finished.timing
    return Explanation(tuple(timing.remarks), _foreign(traced), choice, tuple(timing.partitions))


def _foreign(program: Program) -> Counter[str]:
    with context() as ctx:
        module = parse(program.bytecode, ctx)
        names: list[Any] = [op.attributes["primitive"] for op in walk(module, "lift.foreign")]
        return Counter(name.value for name in names)
