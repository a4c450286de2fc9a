"""Scripts of which only the import has changed: `jax.jit`, `jax.value_and_grad` and op by op, beside Flax.

    make bench-unchanged
    python benchmarks/unchanged.py --cases scan "scan of remat"
    python benchmarks/unchanged.py --of "gradient through jit"

Each library takes all the models in a process of its own. Ratios of seconds, ours to Flax's, and ours:

* init: `jax.jit(model.init)`, called once;
* op by op: `model.apply` under no `jit`, once it has run;
* lower, XLA, step: the value and gradient of a loss under `jax.jit`: tracing and lowering, compiling, a call;
  or, of a loss that is jitted itself, or the product of the Hessian and a vector beside both;
* temp: XLA's temporary memory, of megabytes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.lifted import CASES

STAGES = ("init", "op by op", "lower", "XLA", "step", "temp")
CALLS = 15


def main() -> int:
    parser = argparse.ArgumentParser(description="Only the import has changed")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--of", default="gradient", choices=list(DERIVATIVES))
    parser.add_argument("--child", choices=("ours", "flax"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        for name in options.cases:
            print(json.dumps(measured(options.child, name, options.of)), flush=True)
        return 0
    report(options.cases, options.of)
    return 0


def gradient(loss: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    return jax.value_and_grad(loss)


def gradient_through_jit(loss: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    return jax.value_and_grad(jax.jit(loss))


def hessian_product(loss: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    def product(variables: Any, *rest: Any) -> Any:
        return jax.jvp(lambda at: jax.value_and_grad(loss)(at, *rest), (variables,), (variables,))

    return product


DERIVATIVES = {
    "gradient": gradient,
    "gradient through jit": gradient_through_jit,
    "hessian product": hessian_product,
}


def report(cases: list[str], of: str) -> None:
    from rich.console import Console
    from rich.table import Table

    ours, theirs = (in_a_process(library, cases, of) for library in ("ours", "flax"))
    table = Table("model", *STAGES, title=f"Only the import has changed, {of}: ours to Flax's")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, mine, peer in zip(cases, ours, theirs, strict=True):
        if abs(mine["loss"] - peer["loss"]) > 1e-4 * abs(peer["loss"]):
            raise SystemExit(f"{name}: a loss of {mine['loss']}, Flax's is {peer['loss']}")
        table.add_row(name, *(f"{mine[stage] / peer[stage]:.2f} ({mine[stage]:.2g})" for stage in STAGES))
    medians = [
        statistics.median(mine[stage] / peer[stage] for mine, peer in zip(ours, theirs, strict=True))
        for stage in STAGES
    ]
    table.add_section()
    table.add_row("median", *(f"{ratio:.2f}" for ratio in medians))
    Console(width=120).print(table)


def in_a_process(library: str, cases: list[str], of: str) -> list[dict[str, float]]:
    command = [sys.executable, __file__, "--child", library, "--of", of, "--cases", *cases]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    if done.returncode:
        raise SystemExit(f"{library} failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def measured(library: str, name: str, of: str) -> dict[str, float]:
    import jax

    if library == "ours":
        import stablelift as nn
    else:
        from flax import linen as nn
    model, x = CASES[name](nn)
    streams = {"params": jax.random.key(0), "dropout": jax.random.key(3)}
    found: dict[str, float] = {}

    def loss(variables: Any, x: Any, key: Any) -> Any:
        return (model.apply(variables, x, rngs={"dropout": key}) ** 2).mean()

    variables, found["init"] = timed(lambda: jax.jit(model.init)(streams, x))
    given = variables, x, jax.random.key(9)
    timed(lambda: loss(*given))
    found["op by op"] = statistics.median(timed(lambda: loss(*given))[1] for _ in range(3))
    lowered, found["lower"] = timed(lambda: jax.jit(DERIVATIVES[of](loss)).lower(*given))
    compiled, found["XLA"] = timed(lowered.compile)
    found["loss"] = float(jax.tree.leaves(compiled(*given))[0])
    found["step"] = statistics.median(timed(lambda: compiled(*given))[1] for _ in range(CALLS))
    found["temp"] = compiled.memory_analysis().temp_size_in_bytes / 1e6
    return found


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    import jax

    started = time.perf_counter()
    result = run()
    if jax.tree.leaves(result) and isinstance(jax.tree.leaves(result)[0], jax.Array):
        jax.block_until_ready(result)
    return result, time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
