"""Batching against `jax.vmap`: four models, each mapped over eight sets of parameters.

    make bench-batching

For a transformer block, a convolutional net, an LSTM, and a decoder of twelve equal layers (in our modules,
whose layers are batched once, against Flax's): the time of our `lift-batching` pass against the
time that `jax.vmap` adds to tracing and lowering; all that mapping adds to ours, from tracing to the bytecode
of the finished module, against the same; a step of the compiled program, and the temporary memory XLA gives
it, against the same of `jax.jit(jax.vmap(...))`. Medians, ours and JAX's in turn.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

import flax.linen
import jax
import jax.numpy as jnp
from common.decoder import BATCH, SEQUENCE, decoder
from common.measure import Report, added, interleaved, milliseconds, no_options
from common.models import Workload, conv_net, lstm, transformer

import stablelift
from stablelift import Program, functional
from stablelift.ir.mlir import context, functions, parse, walk
from stablelift.passes.pipeline import Timing

MEMBERS = 8
GENERATIONS, STEPS = 15, 15


def members(parameters: Any) -> Any:
    """Eight sets of parameters, stacked."""
    scales = jnp.linspace(0.9, 1.1, MEMBERS)
    return jax.tree.map(
        lambda leaf: jnp.stack([leaf * scale for scale in scales]).astype(leaf.dtype), parameters
    )


def lower_afresh(function: Any, *args: Any) -> Any:
    """Trace and lower a function as one that JAX has not seen."""
    return jax.jit(lambda *values: function(*values)).lower(*args)


def finish_afresh(function: Any, *args: Any) -> Timing:
    """Trace a function as one that nobody has seen, and run the passes; the time that each took."""
    return Program.trace(lambda *values: function(*values), *args).finished.timing


def count_ops(program: Program) -> int:
    """The ops of the function that is mapped, and of those it calls."""
    with context() as ctx:
        module = parse(program.bytecode, ctx)
        return sum(1 for function in functions(module).values() for _ in walk(function))


def deep(nn: Any) -> Workload:
    """A decoder of twelve equal layers in the modules of `nn`."""
    model = decoder(nn)(12)
    tokens = jnp.ones((BATCH, SEQUENCE), jnp.int32)
    parameters = model.init(jax.random.key(0), tokens)
    return Workload("decoder, 12 equal layers", lambda p, x: model.apply(p, x).sum(), parameters, tokens)


def measure(workload: Workload, report: Report, theirs: Workload | None = None) -> None:
    """The figures of one program, which is `theirs` in the peer's own terms where it is given."""
    other = theirs or workload
    stacked = members(workload.parameters)
    program = Program.trace(functional.vmap(workload.function, (0, None)), stacked, workload.data)
    peer = jax.vmap(other.function, (0, None))
    plain = workload.function, workload.parameters, workload.data
    timings: list[Timing] = []
    mapped = functional.vmap(workload.function, (0, None))
    found = added(
        GENERATIONS,
        ours=(
            partial(finish_afresh, *plain),
            lambda: timings.append(finish_afresh(mapped, stacked, workload.data)),
        ),
        peer=(
            partial(lower_afresh, other.function, *plain[1:]),
            partial(lower_afresh, peer, stacked, workload.data),
        ),
    )
    ours = median(sum(spent for name, spent in each.seconds if name == "lift-batching") for each in timings)
    what = f"{workload.name}: batching {count_ops(program)} ops"
    adds = milliseconds(found["peer"])
    report.ratio(what, milliseconds(ours), adds, found["peer"] / ours, "at least 5")
    ratio = found["peer"] / found["ours"]
    report.ratio("... all that mapping adds", milliseconds(found["ours"]), adds, ratio, "")

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
    no_options(__doc__)
    report = Report(f"Mapped over {MEMBERS} sets of parameters, medians")
    for workload in (transformer(layers=1), conv_net(), lstm()):
        measure(workload, report)
    measure(deep(stablelift), report, deep(flax.linen))
    report.show()
