"""From the first line of Python to the first finished training step: deep models written as a plain loop.

    make bench-cold_start
    python benchmarks/cold_start.py --depths 12 24 --spelling squares

The model, Adam and the batch are the same for all; each contestant starts in a process of its own, one after
the other. Ours are the unchanged model with its gradient by `stablelift.functional.value_and_grad`, the same
with Adam traced leaf by leaf (`stablelift.leafwise`, which a peer may have as well), and with the gradient by
`jax.value_and_grad`; the peers Flax Linen under `jax.jit`, as a loop and with a hand-written `nn.scan`. "Init
jitted" calls `jax.jit(model.init)`, as much code does, where the others call `model.init`. Seconds:

* init: the initial variables;
* lower: tracing, derivatives, our passes, lowering;
* first: XLA and the first step;
* total: all of these with the optimiser's initial state, imports apart.

A contestant that is "warm" starts a second time, with the cache on disk that its first start filled:
`stablelift.cache` for ours, JAX's alone for Flax.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

JITTED = ", init jitted"
COLD = (
    *("ours", "ours, leafwise", "ours, gradient by jax", "ours" + JITTED),
    *("flax loop", "flax loop, leafwise", "flax loop" + JITTED, "flax scan"),
)
WARM = tuple(f"{name}, warm" for name in COLD)
AIM = 1.5
"""Seconds that a warm start of ours may take."""
STEPS = 15


def main() -> int:
    parser = argparse.ArgumentParser(description="Cold start")
    parser.add_argument("--depths", type=int, nargs="+", default=[12, 24, 48])
    default = [name for name in COLD if name != "flax loop, leafwise"]
    default += ["ours, warm", "ours, leafwise, warm", "flax loop, warm"]
    parser.add_argument("--contestants", nargs="+", default=default, choices=[*COLD, *WARM])
    parser.add_argument("--spelling", choices=("linen", "squares"), default="linen")
    parser.add_argument("--layers", default="auto", help="what `stablelift.compile` does with equal layers")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        contestant, depth = options.child
        print(json.dumps(measured(contestant, int(depth), options)))
        return 0
    report(options)
    return 0


def report(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "depth", "contestant", "init", "lower", "first", "total", "step", "losses", title="Cold start"
    )
    totals: dict[tuple[int, str], float] = {}
    steps: dict[tuple[int, str], float] = {}
    for depth in options.depths:
        for contestant in options.contestants:
            found = in_a_process(contestant, depth, options)
            totals[depth, contestant], steps[depth, contestant] = found["total"], found["step"]
            times = [f"{found[stage]:.2f} s" for stage in ("init", "lower", "first", "total")]
            losses = " ".join(f"{loss:.4f}" for loss in found["losses"])
            table.add_row(str(depth), contestant, *times, f"{found['step'] * 1e3:.1f} ms", losses)
    console = Console(width=120)
    console.print(table)
    cold = [name for name in options.contestants if name in COLD]
    for depth in options.depths:
        peers = [name for name in cold if name.startswith("flax")]
        for ours in [name for name in cold if name.startswith("ours")]:
            for peer in peers:
                ratio = totals[depth, peer] / totals[depth, ours]
                console.print(f"{depth} layers, {ours}: {ratio:.2f} times as fast as {peer}")
            if peers:
                best = min(steps[depth, peer] for peer in peers)
                ratio = steps[depth, ours] / best
                console.print(f"{depth} layers, {ours}: a step {ratio:.3f} of the faster peer's")
    for ours in [name for name in cold if name.startswith("ours")]:
        least, most = options.depths[0], options.depths[-1]
        ratio = totals[most, ours] / totals[least, ours]
        console.print(f"{ours}: {most} layers in {ratio:.2f} of the time of {least}")
    for ours in [name for name in options.contestants if name in WARM and name.startswith("ours")]:
        for depth in options.depths:
            console.print(f"{ours}, {depth} layers: {totals[depth, ours]:.2f} s (aim: at most {AIM} s)")


def in_a_process(contestant: str, depth: int, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", contestant.removesuffix(", warm"), str(depth)]
    command += ["--spelling", options.spelling, "--layers", options.layers]

    def start(**environment: str) -> dict[str, Any]:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=os.environ | environment,
            cwd=Path(__file__).parent.parent,
        )
        if done.returncode:
            raise SystemExit(f"{contestant} at depth {depth} failed:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    if contestant in COLD:  # neither side may find what an earlier run has compiled
        return start(JAX_ENABLE_COMPILATION_CACHE="false", STABLELIFT_CACHE_DIR="")
    with tempfile.TemporaryDirectory() as folder:
        variable = "STABLELIFT_CACHE_DIR" if contestant.startswith("ours") else "JAX_COMPILATION_CACHE_DIR"
        cached = {variable: folder, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        start(**cached)
        return start(**cached)


def measured(contestant: str, depth: int, options: argparse.Namespace) -> dict[str, Any]:
    """The seconds of one contestant, in this process."""
    import jax
    import optax
    from common.decoder import BATCH, SEQUENCE, VOCABULARY, decoder, training_step

    if contestant.startswith("ours"):
        import stablelift as nn
        from stablelift import functional
    else:
        from flax import linen as nn
    by_us = contestant in ("ours", "ours, leafwise", "ours" + JITTED)
    value_and_grad = functional.value_and_grad if by_us else jax.value_and_grad
    model = decoder(nn, options.spelling, scanned=contestant == "flax scan")(depth)
    tokens = jax.random.randint(jax.random.key(1), (BATCH, SEQUENCE), 0, VOCABULARY)
    optimiser = optax.adam(1e-3)
    if contestant.endswith("leafwise"):
        from stablelift import leafwise  # as a peer may

        optimiser = leafwise(optimiser)
    step = training_step(model, optimiser, value_and_grad)
    clock = Clock()
    init = jax.jit(model.init) if contestant.endswith(JITTED) else model.init
    params = jax.block_until_ready(init(jax.random.key(0), tokens))
    clock.lap("init")
    state = jax.block_until_ready(optimiser.init(params))
    clock.lap("optimiser")
    run: Callable[..., Any]
    if contestant.startswith("ours"):
        run = nn.compile(step, carry=2, layers=options.layers)
        run.prepare(params, state, tokens)
        clock.lap("lower")
    else:
        lowered = jax.jit(step).lower(params, state, tokens)
        clock.lap("lower")
        run = lowered.compile()
    params, state, loss = run(params, state, tokens)
    jax.block_until_ready(loss)
    clock.lap("first")
    losses, seconds = [float(loss)], []
    for _ in range(STEPS):
        started = time.perf_counter()
        params, state, loss = run(params, state, tokens)
        jax.block_until_ready(loss)
        seconds.append(time.perf_counter() - started)
    losses.append(float(loss))
    laps = clock.laps
    return laps | {"total": sum(laps.values()), "step": statistics.median(seconds), "losses": losses}


class Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._mark = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._mark
        self._mark = time.perf_counter()


if __name__ == "__main__":
    sys.exit(main())
