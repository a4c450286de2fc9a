"""What the command costs: its help, checking many lines, and `opt` of many ops beside what MLIR itself takes.

    make bench-command
    python benchmarks/command.py --ops 5000

The help is timed as a process of its own; what checks a `.lift` file in this one, on copies of an example.
`opt` is timed in this process, imports apart: the whole command, what MLIR takes to read and print the
modules in it, what is left, all passes, and the slowest. The file is a chain of layers (a product, two sums,
tanh) as one function.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HELP_AIM_S = 0.25
PASS_AIM_S = 0.3
CHECK_LINES, CHECK_AIM_S = 1000, 0.5
WAYS = {
    "": "every lift compiled away",
    "--batching 8": "a batch",
    "--jvp": "forward mode",
    "--vjp": "reverse mode",
    "--vjp --remat min_cut": "reverse mode, rematerialised",
    "--grad 0 --batching 8": "gradients of a batch",
}


def main() -> int:
    parser = argparse.ArgumentParser(description="The command")
    parser.add_argument("--ops", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"stablelift --help: {help_seconds(options.rounds):.3f} s (aim {HELP_AIM_S})")
    lines, seconds = checking(CHECK_LINES, options.rounds)
    print(f"checking {lines} lines of a .lift file: {seconds:.3f} s (aim {CHECK_AIM_S} for {CHECK_LINES})")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "deep.mlir")
        file.write_text(deep(options.ops))
        report(file, options)
    return 0


def help_seconds(rounds: int) -> float:
    command = [sys.executable, "-m", "stablelift", "--help"]
    return median(lambda: subprocess.run(command, check=True, capture_output=True), 2 * rounds)


def checking(at_least: int, rounds: int) -> tuple[int, float]:
    """How many lines, and the seconds of reading and checking them."""
    from stablelift.frontend.language.check import check
    from stablelift.frontend.language.diagnostics import Source
    from stablelift.frontend.language.parse import parse

    example = Path(__file__).parents[1] / "examples" / "transformer.lift"
    text = example.read_text(encoding="utf-8")
    names = re.compile(r"\b(Block|Deep|Transformer|next_token_loss)\b")
    copies = range(-(-at_least // (text.count("\n") + 1)))
    whole = "\n".join(names.sub(rf"\1_{copy}", text) for copy in copies)

    def run() -> None:
        check(parse(whole, "m.lift"), Source.of(whole, "m.lift"))

    run()
    return whole.count("\n") + 1, median(run, rounds)


def deep(ops: int) -> str:
    """A module of that many ops: layers of four, down to a scalar."""
    lines = [
        "func.func @main(%x0: tensor<4x8xf32>, %w: tensor<8x8xf32>, %b: tensor<4x8xf32>) -> tensor<f32> {"
    ]
    wide = "tensor<4x8xf32>"
    for layer in range(ops // 4):
        lines += [
            f"  %d{layer} = stablehlo.dot_general %x{layer}, %w, contracting_dims = [1] x [0]"
            f" : ({wide}, tensor<8x8xf32>) -> {wide}",
            f"  %a{layer} = stablehlo.add %d{layer}, %b : {wide}",
            f"  %t{layer} = stablehlo.tanh %a{layer} : {wide}",
            f"  %x{layer + 1} = stablehlo.add %t{layer}, %x{layer} : {wide}",
        ]
    lines += [
        "  %c = stablehlo.constant dense<0.0> : tensor<f32>",
        f"  %y = stablehlo.reduce(%x{ops // 4} init: %c) applies stablehlo.add across dimensions = [0, 1]"
        f" : ({wide}, tensor<f32>) -> tensor<f32>",
        "  return %y : tensor<f32>",
        "}",
    ]
    return "\n".join(lines) + "\n"


def report(file: Path, options: argparse.Namespace) -> None:
    from click.testing import CliRunner
    from rich.console import Console
    from rich.table import Table

    from stablelift.command import main as stablelift

    columns = ("stablelift opt", "", "in all", "MLIR", "left", "in passes", "slowest pass")
    table = Table(*columns, title=f"{options.ops} ops, seconds (aim for a pass: {PASS_AIM_S})")
    for way, meaning in WAYS.items():
        out = file.with_name("out.mlir")
        argv = ["opt", str(file), *way.split(), "-o", str(out), "--timing"]
        timing: list[dict[str, float]] = []

        def run(argv: list[str] = argv, timing: list[dict[str, float]] = timing) -> None:
            done = CliRunner().invoke(stablelift, argv, catch_exceptions=False)
            assert done.exit_code == 0, done.output
            timing.append(by_pass(done.stderr))

        run()  # imports, and the child that reads files
        whole = median(run, options.rounds)
        mlir = reading_and_printing(file, out, options.rounds)
        passes = {name: statistics.median(one.get(name, 0.0) for one in timing[1:]) for name in timing[-1]}
        total = passes.pop("total")
        slowest = max(passes, key=lambda name: passes[name])
        numbers = [f"{seconds:.3f}" for seconds in (whole, mlir, whole - mlir, total)]
        table.add_row(way, meaning, *numbers, f"{slowest} {passes[slowest]:.3f}")
    Console(width=120).print(table)


def by_pass(said: str) -> dict[str, float]:
    """The seconds of each pass, runs of one together, from what `--timing` prints."""
    found: dict[str, float] = {}
    for line in said.splitlines():
        seconds, _, name = line.split(maxsplit=2)
        found[name] = found.get(name, 0.0) + float(seconds)
    return found


def reading_and_printing(file: Path, out: Path, rounds: int) -> float:
    """What MLIR takes for what the command has it do: text read, handed on as bytes, and printed."""
    from stablelift.ir.mlir import context, parse, to_bytecode, to_text

    text, written = file.read_text(), out.read_text()

    def read() -> None:
        with context() as ctx:
            data = to_bytecode(parse(text, ctx, str(file)))
        for _ in range(2):  # the child makes sure of it, and the command opens it
            with context() as ctx:
                parse(data, ctx)

    with context() as ctx:
        module = parse(written, ctx)
        printing = median(lambda: to_text(module), rounds)
    return median(read, rounds) + printing


def median(function: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    sys.exit(main())
