"""The pipeline: our passes and MLIR's in one `PassManager`, timed and dumped pass by pass.

A pipeline is written as names with commas, `lift-batching,canonicalize,cse`. `DEFAULT` compiles every lift
away: transforms are eliminated innermost first, as many rounds as they are nested.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.mlir import PassManager, context, from_mlir, functions, ir, parse, to_text, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.batching import Batching
from stablelift.passes.callgraph import Nesting
from stablelift.passes.derivatives import Derivatives
from stablelift.passes.inline import Inline
from stablelift.passes.legalize import LEGALIZED, Legalize
from stablelift.passes.lower import Lower
from stablelift.passes.raising import RAISED, Raise
from stablelift.passes.verify import VerifyLift

_PASSES = (VerifyLift(), Legalize(), Raise(), Batching(), Derivatives(), Lower(), Inline())

OURS: dict[str, ModulePass] = {one.name: one for one in _PASSES}
"""Our passes by the name they have in a pipeline."""

MLIR = ("canonicalize", "cse", "symbol-dce", "sccp", "strip-debuginfo")
"""MLIR's own passes that a pipeline may name."""

TIDY = ("lift-inline", "canonicalize", "cse", "symbol-dce")


@dataclass
class Timing:
    """Seconds spent in each pass of a run, in order."""

    seconds: list[tuple[str, float]] = field(default_factory=list)

    def total(self) -> float:
        return sum(seconds for _, seconds in self.seconds)


def default_pipeline(module: ir.Module) -> list[str]:
    """The passes that compile every lift of `module` away, once lift-verify has passed."""
    known = functions(module)
    nesting = Nesting(known)
    rounds = max((nesting.depth(name) for name in known), default=0)
    transforms = ["lift-batching", "lift-derivatives"] * rounds
    # What was mapped is dead now, and may hold collectives over an axis that nobody names any more.
    present = {op.operation.name for op in walk(module.operation)} if rounds else set()
    preparing = ((Legalize.name, LEGALIZED), (Raise.name, RAISED))
    prepared = [name for name, ops in preparing if present.intersection(ops)]
    return [*prepared, *transforms, "symbol-dce", "lift-lower", *TIDY]


def run(
    module: ir.Module, passes: Sequence[str] | None = None, *, dump: str | os.PathLike | None = None
) -> Timing:
    """Run passes over `module`, in place; the default pipeline without `passes`.

    `dump` (or the environment variable STABLELIFT_DUMP) names a folder into which the module is written after
    each pass, as `03-lift-batching.mlir`.

    Raises:
      LiftError: A pass refuses the module, or leaves one that does not verify. The module is then not to be
      used.
    """
    folder = dump or os.environ.get("STABLELIFT_DUMP")
    with module.context, ir.Location.unknown():
        one = _Run(module, Path(folder) if folder else None)
        if passes is None:
            one.through([VerifyLift.name])
            passes = default_pipeline(module)
        return one.through(passes)


def run_text(
    source: str | bytes,
    pipeline: str | None = None,
    *,
    filename: str = "<string>",
    dump: str | os.PathLike | None = None,
) -> tuple[str, Timing]:
    """MLIR text or bytecode through a pipeline written as names with commas; the text, and the time it
    took.
    """
    names = None if pipeline is None else [name.strip() for name in pipeline.split(",") if name.strip()]
    with context() as ctx:
        module = parse(source, ctx, filename)
        timing = run(module, names, dump=dump)
        return to_text(module), timing


class _Run:
    """One run of a pipeline: its clock, its dumps, and the exception that stopped it."""

    def __init__(self, module: ir.Module, folder: Path | None):
        self.module = module
        self.folder = folder
        self.timing = Timing()
        self.failure: Exception | None = None
        self.mark = 0.0

    def through(self, passes: Sequence[str]) -> Timing:
        manager = PassManager()
        manager.enable_verifier(False)  # once, at the end
        for name in passes:
            if name in OURS:
                manager.add(self._guard(OURS[name].run), name)
            elif name in MLIR:
                manager.add(name)
            else:
                known = ", ".join([*OURS, *MLIR])
                raise LiftError(f"error: unknown pass `{name}`\n  hint: the passes are {known}")
            manager.add(self._guard(partial(self._probe, name)), "lift-probe")
        self.mark = time.perf_counter()
        try:
            manager.run(self.module.operation)
            self.module.operation.verify()
        except ir.MLIRError as error:
            raise self.failure or from_mlir(error) from None
        return self.timing

    def _guard(self, action: Callable[[ir.Module], None]) -> Callable[[Any, Any], None]:
        """`action` as a pass. An exception must not cross MLIR's frames: it is kept, and the pass fails."""

        def run_pass(operation: Any, handle: Any) -> None:
            try:
                action(self.module)
            except Exception as error:
                self.failure = error
                handle.signal_pass_failure()

        return run_pass

    def _probe(self, name: str, module: ir.Module) -> None:
        """Behind each pass: take its time, and write the dump outside of it."""
        self.timing.seconds.append((name, time.perf_counter() - self.mark))
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            place = self.folder / f"{len(self.timing.seconds):02d}-{name}.mlir"
            place.write_text(to_text(module))
        self.mark = time.perf_counter()
