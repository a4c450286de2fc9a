"""A layer norm written `((x - m) ** 2).mean()`: XLA:CPU unrolled takes long over it; looped or outlined it
does not.

    make bench-spelling

A decoder of 24 layers, model unchanged, from `model.init` to the first finished step: with Linen's own layer
norm and with the other spelling, ours and Flax's under `jax.jit`. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import sys

from cold_start import in_a_process
from rich.console import Console
from rich.table import Table

DEPTH = 24
AIM = 1.3


def main() -> int:
    parser = argparse.ArgumentParser(description="Spelling")
    parser.add_argument("--depth", type=int, default=DEPTH)
    options = parser.parse_args()
    table = Table("contestant", "spelling", "first", "total", "step", title=f"{options.depth} layers")
    console = Console(width=100)
    for contestant in ("ours", "flax loop"):
        totals = []
        for spelling in ("linen", "squares"):
            run = argparse.Namespace(spelling=spelling, layers="auto")
            found = in_a_process(contestant, options.depth, run)
            totals.append(found["total"])
            table.add_row(
                contestant,
                spelling,
                f"{found['first']:.2f} s",
                f"{found['total']:.2f} s",
                f"{found['step'] * 1e3:.1f} ms",
            )
        aim = f" (aim: at most {AIM})" if contestant == "ours" else ""
        console.print(f"{contestant}: the other spelling takes {totals[1] / totals[0]:.2f} of the time{aim}")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
