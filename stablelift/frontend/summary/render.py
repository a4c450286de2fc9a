"""tabulate: a Module's table as text, with a total of its parameters."""

from __future__ import annotations

import dataclasses
import enum
import io
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jax.tree_util import all_leaves
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from stablelift.frontend.filters import DenyList, Filter
from stablelift.frontend.meta import Partitioned
from stablelift.frontend.summary.table import Row, Table, module_table

_UNITS = (("GB", 1e9), ("MB", 1e6), ("KB", 1e3))


def tabulate(
    module: Any,
    rngs: Any,
    depth: int | None = None,
    show_repeated: bool = False,
    mutable: Filter = DenyList("intermediates"),
    console_kwargs: Mapping[str, Any] | None = None,
    table_kwargs: Mapping[str, Any] = MappingProxyType({}),
    column_kwargs: Mapping[str, Any] = MappingProxyType({}),
    compute_flops: bool = False,
    compute_vjp_flops: bool = False,
    **kwargs: Any,
) -> Callable[..., str]:
    """A function of the arguments of a call that returns a table of the Module's calls and variables.

    Args:
      module: The Module.
      rngs: As for `init`.
      depth: How many levels of submodules are shown; the variables of others count for the Module above.
      show_repeated: Whether a Module that is called again is shown again.
      mutable: As for `init`.
      console_kwargs: Options of `rich.console.Console`; by default the text has colours.
      table_kwargs: Options of `rich.table.Table`.
      column_kwargs: Options of its columns.
      compute_flops: Whether to show the operations of each call, by XLA's estimate.
      compute_vjp_flops: Whether to show those of a call with its pullback.
      kwargs: Further arguments of `init`, such as `method`.
    """

    def text(*args: Any, **call: Any) -> str:
        table = module_table(
            module,
            rngs,
            *args,
            depth=depth,
            show_repeated=show_repeated,
            compute_flops=compute_flops,
            compute_vjp_flops=compute_vjp_flops,
            mutable=mutable,
            **call,
            **kwargs,
        )
        columns = ["inputs", "outputs"]
        columns += ["flops"] * compute_flops + ["vjp_flops"] * compute_vjp_flops
        rendered = _rich_table(table, columns, table_kwargs, column_kwargs)
        file = io.StringIO()
        options = {"force_terminal": True, "force_jupyter": False, **(console_kwargs or {})}
        Console(file=file, **options).print(rendered)
        return f"\n{file.getvalue()}\n"

    return text


def _rich_table(table: Table, columns: list[str], table_kwargs: Any, column_kwargs: Any) -> RichTable:
    rich_table = RichTable(
        show_header=True,
        show_lines=True,
        show_footer=True,
        title=f"{type(table.module).__name__} Summary",
        **table_kwargs,
    )
    for name in ("path", "module", *columns, *table.collections):
        rich_table.add_column(name, **column_kwargs)
    totals = dict.fromkeys(table.collections, (0, 0))
    for row in table:
        sizes = row.size_and_bytes(table.collections)
        totals = {col: _sum(totals[col], size) for col, size in sizes.items()}
        method = "" if row.method in ("__call__", "<lambda>") else f" [dim]({row.method})[/dim]"
        rich_table.add_row(
            "/".join(row.path),
            type(row.module_copy).__name__ + method,
            *(_shown(getattr(row, column)) for column in columns),
            *(_collection(row, col, size) for col, size in sizes.items()),
        )
    rich_table.columns[len(columns) + 1].footer = Text.from_markup("Total", justify="right")
    total = (0, 0)
    for column, size in zip(rich_table.columns[len(columns) + 2 :], totals.values(), strict=True):
        column.footer = _size(size)
        total = _sum(total, size)
    rich_table.caption_style = "bold"
    rich_table.caption = f"\nTotal Parameters: {_size(total)}"
    return rich_table


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _collection(row: Row, col: str, size: tuple[int, int]) -> str:
    variables = _shown(row.module_variables.get(col, {}))
    return f"{variables}\n\n[bold]{_size(size)}[/bold]" if variables else f"[bold]{_size(size)}[/bold]"


def _size(size: tuple[int, int]) -> str:
    numbers, count = size
    if not numbers:
        return ""
    unit, one = next(((unit, one) for unit, one in _UNITS if count > one), ("B", 1))
    shown = f"{count:,}" if one == 1 else f"{count / one:,.1f}"
    return f"{numbers:,} [dim]({shown} {unit})[/dim]"


# Values


def _shown(value: Any) -> str:
    """A tree of types as nested lines: `name: float32[3,2]` for entries, `- float32[3]` for elements."""
    return "" if isinstance(value, Mapping | list | tuple) and not value else "\n".join(_lines(value))


def _lines(value: Any) -> Iterator[str]:
    value = _opened(value)
    if isinstance(value, Mapping):
        if not value:
            yield "{}"
        shown = {name.value if isinstance(name, enum.Enum) else name: entry for name, entry in value.items()}
        for name in sorted(shown, key=lambda name: (type(name).__name__, name)):
            yield from _entry(f"{name}:", _opened(shown[name]))
    elif isinstance(value, list | tuple):
        if not value:
            yield "[]"
        for entry in value:
            first, *rest = _lines(entry)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _leaf(value)


def _opened(value: Any) -> Any:
    """A dataclass as a dict of its fields, anything else as it is."""
    if not dataclasses.is_dataclass(value) or isinstance(value, Partitioned) or all_leaves([value]):
        return value
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _entry(head: str, entry: Any) -> Iterator[str]:
    lines = list(_lines(entry))
    indent = 2 if isinstance(entry, Mapping) else 0
    if isinstance(entry, Mapping | list | tuple) and entry:
        yield head
        yield from (" " * indent + line for line in lines)
    else:
        yield f"{head} {lines[0]}"


def _leaf(value: Any) -> str:
    if isinstance(value, Partitioned):
        return f"{_leaf(value.value)} [dim]P[/dim]{_leaf(value.names)}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"[dim]{value.dtype}[/dim][{','.join(map(str, value.shape))}]"
    return repr(value).replace("'", "")
