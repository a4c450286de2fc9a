"""`Account`: a program's compilation, told pass by pass, with what it holds and does when it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stablelift.ir.mlir import context, ir, parse, to_bytecode, walk
from stablelift.ir.policy import Policy
from stablelift.passes.dump import Watch
from stablelift.passes.layers.layout import Layout
from stablelift.runtime.account.census import Census, census_of
from stablelift.runtime.account.stages import Recorder, Stage, traced
from stablelift.runtime.account.timeline import Timeline, timeline_of
from stablelift.runtime.explain import Explanation, decisions_of, explanation_of
from stablelift.runtime.finish import Finished, Passes, finish
from stablelift.runtime.report import Report

_EVERYTHING = Policy("everything_saveable")


@dataclass(frozen=True)
class Account:
    """What was done to a program, and what came of it.

    Attributes:
      name: The program's.
      explanation: The decisions of the passes, foreign rules, what reverse sweeps keep.
      stages: The module as it was traced, and after each pass.
      census: Functions, ops, loops and FLOPs of the finished module.
      memory: What the finished module holds over time.
      memory_without_remat: The same if reverse sweeps kept all that they use; None where nothing was decided.
      xla: XLA's own account, where it was asked for.
    """

    name: str
    explanation: Explanation
    stages: tuple[Stage, ...]
    census: Census
    memory: Timeline
    memory_without_remat: Timeline | None
    xla: Report | None = None

    @property
    def seconds(self) -> float:
        """What all passes took."""
        return sum(stage.seconds for stage in self.stages)


def account_of(program: Any, passes: Passes | None = None, *, xla: bool = False) -> Account:
    """The account of a program, or of a compiled function on its latest arguments.

    The passes run again, to be watched, and once more for `memory_without_remat`.

    Args:
      program: What `explain` takes.
      passes: Those beside the default ones, where `program` is a Program.
      xla: Whether XLA is to compile the program, and give its account too.

    Raises:
      ValueError: The function has not been called, or prepared, yet.
      LiftError: The program cannot be compiled.
    """
    source, after, choice = decisions_of(program)
    passes = (passes or {}) if after is None else after.finished.passes
    recorder = Recorder()
    finished = _finished(source.bytecode, _afresh(passes), recorder)
    seconds = [spent for _, spent in finished.timing.seconds]
    stages = [
        Stage(name, spent, functions) for (name, functions), spent in zip(recorder.seen, seconds, strict=True)
    ]
    without = None
    if finished.timing.partitions:
        bytecode, kept = _keeping_everything(source.bytecode, passes)
        without = timeline_of(_finished(bytecode, kept, lambda name, module: None).bytecode)
    return Account(
        source.name,
        explanation_of(source, finished, choice),
        (traced(source.bytecode), *stages),
        census_of(finished.bytecode),
        timeline_of(finished.bytecode),
        without,
        (after or source.after_passes(**passes)).compile().report() if xla else None,
    )


def _finished(bytecode: bytes, passes: Passes, watch: Watch) -> Finished:
    return finish(bytecode, lambda: "", passes, watch)  # what is watched is not taken from the cache


def _afresh(passes: Passes) -> Passes:
    """The passes, where they note a layout with notes of their own: others go by what stands in it."""

    def own(one: Any) -> Any:
        return replace(one, layout=Layout()) if hasattr(one, "layout") else one

    return {
        place: tuple(map(own, given)) if isinstance(given, tuple | list) else given
        for place, given in passes.items()
    }


def _keeping_everything(bytecode: bytes, passes: Passes) -> tuple[bytes, Passes]:
    """The same program and passes under a policy by which reverse sweeps keep all that they use."""
    with context() as ctx:
        module = parse(bytecode, ctx)
        for op in walk(module, "lift.remat"):
            op.attributes["policy"] = ir.StringAttr.get(str(_EVERYTHING), ctx)
        return to_bytecode(module), {**_afresh(passes), "remat": _EVERYTHING}
