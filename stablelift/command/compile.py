"""`stablelift compile`: an entry of a `.lift` file, or of Python, as StableHLO."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from stablelift.command.arguments import Argument, ArgumentType, leaves
from stablelift.command.help import Command, option
from stablelift.command.passes import Passes, passing
from stablelift.command.reading import FILE
from stablelift.command.sources import namespace_of, source_and_entry
from stablelift.command.transforms import Transforms, transforming
from stablelift.command.writing import finishing, output_option, refuse_unwritable, write

GROUP = "Entry"

EXAMPLES = """
# a module's call: its variables are the first argument
stablelift compile digits.lift --entry MLP --arg x=f32[32,64] -o mlp.mlir
# the variables, from a key; with a field set
stablelift compile digits.lift --entry 'MLP(hidden=8).init' --arg x=f32[32,64] -o init.stablehlo
# a function of Python, and its gradient in a tree of parameters
stablelift compile package.model:loss --arg 'params={w: f32[3,4]}' --arg x=f32[3] --grad 0
"""


class NamesType(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        return value if isinstance(value, tuple) else tuple(filter(None, map(str.strip, value.split(","))))


def entries(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a `.lift` file declares, for completion; it is read and not run."""
    from stablelift.frontend.language.diagnostics import LiftSourceError
    from stablelift.frontend.language.load import read

    # An option that still lacks its value leaves the words before it as they are.
    for file in (ctx.params.get("file"), *ctx.args):
        if file is not None and file.endswith(".lift"):
            with contextlib.suppress(LiftSourceError):
                names = [each.name.text for each in read(file).file.declarations]
                return [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return []


@click.command("compile", cls=Command, examples=EXAMPLES)
@click.argument("file", type=FILE)
@option(
    "--entry",
    metavar="NAME",
    group=GROUP,
    shell_complete=entries,
    help="A function, a module (its `call`) or MODULE.method; MODULE.init makes the variables; "
    "MODULE(field=value) sets fields. Needed where FILE declares several.",
)
@option(
    "--arg",
    "arguments",
    type=ArgumentType(),
    multiple=True,
    metavar="[NAME=]TYPE",
    group=GROUP,
    help="An argument: x=f32[8,64], k=key, 'tree={a: f32[3], b: [i32[], u8[2]]}'; train=true is a value.",
)
@option(
    "--rngs",
    type=NamesType(),
    default="",
    metavar="NAMES",
    group=GROUP,
    help="Random streams of the module, which the program takes keys for, as its last argument.",
)
@option(
    "--mutable",
    type=NamesType(),
    default="",
    metavar="NAMES",
    group=GROUP,
    help="Collections that the module may change, and returns beside its result.",
)
@option(
    "--platform",
    type=click.Choice(["cpu", "gpu", "cuda", "rocm", "tpu"]),
    group=GROUP,
    help="Whose lowerings to use, where JAX's differ (default: this machine's).",
)
@transforming
@passing
@output_option
def command(
    file: str,
    entry: str | None,
    arguments: tuple[Argument, ...],
    rngs: tuple[str, ...],
    mutable: tuple[str, ...],
    platform: str | None,
    transforms: Transforms,
    passes: Passes,
    output: str,
) -> None:  # fmt: skip
    """Lower an entry of FILE to StableHLO.

    FILE is a .lift file, a Python file, or a Python module, package.model:ENTRY. The program takes what the
    entry takes, in its order; a module's takes the variables first. Lift ops are compiled away, and stay
    with --pipeline=''.
    """
    refuse_unwritable(output)
    source, text = source_and_entry(file, entry)
    space = namespace_of(source)
    import jax

    from stablelift.command.entries import entry_in
    from stablelift.command.tracing import Streams, program_of

    found, name = entry_in(space, text)
    words = [text or "", *(str(leaf) for one in arguments for leaf in leaves(one.value))]
    with (
        jax.enable_x64(True)
        if re.search(r"\b([iuf]64|c128)\b", " ".join(words))
        else contextlib.nullcontext()
    ):
        program = program_of(found, name, arguments, Streams(rngs, mutable), source, platform)
        program = transforms(program, source)
    finish = finishing(output, source, ("*",), program)
    write(output, passes.over(program.bytecode, source, transforms.remaining, finish))
