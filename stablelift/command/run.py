"""`stablelift run`: a program on arrays, with a summary of what it computed and how long it took."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from stablelift.command.help import Command, option
from stablelift.command.reading import FILE, Opening, opening, shown
from stablelift.command.refusal import Refusal, refusing
from stablelift.command.transforms import Transforms, transforming
from stablelift.command.writing import arrays_as, refuse_unwritable, write

GROUP = "Running"

EXAMPLES = """
# on random numbers, twenty times
stablelift run model.stablehlo --bench 20
# on an array for the first argument, and variables by name below the second
stablelift run model.mlir --input x.npy --input 1=params.npz -o results.npz
# the gradient, for a program to read
stablelift run loss.mlir --grad 0 --input 0=x.npy --input random --json
"""


class InputType(click.ParamType[tuple[str, str]]):
    """`FILE`, `random`, or `NAME=FILE`."""

    name = "input"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        place, equals, source = value.partition("=")
        return (place, source) if equals else ("", value)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[Any]:
        return FILE.shell_complete(ctx, param, incomplete)


@click.command("run", cls=Command, examples=EXAMPLES)
@click.argument("file", type=FILE)
@option(
    "--input",
    "given",
    type=InputType(),
    multiple=True,
    group=GROUP,
    metavar="[NAME=]SOURCE",
    help="FILE.npy for the next argument, FILE.npz for several, random, zeros or ones for the rest; NAME is "
    "an argument's position and the path below it, as in 0.params (default: random).",
)
@option("--seed", group=GROUP, default=0, show_default=True, help="Of the random numbers.")
@option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="OUT",
    help="Where the results go: OUT.npz by their names, OUT.npy for the only one.",
)
@option(
    "--bench",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    group=GROUP,
    help="Run N times, after one to warm up.",
)
@option(
    "--device", metavar="DEVICE", group=GROUP, help="Where to run: cpu, gpu, tpu, or one of several, gpu:1."
)
@option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@transforming
@opening
def command(
    file: str,
    given: tuple[tuple[str, str], ...],
    seed: int,
    output: str | None,
    bench: int,
    device: str | None,
    as_json: bool,
    transforms: Transforms,
    opening: Opening,
) -> None:  # fmt: skip
    """Run the program in FILE and print types, extremes, means and times.

    FILE is anything that `stablelift opt` reads; '-' is standard input. Arguments are called by their
    position, and what is inside of one by the path below it: 0.params.kernel.
    """
    if output is not None:
        if not output.endswith((".npz", ".npy")):
            raise click.BadParameter(f"expected OUT.npz or OUT.npy, found {output!r}", param_hint="--output")
        refuse_unwritable(output)
    program = opening.program(file)
    import jax
    import numpy as np

    from stablelift.command import summary
    from stablelift.command.inputs import Input, inputs_for, names_of
    from stablelift.lowering.widths import mode_for

    chosen = _device(device)
    name = shown(file)
    weights, program = program.weights, transforms(program, name)
    if output is not None and output.endswith(".npy") and len(program.out_avals) != 1:
        found = len(program.out_avals)
        raise Refusal(f"{output}: error: expected one result for a .npy file, found {found}")
    modes = mode_for((*program.in_avals, *program.out_avals)), jax.default_device(chosen)
    with modes[0], modes[1], refusing(jax.errors.JaxRuntimeError, to=name):
        arrays = inputs_for(program, [Input(*one) for one in given], weights, seed)
        leaves = [jax.device_put(array, chosen) for array in arrays]
        started = time.perf_counter()
        if transforms.remaining is not None:
            program = program.after_passes(remat=transforms.remaining)
        compiled = program.compile()
        arguments = jax.tree.unflatten(program.in_tree, leaves)
        results = jax.block_until_ready(compiled(*arguments))
        compiling = time.perf_counter() - started
        seconds = []
        for _ in range(bench):
            started = time.perf_counter()
            jax.block_until_ready(compiled(*arguments))
            seconds.append(time.perf_counter() - started)
    found = dict(
        zip(names_of(program.out_tree, "result"), map(np.asarray, jax.tree.leaves(results)), strict=True)
    )
    if output is not None:
        write(output, arrays_as(output, found))
    inputs = [
        summary.facts(name, array) for name, array in zip(names_of(program.in_tree, "0"), arrays, strict=True)
    ]
    outputs = [summary.facts(name, array) for name, array in found.items()]
    times = summary.times(compiling, seconds)
    if as_json:
        about = {"file": name, "device": str(chosen), "inputs": inputs, "results": outputs, "seconds": times}
        click.echo(json.dumps(about, indent=2))
    else:
        click.echo(summary.table(inputs, outputs))
        click.echo(summary.sentence(str(chosen), times))


def _device(text: str | None) -> Any:
    """The device of that name, or the first. Raises: BadParameter if there is none."""
    import jax

    if text is None:
        return jax.devices()[0]
    kind, _, number = text.partition(":")
    try:
        return jax.devices(kind)[int(number or 0)]
    except (RuntimeError, ValueError, IndexError):
        known = ", ".join(f"{one.platform}:{one.id}" for one in jax.devices())
        raise click.BadParameter(
            f"there is no device {text!r}; there are {known}", param_hint="--device"
        ) from None
