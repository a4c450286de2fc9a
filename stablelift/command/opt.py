"""`stablelift opt`: transformations and passes on a StableHLO file from any producer."""

from __future__ import annotations

import click

from stablelift.command.help import Command, option
from stablelift.command.passes import Passes, passing
from stablelift.command.reading import FILE, GROUP, Opening, module_in, opening, read_bytes, reader, shown
from stablelift.command.transforms import Transforms, transforming
from stablelift.command.writing import arrays_as, finishing, output_option, refuse_unwritable, write

EXAMPLES = """
# the model on a batch of 32, with its gradients
stablelift opt model.mlir --batching 32 --vjp -o trained.mlir
# the gradient of a loss in its first argument, for each of 8 examples that share the second
stablelift opt loss.stablehlo --grad 0 --batching 8,in=0:-
# weights that stand in the file as constants, made an argument, which has gradients
stablelift opt torch.mlir --lift-weights --save-weights w.npz --vjp -o vjp.mlir
# one pass by itself, its result for another command
stablelift opt model.mlir --pipeline=lift-batching,cse | stablelift run -
"""


@click.command("opt", cls=Command, examples=EXAMPLES)
@click.argument("file", type=FILE)
@transforming
@passing
@output_option
@opening
@option(
    "--save-weights",
    "weights",
    type=click.Path(),
    metavar="OUT.npz",
    group=GROUP,
    help="Where to write the weights that --lift-weights has made an argument.",
)
def command(
    file: str, transforms: Transforms, passes: Passes, output: str, opening: Opening, weights: str | None
) -> None:  # fmt: skip
    """Transform the entry point of the StableHLO module in FILE, run passes over it, and print the result.

    FILE is text, bytecode, a portable artefact or a jax.export file, from any producer; '-' is standard
    input. Without --pipeline what others than JAX write is adopted, every lift op is compiled away, and loops
    are raised, hoisted from and fused where that is worth it; --roll, --fuse and --hoist choose what is done
    instead. Ops of unknown dialects and custom calls are listed with their lines.
    """
    if weights is not None and not opening.lift_weights:
        raise click.UsageError("--save-weights goes with --lift-weights")
    for one in filter(None, (output, weights)):
        refuse_unwritable(one)
    data, name = read_bytes(file), shown(file)
    reader()  # gets ready while jax is imported
    if transforms or opening.needs_program(data):
        loaded = opening.program_in(data, file)
        if weights is not None:
            write(weights, arrays_as(weights, loaded.weights))
        program = transforms(loaded, name)
        source = program.bytecode
    else:
        program, source = None, module_in(data, name)
    finish = finishing(output, name, opening.allow_custom_calls, program)
    write(output, passes.over(source, name, transforms.remaining, finish, foreign=program is None))
