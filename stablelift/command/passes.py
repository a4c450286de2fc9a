"""The options that choose passes, say what they are to tell, and run them: those of `opt` and `compile`."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from stablelift.command.help import gathering, option
from stablelift.command.refusal import refusing

if TYPE_CHECKING:
    from stablelift.ir.mlir import ir
    from stablelift.ir.policy import Policy
    from stablelift.passes.pipeline import Timing

GROUP = "Passes (what they print goes to standard error)"


class PipelineType(click.ParamType[str]):
    """Names of passes with commas between them."""

    name = "pipeline"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        return value

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        from stablelift.passes.pipeline import MLIR, OURS

        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in (*OURS, *MLIR) if name.startswith(last)]


@dataclass(frozen=True)
class Passes:
    """What the options say: the passes to run, and what to print about them."""

    pipeline: str | None
    roll: bool
    fuse: bool
    hoist: bool
    verify: bool
    print_ir_after_all: bool
    timing: bool

    def __post_init__(self) -> None:
        if self.pipeline is not None and (self.roll or self.fuse or self.hoist):
            raise click.UsageError(
                "--roll, --fuse and --hoist choose among the passes that --pipeline replaces"
            )

    def over(
        self,
        source: bytes,
        name: str,
        remat: Policy | None,
        finish: Callable[[ir.Module], bytes],
        foreign: bool = False,
    ) -> bytes:
        """What `finish` makes of the module in `source`, which messages call `name`, after the passes.

        A `foreign` module is one that was not loaded as a program: it is adopted here, unless a pipeline says
        what is to happen. Raises: Refusal if a pass refuses it.
        """
        from stablelift.ir.mlir import context, ir, parse
        from stablelift.passes.adopt import adopt
        from stablelift.passes.adopt.entry import name_entry

        with refusing(to=name), context() as ctx, ir.Location.unknown():
            module = parse(source, ctx, name)
            if foreign and self.pipeline is None:
                if self.roll:
                    name_entry(module)
                adopt(module)
            timing = self._run(module, remat)
            if self.timing:
                for one, seconds in [*timing.seconds, ("total", timing.total())]:
                    click.echo(f"{seconds:10.4f} s  {one}", err=True)
            return finish(module)

    def _run(self, module: ir.Module, remat: Policy | None) -> Timing:
        from stablelift.passes.pipeline import names_in, run

        with _dumped(self.print_ir_after_all) as dump:
            if self.pipeline is not None:
                names = names_in(self.pipeline)
                # Passes rely on it; a pipeline of none only prints.
                first = ["lift-verify"] if names or self.verify else []
                return run(module, [*first, *names, *(["lift-verify"] if self.verify else [])], dump=dump)
            chosen = {"lift-hoist": self.hoist, "lift-fuse": self.fuse}
            loops = [name for name, wanted in chosen.items() if wanted]
            return run(
                module,
                layers=["lift-roll"] if self.roll else [],
                loops=loops if loops or self.roll else None,
                remat=remat,
                dump=dump,
            )


@contextlib.contextmanager
def _dumped(wanted: bool) -> Iterator[str | None]:
    """A folder for the module after each pass, which is printed in the end."""
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield folder
        finally:
            for file in sorted(Path(folder).iterdir()):
                text = file.read_text(encoding="utf-8")
                click.echo(f"// -----// after {file.stem} //----- //\n{text}", err=True)


_OPTIONS = (
    option(
        "--pipeline", type=PipelineType(), metavar="PASSES", group=GROUP,
        help="These passes and no others, as in 'lift-derivatives,cse'; '' runs none.",
    ),
    option("--roll", is_flag=True, group=GROUP, help="Make a loop of a chain of calls of one function."),
    option("--fuse", is_flag=True, group=GROUP, help="Join loops of equal length."),
    option("--hoist", is_flag=True, group=GROUP, help="Move out of loops what not every step needs."),
    option(
        "--verify", is_flag=True, group=GROUP, help="Check every lift op after the last pass, too.",
    ),
    option("--print-ir-after-all", is_flag=True, group=GROUP, help="Print the module after each pass."),
    option("--timing", is_flag=True, group=GROUP, help="Print the time each pass took."),
)  # fmt: skip


def passing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it is called with what they say as `passes`."""
    return gathering(command, _OPTIONS, passes=Passes)
