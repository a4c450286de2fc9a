"""The pipeline: our passes and MLIR's in one `PassManager`, timed and dumped pass by pass.

A pipeline is written as names with commas, `lift-batching,canonicalize,cse`. The default one compiles every
lift away: transforms are eliminated innermost first, as many rounds as they are nested; then calls of equal
layers are dealt with, then loops, if there are any.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.collection import collection_paused
from stablelift.ir.mlir import (
    PassManager,
    context,
    from_mlir,
    func,
    functions,
    ir,
    may_hold,
    parse,
    to_bytecode,
    to_text,
    walk,
    walk_by_name,
)
from stablelift.ir.policy import Policy
from stablelift.passes.base import ModulePass
from stablelift.passes.batching import Batching
from stablelift.passes.callgraph import TRANSFORMS, Nesting, callees
from stablelift.passes.derivatives import Derivatives
from stablelift.passes.dump import Dump, Watch, watch_of
from stablelift.passes.inline import Inline, InlineOnce, InlineToCalls
from stablelift.passes.layers.outline import Outline
from stablelift.passes.layers.pack import Pack
from stablelift.passes.layers.prune import Prune
from stablelift.passes.layers.results import ReturnStacks
from stablelift.passes.layers.roll import Roll
from stablelift.passes.layers.seal import Seal
from stablelift.passes.legalize import Legalize, is_needed
from stablelift.passes.lower import Lower, LowerCalls
from stablelift.passes.raising import RAISED, Raise
from stablelift.passes.remarks import Remark, collected
from stablelift.passes.remat import Remat
from stablelift.passes.remat.report import Partition, partitions
from stablelift.passes.scan.batched import PRODUCTS
from stablelift.passes.scan.fuse import Fuse
from stablelift.passes.scan.hoist import Hoist
from stablelift.passes.scan.tidy import Tidy
from stablelift.passes.verify import VerifyLift

_PASSES = (
    VerifyLift(),
    Legalize(),
    Raise(),
    Batching(),
    Derivatives(),
    Seal(),
    Prune(),
    Pack(),
    InlineOnce(),
    LowerCalls(),
    InlineToCalls(),
    Remat(),
    Roll(),
    Outline(),
    ReturnStacks(),
    Tidy(),
    Hoist(),
    Fuse(),
    Lower(),
    Inline(),
)

OURS: dict[str, ModulePass] = {one.name: one for one in _PASSES}
"""Our passes by the name they have in a pipeline."""

MLIR = ("canonicalize", "cse", "symbol-dce", "sccp", "strip-debuginfo")
"""MLIR's own passes that a pipeline may name."""

CALLS = ("lift-inline-to-calls", "canonicalize", "cse", "lift-prune", "lift-remat", "canonicalize")
"""What leaves a program as calls of its layers, for the passes that deal with those."""

TIDY = ("lift-inline-once", "canonicalize", "cse")
"""What tidies the functions that are to be transformed, which the last round may have generated."""

CLEAN = ("lift-inline", "canonicalize", "cse", "symbol-dce")

LOOPS = ("lift-lower-calls", *CLEAN, "lift-tidy", "lift-hoist", "lift-tidy", *CLEAN, "lift-fuse", "lift-tidy")
"""What is done to scans once derivatives are there: each body as one block, then the passes over them."""

OPTIONAL = ("lift-hoist", "lift-fuse")
"""Those of `LOOPS` that a caller may choose between."""


@dataclass
class Timing:
    """Seconds spent in each pass of a run, in order, what the passes had to remark, and what they saved."""

    seconds: list[tuple[str, float]] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)

    def total(self) -> float:
        return sum(seconds for _, seconds in self.seconds)

    def by_pass(self) -> dict[str, float]:
        """The seconds of all runs of each pass together."""
        found: dict[str, float] = {}
        for name, seconds in self.seconds:
            found[name] = found.get(name, 0.0) + seconds
        return found


def _to_layers(
    module: ir.Module,
    layers: Sequence[str | ModulePass],
    remat: Policy | None,
    loops: Collection[str] | None,
) -> tuple[list[str | ModulePass], bool]:
    """The passes that compile the transforms of `module` away and deal with calls, and whether what it has of
    loops, without those that layers become, is worth passes of its own.

    `layers` are those that deal with calls of equal layers, where something is to be done about them; the
    other arguments are as for `run`.
    """
    known = functions(module)
    transforms = _transforms(known, remat)
    found = walk_by_name(module)
    # Without transforms only loops that multiply are worth it: JAX's random bits are loops as well.
    raises = any(name in found for name in RAISED) and (
        bool(transforms) or bool(loops) or _multiplies(known, found.get("stablehlo.while", ()))
    )
    scans = found.get("lift.scan", ())
    looped = raises or bool(scans) and (bool(transforms) or any(map(_computes_with_floats, scans)))
    prepared = [Legalize.name] if transforms and is_needed(found) else []
    if looped:
        prepared.append(Raise.name)
    calls = (*CALLS, Pack(is_pruned=True), *layers) if layers else (Pack.name,)
    # What was mapped is dead behind the transforms, and may hold collectives over an axis without a name.
    return [*prepared, *transforms, "symbol-dce", LowerCalls.name, *calls], looped


def _from_layers(
    module: ir.Module, looped: bool, layers: Sequence[str | ModulePass], loops: Collection[str] | None
) -> list[str | ModulePass]:
    """The passes that compile what is left of lifts away, loops first where there are any worth it."""
    wanted = [name for name in LOOPS if loops is None or name not in OPTIONAL or name in loops]
    rolls = any(one == Roll.name or isinstance(one, Roll) for one in layers)
    scanned = wanted if looped or loops or rolls and walk(module.operation, "lift.scan") else ()
    return [*scanned, Lower.name, *CLEAN]


def transforms_pipeline(module: ir.Module) -> list[str | ModulePass]:
    """The passes that compile the transforms of `module` away and inline what they have made. All other lifts
    stay as they are: what comes of it can be transformed again.
    """
    prepared = [Legalize.name] if is_needed(walk_by_name(module)) else []
    transforms = _transforms(functions(module), None)
    return [*prepared, Raise.name, *transforms, "symbol-dce", *CLEAN, Tidy.name, *CLEAN]


def without_transforms(bytecode: bytes) -> bytes:
    """The module in `bytecode` with its transforms compiled away; as it is where there are none."""
    if not may_hold(bytecode, TRANSFORMS):
        return bytecode
    with context() as ctx:
        module = parse(bytecode, ctx)
        if not any(name in TRANSFORMS for name in walk_by_name(module)):
            return bytecode
        # No dumps: it may be a pass of another run that asks for this, whose files they would take.
        run(module, transforms_pipeline(module), dump=lambda name, module: None)
        return to_bytecode(module)


def _transforms(known: Mapping[str, func.FuncOp], remat: Policy | None) -> list[str | ModulePass]:
    """The passes that eliminate the transforms, innermost first."""
    nesting = Nesting(known)
    rounds = max((nesting.depth(name) for name in known), default=0)
    derivatives = Derivatives.name if remat is None else Derivatives(remat)
    return [
        one
        for depth in range(1, rounds + 1)
        for one in _eliminators(nesting.kinds(depth), derivatives)
    ]


def _eliminators(kinds: Collection[str], derivatives: str | ModulePass) -> list[str | ModulePass]:
    """The passes that eliminate transforms of these kinds."""
    batching = [Batching.name] if "lift.vmap" in kinds else []
    return [*TIDY, *batching, *([derivatives] if {"lift.jvp", "lift.vjp"} & set(kinds) else [])]


def _computes_with_floats(scan: ir.Operation) -> bool:
    """Whether a loop takes or returns anything but integers; JAX's random bits do not."""
    types: list[Any] = [value.type for value in (*scan.operands, *scan.results)]
    return any(not isinstance(type.element_type, ir.IntegerType) for type in types)


def _multiplies(known: Mapping[str, func.FuncOp], loops: Sequence[ir.Operation]) -> bool:
    """Whether one of these loops multiplies matrices, itself or in what it calls."""
    seen: set[str] = set()
    waiting = list(loops)
    while waiting:
        for op in walk(waiting.pop()):
            if op.name in PRODUCTS:
                return True
            fresh = [name for name in callees(op) if name not in seen]
            seen.update(fresh)
            waiting += [known[name].operation for name in fresh]
    return False


@collection_paused()
def run(
    module: ir.Module,
    passes: Sequence[str | ModulePass] | None = None,
    *,
    first: Sequence[str | ModulePass] = (),
    layers: Sequence[str | ModulePass] = (),
    last: Sequence[str | ModulePass] = (),
    remat: Policy | None = None,
    loops: Collection[str] | None = None,
    dump: Dump | None = None,
) -> Timing:
    """Run passes over `module`, in place; without `passes` the default pipeline with others in it.

    `first` runs before it, `layers` where calls of equal layers are dealt with, `last` behind it; `remat`
    says what reverse sweeps keep of loops and of equal layers, where the program does not. `loops` are those
    of `OPTIONAL` that are to run, whether or not the loops look worth it; without it both, where they do.

    `dump` (or the environment variable STABLELIFT_DUMP) names a folder into which the module is written after
    each pass, as `03-lift-batching.mlir`; or it is a function, which is given the pass's name and the module.

    Raises:
      LiftError: A pass refuses the module, or leaves one that does not verify. The module is then not to be
      used.
    """
    with module.context, ir.Location.unknown():
        one = _Run(module, watch_of(dump))
        if passes is None:
            one.through([VerifyLift.name, *first])
            passes, looped = _to_layers(module, layers, remat, loops)
            one.through(passes)
            passes = [*_from_layers(module, looped, layers, loops), *last]
        one.through(passes)
        one.verify()
        return one.timing


def run_text(
    source: str | bytes,
    pipeline: str | None = None,
    *,
    filename: str = "<string>",
) -> tuple[str, Timing]:
    """MLIR text or bytecode through a pipeline written as names with commas; the text, and the time it
    took.
    """
    with context() as ctx:
        module = parse(source, ctx, filename)
        timing = run(module, None if pipeline is None else names_in(pipeline))
        return to_text(module), timing


def names_in(pipeline: str) -> list[str]:
    """The passes of a pipeline written as names with commas."""
    return [name.strip() for name in pipeline.split(",") if name.strip()]


class _Run:
    """One run of a pipeline: its clock, its dumps, and the exception that stopped it."""

    def __init__(self, module: ir.Module, watch: Watch | None):
        self.module = module
        self.watch = watch
        self.timing = Timing()
        self.failure: Exception | None = None
        self.mark = 0.0

    def through(self, passes: Sequence[str | ModulePass]) -> None:
        manager = PassManager()
        manager.enable_verifier(False)  # `verify`, once, at the end
        for one in passes:
            ours = one if isinstance(one, ModulePass) else OURS.get(one)
            name = one.name if isinstance(one, ModulePass) else one
            if ours is not None:
                manager.add(self._guard(ours.run), name)
            elif name in MLIR:
                manager.add(name)
            else:
                known = ", ".join([*OURS, *MLIR])
                raise LiftError(f"error: unknown pass `{name}`\n  hint: the passes are {known}")
            manager.add(self._guard(partial(self._probe, name)), "lift-probe")
        self.mark = time.perf_counter()
        try:
            with collected() as remarks, partitions() as found:
                manager.run(self.module.operation)
        except ir.MLIRError as error:
            raise self.failure or from_mlir(error) from None
        self.timing.remarks += remarks
        self.timing.partitions += found

    def verify(self) -> None:
        try:
            self.module.operation.verify()
        except ir.MLIRError as error:
            raise from_mlir(error) from None

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
        if self.watch is not None:
            self.watch(name, module)
        self.mark = time.perf_counter()
