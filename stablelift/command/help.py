"""Help in sections: options by what they are about, and examples that paste into a shell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

import click

ORDER = "stablelift.order"
"""Where a context keeps the names of the options given, in the order of the command line."""


class Formatter(click.HelpFormatter):
    """Headings that stand out where the terminal can do that."""

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':{self.current_indent}}{click.style(f'{heading}:', bold=True)}\n")


class Context(click.Context):
    formatter_class = Formatter


class Option(click.Option):
    """An option that the help shows under a heading of its own."""

    def __init__(self, *args: Any, group: str = "Options", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.group = group


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """`click.option`, with a `group` for the help."""
    return click.option(*names, cls=Option, **settings)


def gathering(
    command: Callable[..., None], options: Sequence[Callable[[Any], Any]], **into: type
) -> Callable[..., None]:
    """Give a command options that it is called with as one value, of a dataclass: `name=Class`."""
    ((name, kind),) = into.items()

    @wraps(command)
    def gathered(**given: Any) -> None:
        chosen = {each.name: given.pop(each.name) for each in fields(kind)}
        command(**{name: kind(**chosen)}, **given)

    for add in reversed(options):
        gathered = add(gathered)
    return gathered


class Command(click.Command):
    """A command whose help has sections and examples, and which remembers the order of its options.

    Args:
      examples: Lines for a shell, `#` before what they are about.
    """

    context_class = Context

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.examples = [line.strip() for line in examples.strip().splitlines()]

    def make_parser(self, ctx: click.Context) -> Any:
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            found = parse(args)
            ctx.meta[ORDER] = [param.name for param in found[2]]
            return found

        parser.parse_args = parse_args
        return parser

    def option_groups(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """The names and the help of the options under each heading; `Options` are last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None and not isinstance(param, click.Argument):
                groups.setdefault(getattr(param, "group", "Options"), []).append(record)
        return {**{name: rows for name, rows in groups.items() if name != "Options"}, **groups}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, rows in self.option_groups(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=26)
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
