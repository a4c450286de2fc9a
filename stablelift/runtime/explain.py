"""What the passes did to a program, and why: `explain`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stablelift.ir.callback import callbacks, primitive_of
from stablelift.ir.mlir import context, parse, walk
from stablelift.passes.remarks import Remark
from stablelift.passes.remat.report import Partition
from stablelift.runtime.choice import Choice
from stablelift.runtime.compiled_function import CompiledFunction
from stablelift.runtime.finish import Finished
from stablelift.runtime.program import Program
from stablelift.runtime.static import Specialised


@dataclass(frozen=True)
class Explanation:
    """What was done to a program; as text, a line for each decision.

    Attributes:
      remarks: The decisions of passes, in order: which loops were raised, rolled, fused or left.
      foreign: How many ops took a rule of JAX's own (opaque linear algebra, callbacks and the like), by
        primitive.
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


def explain(
    program: Program | CompiledFunction | Specialised, html: str | os.PathLike | None = None
) -> Explanation:
    """What the passes do to a program, or have done to a compiled function on its latest arguments.

    Args:
      html: A file that becomes a page with the whole account: the module after each pass, memory over time,
        the graph of functions (`docs/reading-explain.md`). The passes run again for it.

    Raises:
      ValueError: The function has not been called, or prepared, yet.
      LiftError: The program cannot be compiled, or the page cannot be written.
    """
    if html is not None:
        from stablelift.runtime.account import account_of
        from stablelift.runtime.page import write

        account = account_of(program)
        write(account, html)
        return account.explanation
    source, after, choice = decisions_of(program)
    return explanation_of(source, (after or source).finished, choice)


def decisions_of(
    program: Program | CompiledFunction | Specialised,
) -> tuple[Program, Program | None, Choice | None]:
    """A program as it was traced, the one after the passes, and what became of its equal layers.

    The last two are None for a Program, whose passes have perhaps not run.
    """
    if isinstance(program, Program):
        return program, None, None
    source, after = program.latest
    return source, after, program.choice


def explanation_of(source: Program, finished: Finished, choice: Choice | None) -> Explanation:
    """The account of the decisions."""
    timing = finished.timing
    return Explanation(tuple(timing.remarks), _foreign(source), choice, tuple(timing.partitions))


def _foreign(program: Program) -> Counter[str]:
    with context() as ctx:
        module = parse(program.bytecode, ctx)
        names = [op.attributes["primitive"].value for op in walk(module, "lift.foreign")]
        names += map(primitive_of, callbacks(walk(module, "stablehlo.custom_call")))
        return Counter(names)
