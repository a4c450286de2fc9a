"""What `explain` estimates, beside XLA's account of the same programs, and what its page costs.

    make bench-explain

Peak memory is ours to `temp + results` of XLA's memory analysis, FLOPs ours to XLA's cost analysis, which
counts the body of a loop once: so they are compared where there is none. Exits with 1 where an estimate of
memory is off by more than half.
"""

from __future__ import annotations

import sys
import time

import jax
import jax.numpy as jnp
from common.measure import Report, milliseconds, no_options
from common.models import Workload, conv_net, lstm, physics_informed, transformer

import stablelift as nn
from stablelift import Program, functional
from stablelift.passes.remat.report import spelled
from stablelift.runtime.account import account_of
from stablelift.runtime.page import page

OFF = 1.5


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        h = nn.gelu(nn.Dense(4 * x.shape[-1])(nn.LayerNorm()(x)))
        return x + nn.Dense(x.shape[-1])(h)


class Deep(nn.Module):
    """Twelve equal layers, rematerialised or not."""

    block: type = Block

    @nn.compact
    def __call__(self, x):
        for _ in range(12):
            x = self.block()(x)
        return (x**2).mean()


def deep(name: str, block: type) -> Workload:
    x, model = jnp.ones((128, 64)), Deep(block)
    return Workload(name, model.apply, model.init(jax.random.key(0), x), x)


def measure(report: Report, workload: Workload) -> bool:
    """One program; whether the estimate of its memory is near."""
    function = functional.value_and_grad(workload.function)
    program = Program.trace(function, workload.parameters, workload.data)
    compiled = program.compile()
    started = time.perf_counter()
    account = account_of(program)
    told = time.perf_counter()
    size = len(page(account))
    drawn = time.perf_counter()
    memory = compiled.memory_analysis()
    taken = memory.temp_size_in_bytes + memory.output_size_in_bytes
    ratio = account.memory.peak_bytes / taken
    title = f"{workload.name} ({account.census.operations} ops)"
    report.ratio(f"{title}: peak memory", spelled(account.memory.peak_bytes), spelled(taken), ratio, "")
    if not account.census.loops:
        cost = compiled.cost_analysis()
        flops = (cost[0] if isinstance(cost, list) else cost)["flops"]
        numbers = f"{account.census.flops / 1e6:.4g} M", f"{flops / 1e6:.4g} M"
        report.ratio("... FLOPs", *numbers, account.census.flops / flops, "")
    passes = program.finished.timing.total()
    report.ratio("... the account, against the passes", milliseconds(told - started), milliseconds(passes),
                 (told - started) / passes, "")  # fmt: skip
    report.figure("... its page", f"{size / 1e3:.0f} kB in {milliseconds(drawn - told)}")
    return 1 / OFF < ratio < OFF


def main() -> int:
    no_options(__doc__)
    report = Report("What explain says, ours to XLA's")
    workloads = [transformer(), conv_net(), lstm(), physics_informed()[1](functional)]
    workloads += [deep("12 layers", Block), deep("12 layers, remat", nn.remat(Block))]
    near = [measure(report, workload) for workload in workloads]
    report.show()
    return int(not all(near))


if __name__ == "__main__":
    sys.exit(main())
