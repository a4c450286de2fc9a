"""Batching against `jax.vmap`: three models, each mapped over eight sets of parameters.

    make bench-batching

For a transformer block, a convolutional net and an LSTM: the time of our `lift-batching` pass against the
time that `jax.vmap` adds to tracing and lowering; a step of the compiled program, and the temporary memory
XLA gives it, against the same of `jax.jit(jax.vmap(...))`. Medians, ours and JAX's in turn.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
from common.measure import Report, interleaved, milliseconds
from common.models import Workload, conv_net, lstm, transformer

from stablelift import Program, functional
from stablelift.ir.mlir import context, functions, parse, walk

MEMBERS = 8
GENERATIONS, STEPS = 7, 15


def members(parameters: Any) -> Any:
    """Eight sets of parameters, stacked."""
    scales = jnp.linspace(0.9, 1.1, MEMBERS)
    return jax.tree.map(
        lambda leaf: jnp.stack([leaf * scale for scale in scales]).astype(leaf.dtype), parameters
    )


def lower_afresh(function: Any, *args: Any) -> Any:
    """Trace and lower a function as one that JAX has not seen."""
    return jax.jit(lambda *values: function(*values)).lower(*args)


def batching_seconds(program: Program, spent: list[float]) -> None:
    """Run the passes once; what batching took is added to `spent`."""
    timing = program._finish(None).timing
    spent.append(sum(seconds for name, seconds in timing.seconds if name == "lift-batching"))


def count_ops(program: Program) -> int:
    """The ops of the function that is mapped, and of those it calls."""
    with context() as ctx:
        module = parse(program.bytecode, ctx)
        return sum(1 for function in functions(module).values() for _ in walk(function))


def measure(workload: Workload, report: Report) -> None:
    stacked = members(workload.parameters)
    program = Program.trace(functional.vmap(workload.function, (0, None)), stacked, workload.data)
    peer = jax.vmap(workload.function, (0, None))
    spent: list[float] = []
    found = interleaved(
        GENERATIONS,
        ours=partial(batching_seconds, program, spent),
        plain=partial(lower_afresh, workload.function, workload.parameters, workload.data),
        mapped=partial(lower_afresh, peer, stacked, workload.data),
    )
    ours, added = median(spent), found["mapped"] - found["plain"]
    what = f"{workload.name}: batching {count_ops(program)} ops"
    report.ratio(what, milliseconds(ours), milliseconds(added), added / ours, "at least 5")

    compiled = program.compile()
    expected = jax.jit(peer).lower(stacked, workload.data).compile()
    assert jnp.allclose(compiled(stacked, workload.data), expected(stacked, workload.data), rtol=1e-4)
    steps = {
        name: (lambda run=run: jax.block_until_ready(run(stacked, workload.data)))
        for name, run in (("ours", compiled), ("peer", expected))
    }
    interleaved(2, **steps)
    taken = interleaved(STEPS, **steps)
    report.ratio(
        "... a step",
        milliseconds(taken["ours"]),
        milliseconds(taken["peer"]),
        taken["ours"] / taken["peer"],
        "at most 1.05",
    )
    sizes = [each.memory_analysis().temp_size_in_bytes / 2**20 for each in (compiled, expected)]
    report.ratio(
        "... temporary memory",
        f"{sizes[0]:.3g} MiB",
        f"{sizes[1]:.3g} MiB",
        sizes[0] / sizes[1],
        "at most 1.05",
    )


if __name__ == "__main__":
    report = Report(f"Mapped over {MEMBERS} sets of parameters, medians")
    for workload in (transformer(layers=1), conv_net(), lstm()):
        measure(workload, report)
    report.show()
