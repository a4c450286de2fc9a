"""The options `--batching`, `--jvp`, `--vjp`, `--grad`: transformations of a program's entry point.

Each is the method of its name of `Program`, applied in the order of the command line: `--grad 0 --batching 8`
batches the gradient, `--batching 8 --vjp` differentiates the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from stablelift.command.help import ORDER, option
from stablelift.command.refusal import refusing

if TYPE_CHECKING:
    from stablelift.ir.policy import Policy
    from stablelift.runtime.program import Program

GROUP = "Transformations of the entry point, in the order given"

Axes = int | None | tuple[int | None, ...]


@dataclass(frozen=True)
class Batching:
    """The size of a batch, and the axes it is given in arguments and results."""

    size: int
    in_axes: Axes = 0
    out_axes: Axes = 0


class BatchingType(click.ParamType[Batching]):
    """`32`, or `32,in=0:-:1,out=0`: an axis for all, or one for each with colons between; `-` for none."""

    name = "batching"

    def convert(self, value: Any, param: Any, ctx: Any) -> Batching:
        if isinstance(value, Batching):
            return value
        size, *others = value.split(",")
        try:
            axes = dict(other.split("=") for other in others)
            if not axes.keys() <= {"in", "out"} or not 1 <= int(size) < 2**63:
                raise ValueError
            return Batching(int(size), *(_axes(axes.get(name, "0")) for name in ("in", "out")))
        except ValueError:
            self.fail(f"expected a size such as 32, or 32,in=0:-:1,out=0, found {value!r}", param, ctx)


def _axes(text: str) -> Axes:
    axes = tuple(None if axis == "-" else int(axis) for axis in text.split(":"))
    return axes[0] if len(axes) == 1 else axes


class PositionsType(click.ParamType[tuple[int, ...]]):
    """Arguments by position, `0` or `0,2`."""

    name = "positions"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(position) for position in value.split(","))
        except ValueError:
            self.fail(f"expected positions of arguments, such as 0 or 0,2, found {value!r}", param, ctx)


class PolicyType(click.ParamType["Policy"]):
    """The text of a rematerialisation policy."""

    name = "policy"

    def convert(self, value: Any, param: Any, ctx: Any) -> Policy:
        from stablelift.ir.policy import PolicyError, parse

        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except PolicyError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        from stablelift.ir.policy import ARGUMENTS

        return [CompletionItem(name) for name in ARGUMENTS if name.startswith(incomplete)]


@dataclass(frozen=True)
class Transforms:
    """The transformations of a command line, in order, and the policy of its reverse sweeps.

    Attributes:
      steps: Of each the option, and the program's method with what the option says.
    """

    steps: tuple[tuple[str, Callable[[Program], Program]], ...] = ()
    remat: Policy | None = None

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def remaining(self) -> Policy | None:
        """The policy, where none of the steps has taken it up: it is for what the program itself holds."""
        return None if any(flag in _REVERSE for flag, _ in self.steps) else self.remat

    def __call__(self, program: Program, name: str) -> Program:
        """The program transformed. Raises: Refusal, which calls it `name`."""
        for flag, apply in self.steps:
            if flag in _REVERSE and self.remat is not None:
                program = program.remat(self.remat)
            with refusing(TypeError, ValueError, to=name, of=flag):
                program = apply(program)
        return program


_REVERSE = ("--vjp", "--grad", "--value-and-grad")


def _batched(program: Program, batching: Batching) -> Program:
    for what, axes, tree in (
        ("argument", batching.in_axes, program.in_tree),
        ("result", batching.out_axes, program.out_tree),
    ):
        if isinstance(axes, tuple) and len(axes) != (count := _count(tree)):
            raise ValueError(
                f"expected an axis for each {what}, of which there are {count}, found {len(axes)}"
            )
    return program.vmap(batching.in_axes, batching.out_axes, batching.size)


def _count(tree: Any) -> int:
    """The arguments, or the results: the entries of a tuple, or the one thing that there is."""
    data = tree.node_data()
    return len(tree.children()) if data is not None and data[0] is tuple else 1


def _differentiated(method: str, program: Program, positions: tuple[int, ...]) -> Program:
    argnums: Any = positions[0] if len(positions) == 1 else positions
    return getattr(program, method)(argnums)


_APPLY: dict[str, tuple[str, Callable[[Program, Any], Program]]] = {
    "batching": ("--batching", _batched),
    "jvp": ("--jvp", lambda program, _: program.jvp()),
    "vjp": ("--vjp", lambda program, _: program.vjp()),
    "grad": ("--grad", partial(_differentiated, "grad")),
    "value_and_grad": ("--value-and-grad", partial(_differentiated, "value_and_grad")),
}

_OPTIONS = (
    option(
        "--batching", "--vmap", "batching", type=BatchingType(), multiple=True, group=GROUP,
        metavar="SIZE[,AXES]",
        help="Map over a new axis of SIZE examples. AXES are in=0:-:1,out=0: the axis of each argument, "
        "- where all examples share it, and of each result; one for all without colons, 0 unless given.",
    ),
    option(
        "--jvp", count=True, group=GROUP, help="Forward mode: takes tangents too, and returns them."
    ),
    option("--vjp", count=True, group=GROUP, help="Reverse mode: takes cotangents too, returns gradients."),
    option(
        "--grad", type=PositionsType(), multiple=True, metavar="ARGS", group=GROUP,
        help="The gradient of a scalar result, with respect to arguments by position: 0, or 0,2.",
    ),
    option(
        "--value-and-grad", type=PositionsType(), multiple=True, metavar="ARGS", group=GROUP,
        help="The scalar result, and that gradient.",
    ),
    option(
        "--remat", type=PolicyType(), metavar="POLICY", group=GROUP,
        help="What reverse sweeps keep: dots_saveable, min_cut, 'budget(\"512MiB\")', ...",
    ),
)  # fmt: skip


def transforming(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it is called with what they say as `transforms`."""

    @wraps(command)
    def transformed(remat: Policy | None, **given: Any) -> None:
        found = {name: given.pop(name) for name in _APPLY}
        # A flag that stands n times is the number n.
        values = {name: iter((None,) * one if isinstance(one, int) else one) for name, one in found.items()}
        order = [name for name in click.get_current_context().meta[ORDER] if name in _APPLY]
        steps = [(_APPLY[name][0], _Step(_APPLY[name][1], next(values[name]))) for name in order]
        command(transforms=Transforms(tuple(steps), remat), **given)

    for add in reversed(_OPTIONS):
        transformed = add(transformed)
    return transformed


@dataclass(frozen=True)
class _Step:
    method: Callable[[Program, Any], Program]
    value: Any

    def __call__(self, program: Program) -> Program:
        return self.method(program, self.value)
