"""Rematerialisation against Flax's: XLA's temporary memory and the time of a gradient, policy by policy.

    make bench-remat
    python benchmarks/remat.py --rows "scan" "loop, remat" --depth 12

A pre-norm transformer of equal layers (24, d=256, sequence 256, batch 4) as a scan, a nested scan and a plain
loop, and an LSTM over a long sequence. Ours is compiled by `stablelift.functional.jit`, Flax's by `jax.jit`;
both take the same parameters. Memory is `temp_size_in_bytes` of XLA's memory analysis, time the median of
interleaved steps in one process. The rows of budgets give ours, without a word of policy in the model, the
memory that a policy of JAX's takes, by `stablelift.compile(remat=budget(...))`; "tenths" gives it each tenth
of the way from the least that ours takes to what `nn.scan` takes, and compares with the fastest of JAX's
policies that fits; "search" finds a choice for 48 outlined layers, without XLA, in processor time. Exits
with 1 when gradients differ, or a ratio of memory misses its aim.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
from common.measure import Report, interleaved, milliseconds

import stablelift
from stablelift import functional
from stablelift.passes.layers.outline import Outline
from stablelift.runtime.budget import Choices, Kept
from stablelift.runtime.budget import within as within_budget

WIDTH, HEADS, SEQUENCE, BATCH = 256, 4, 256, 4
LARGEST_ERROR = 1e-4


def transformer(nn: Any, form: str, depth: int, policy: str | None) -> Any:
    """The model in the library `nn`, as "scan", "remat_scan" or "loop".

    `policy` names what a rematerialised layer saves; without one layers are not rematerialised.
    """
    saveable = None if policy is None else getattr(jax.checkpoint_policies, policy)

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            mask = nn.make_causal_mask(jnp.ones(x.shape[:2]))
            x = x + nn.MultiHeadDotProductAttention(HEADS)(nn.LayerNorm()(x), mask=mask)
            h = nn.gelu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(x)))
            return x + nn.Dense(WIDTH)(h)

    class Step(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return Block(name="block")(x), None

    def layer(target: Any, **options: Any) -> Any:
        return target if policy is None else nn.remat(target, policy=saveable, **options)

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            if form == "remat_scan":
                return nn.remat_scan(Block, lengths=lengths(depth), policy=saveable)(name="layers")(x)
            if form == "scan":
                stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
                layers = nn.scan(layer(Step, prevent_cse=False), length=depth, **stacked)
                return layers(name="layers")(x, None)[0]
            for number in range(depth):
                x = layer(Block)(name=f"layer_{number}")(x)
            return x

    return Model()


def lengths(depth: int) -> tuple[int, int]:
    """Two factors of the depth that are about equal."""
    smaller = max(factor for factor in range(1, depth + 1) if depth % factor == 0 and factor**2 <= depth)
    return smaller, depth // smaller


def lstm(nn: Any) -> Any:
    return nn.RNN(nn.OptimizedLSTMCell(256))


class Row(NamedTuple):
    """A model in a form, and what the ratios of ours to Flax's are to be at most."""

    form: str
    policy: str | None
    memory: float | None = None
    time: float | None = None
    budget: bool = False
    """Whether ours is the model without a policy, under a budget of what Flax's takes with it."""

    def __str__(self) -> str:
        if self.budget:
            return f"{self.form}, budget of {self.policy}"
        if self.form == "remat_scan":
            return "remat_scan"
        return self.form if self.policy is None else f"{self.form}, remat, {self.policy}"


ROWS = [
    Row("scan", None, 0.45, 0.95),
    Row("scan", "nothing_saveable"),
    Row("scan", "dots_saveable"),
    Row("scan", "dots_with_no_batch_dims_saveable"),
    Row("scan", "everything_saveable"),
    Row("remat_scan", None),
    Row("loop", None),
    Row("loop", "nothing_saveable", 0.12, 1.0),
    Row("loop", "dots_saveable"),
    Row("lstm", None),
    Row("scan", "nothing_saveable", 1.0, 1.02, budget=True),
    Row("scan", "dots_with_no_batch_dims_saveable", 1.0, 1.02, budget=True),
    Row("scan", "dots_saveable", 1.0, 1.02, budget=True),
]


def gradient(model: Any, value_and_grad: Callable) -> Callable:
    def step(parameters: Any, x: jax.Array) -> Any:
        return value_and_grad(lambda parameters: jnp.mean(model.apply(parameters, x) ** 2))(parameters)

    return step


def measure(report: Report, row: Row, depth: int, rounds: int) -> bool:
    """One row; whether gradients agree and the aim for memory is met."""
    if row.form == "lstm":
        ours, theirs = lstm(stablelift), lstm(linen)
        x = jax.random.normal(jax.random.key(1), (8, 1024, 256))
    else:
        ours = transformer(stablelift, row.form, depth, None if row.budget else row.policy)
        theirs = transformer(linen, row.form, depth, row.policy)
        x = jax.random.normal(jax.random.key(1), (BATCH, SEQUENCE, WIDTH))
    parameters = jax.jit(theirs.init)(jax.random.key(0), x)
    flax = jax.jit(gradient(theirs, jax.value_and_grad)).lower(parameters, x).compile()
    step = gradient(ours, functional.value_and_grad)
    if row.budget:
        mine: Any = within(step, flax.memory_analysis().temp_size_in_bytes, parameters, x)[1].compile()
    else:
        mine = functional.jit(step).lower(parameters, x).compile()
    compiled = {"ours": mine, "flax": flax}
    runs = {
        name: partial(lambda run: jax.block_until_ready(run(parameters, x)), run)
        for name, run in compiled.items()
    }
    error = difference(*(jax.tree.leaves(run()) for run in runs.values()))
    seconds = interleaved(rounds, **runs)
    memory = {name: run.memory_analysis().temp_size_in_bytes / 1e6 for name, run in compiled.items()}
    ratios = memory["ours"] / memory["flax"], seconds["ours"] / seconds["flax"]
    mine, other = (f"{memory[name]:.1f} MB" for name in ("ours", "flax"))
    report.ratio(f"{row}: memory", mine, other, ratios[0], at_most(row.memory))
    mine, other = (milliseconds(seconds[name]) for name in ("ours", "flax"))
    report.ratio(f"{row}: step", mine, other, ratios[1], at_most(row.time))
    return error <= LARGEST_ERROR and (row.memory is None or ratios[0] <= row.memory)


POLICIES = (
    None,
    "everything_saveable",
    "dots_saveable",
    "dots_with_no_batch_dims_saveable",
    "nothing_saveable",
)


def tenths(report: Report, depth: int, rounds: int) -> bool:
    """A budget at each tenth of the range; whether all are kept."""
    x = jax.random.normal(jax.random.key(1), (BATCH, SEQUENCE, WIDTH))
    parameters = jax.jit(transformer(linen, "scan", depth, None).init)(jax.random.key(0), x)
    runs: dict[str, Any] = {}
    for policy in POLICIES:
        step = gradient(transformer(linen, "scan", depth, policy), jax.value_and_grad)
        runs[f"flax, {policy}"] = jax.jit(step).lower(parameters, x).compile()
    memory = {name: run.memory_analysis().temp_size_in_bytes for name, run in runs.items()}
    flax = list(runs)
    step = gradient(transformer(stablelift, "scan", depth, None), functional.value_and_grad)
    least, budgets, chosen = within(step, 0.0, parameters, x)[0].peak_bytes, {}, {}
    for tenth in range(1, 10):
        budget = least + (max(memory.values()) - least) * tenth // 10
        kept, program = within(step, budget, parameters, x)
        budgets[tenth], chosen[tenth] = budget, f"ours, {kept.policy}"
        if chosen[tenth] not in runs:
            runs[chosen[tenth]], memory[chosen[tenth]] = program.compile(), kept.peak_bytes
    seconds = interleaved(
        rounds,
        **{
            name: partial(lambda run: jax.block_until_ready(run(parameters, x)), run)
            for name, run in runs.items()
        },
    )
    for tenth, budget in budgets.items():
        fits = [name for name in flax if memory[name] <= budget]
        best = min(fits, key=seconds.__getitem__, default=min(flax, key=memory.__getitem__))
        title, mine = f"budget, {tenth} tenths", chosen[tenth]
        size, most = (f"{bytes_ / 1e6:.1f} MB" for bytes_ in (memory[mine], budget))
        report.ratio(f"{title}: memory", size, most, memory[mine] / budget, "at most 1")
        mine_text, peer = (milliseconds(seconds[name]) for name in (mine, best))
        ratio = seconds[mine] / seconds[best]
        report.ratio(f"... step, against {best.split(', ')[1]}", mine_text, peer, ratio, "at most 1.02")
    return all(memory[chosen[tenth]] <= budget for tenth, budget in budgets.items())


class Simulated(Choices):
    """Choices without XLA: what our simulation says is taken to be its account."""

    def kept(self, policy: Any) -> Kept:
        return Kept(policy, self.simulated(policy), self.simulated(policy))


def search(report: Report) -> bool:
    """What it takes to find the choice that a budget leads to, without XLA; whether they differ."""
    x = jax.ShapeDtypeStruct((BATCH, SEQUENCE, WIDTH), jnp.float32)
    model = transformer(stablelift, "loop", 48, None)
    parameters = jax.eval_shape(model.init, jax.random.key(0), x)
    program = stablelift.Program.trace(gradient(model, functional.value_and_grad), parameters, x)
    runs: list[Any] = []

    def finish(policy: Any) -> Any:
        runs.append(policy)
        return program.after_passes(layers=(Outline(),), remat=policy)

    found: list[tuple[float, int, Any]] = []
    for tenth in range(1, 10):
        runs.clear()
        started = time.process_time()
        kept = within_budget(stablelift.checkpoint_policies.budget(tenth / 10), Simulated(finish))
        found.append((time.process_time() - started, len(runs), kept.policy))
    seconds, count, policies = zip(*found, strict=True)
    title = f"a choice for 48 outlined layers ({statistics.median(count)} runs of the passes, median)"
    median, most = milliseconds(statistics.median(seconds)), milliseconds(max(seconds))
    report.figure(title, f"{median} of processor time, at most {most}; aim 1 s")
    return len(set(policies)) > 2


def within(step: Callable, size: Any, *args: Any) -> tuple[Any, Any]:
    """What a budget leads to for a step, and the program after the passes."""
    whole = stablelift.compile(step, remat=stablelift.checkpoint_policies.budget(size))
    whole.prepare(*args)
    return whole.kept, whole.latest[1]


def difference(found: list[Any], expected: list[Any]) -> float:
    """The largest error of a leaf, relative to its largest element."""
    return max(
        float(np.abs(x - y).max() / max(np.abs(y).max(), 1e-30)) for x, y in zip(found, expected, strict=True)
    )


def at_most(aim: float | None) -> str:
    return "" if aim is None else f"at most {aim:g}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Rematerialisation against Flax's")
    parser.add_argument("--rows", nargs="*", default=[*map(str, ROWS), "tenths", "search"], help="by title")
    parser.add_argument("--depth", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    report = Report(f"Gradients of {options.depth} layers; ratios are ours to Flax's")
    chosen = [row for row in ROWS if str(row) in options.rows]
    held = [measure(report, row, options.depth, options.rounds) for row in chosen]
    if "tenths" in options.rows:
        held.append(tenths(report, options.depth, options.rounds))
    if "search" in options.rows:
        held.append(search(report))
    report.show()
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
