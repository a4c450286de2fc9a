"""From a traced module to plain StableHLO: by the passes, or from the cache of what they made before."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from stablelift.ir.callback import CALLBACKS
from stablelift.ir.mlir import context, parse, to_bytecode, walk_by_name
from stablelift.ir.policy import OVER_OPS
from stablelift.passes.dump import DUMP, Dump
from stablelift.passes.layers.layout import Layout
from stablelift.passes.layers.results import ReturnStacks
from stablelift.passes.layers.roll import Roll
from stablelift.passes.pipeline import Timing, run
from stablelift.passes.remarks import Remark
from stablelift.passes.remat.report import Partition, Value
from stablelift.passes.remat.weighing import Edge
from stablelift.runtime import cache
from stablelift.runtime.guard import refuse_leftovers, refuse_unknown_memories
from stablelift.runtime.libraries import called, load_libraries

Passes = Mapping[str, Any]
"""Passes beside those of the default pipeline, and a policy, as `pipeline.run` takes them."""


@dataclass(frozen=True)
class Finished:
    """A program's module after the passes.

    Attributes:
      bytecode: Plain StableHLO.
      timing: The seconds each pass took, and what the passes remarked.
      layout: What a pass made of the arguments and results of the entry point; None if they are as before.
      calls: The targets of the module's custom calls.
      passes: Those that were asked for beside the default ones.
    """

    bytecode: bytes
    timing: Timing
    layout: Layout | None
    calls: tuple[str, ...]
    passes: Passes = field(default_factory=dict)


def finish(bytecode: bytes, content: Callable[[], str], passes: Passes, dump: Dump | None) -> Finished:
    """The module after the passes; `content`, asked where there is a cache, says a hash of it.

    Raises:
      LiftError: An op has no rule, or is none that XLA knows.
    """
    # A policy that is a Python function has a name, but no content that a key could stand for.
    store = None if dump or os.environ.get(DUMP) or OVER_OPS else cache.store()
    if store is None:
        finished = _after_passes(bytecode, passes, dump)
    else:
        started = time.perf_counter()
        key = cache.key(content(), passes)
        entry = store.read(key)
        if entry is None:
            finished = _after_passes(bytecode, passes, dump)
            if not set(CALLBACKS) & set(finished.calls):  # what it calls dies with the process
                store.write(key, _encoded(finished))
        else:
            finished = _decoded(entry)
            finished.timing.seconds.append(("found in the cache", time.perf_counter() - started))
    load_libraries(finished.calls)
    return replace(finished, passes=passes)


def _after_passes(bytecode: bytes, passes: Passes, dump: Dump | None) -> Finished:
    with context() as ctx:
        module = parse(bytecode, ctx)
        timing = run(module, dump=dump, **passes)
        ops = walk_by_name(module)
        refuse_leftovers(ops)
        custom_calls = ops.get("stablehlo.custom_call", ())
        refuse_unknown_memories(custom_calls)
        given = [one for place in ("first", "layers", "last") for one in passes.get(place, ())]
        layouts = [one.layout for one in given if isinstance(one, Roll | ReturnStacks)]
        layout = layouts[0] if layouts else None
        return Finished(to_bytecode(module), timing, layout, called(custom_calls))


def _encoded(finished: Finished) -> bytes:
    """As bytes: a line of JSON, and the module."""
    about = {
        "remarks": finished.timing.remarks,
        "partitions": finished.timing.partitions,
        "layout": None if finished.layout is None else asdict(finished.layout),
        "calls": finished.calls,
    }
    return json.dumps(about).encode() + b"\n" + finished.bytecode


def _decoded(entry: bytes) -> Finished:
    line, bytecode = entry.split(b"\n", 1)
    about: dict[str, Any] = json.loads(line)
    layout = about["layout"] and Layout(
        *([tuple(group) for group in about["layout"][name]] for name in ("arguments", "results"))
    )
    remarks = [Remark(*remark) for remark in about["remarks"]]
    partitions = [
        Partition(
            *(function, steps, policy, tuple(Value(*value) for value in values), flops, seconds, times),
            tuple(Edge(*edge) for edge in edges),
        )
        for function, steps, policy, values, flops, seconds, times, edges in about["partitions"]
    ]
    timing = Timing(remarks=remarks, partitions=partitions)
    return Finished(bytecode, timing, layout, tuple(about["calls"]))
