"""An account as tables, for people: what `stablelift explain` prints."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stablelift.passes.remat.report import FATES, Partition, spelled
from stablelift.runtime.account.account import Account
from stablelift.runtime.account.plain import changed


def tables(account: Account) -> Group:
    """The account to print, as `rich` does."""
    parts: list[RenderableType] = [_summary(account)]
    for title, table in _parts(account):
        if table.row_count:
            parts += ["", Text(title, "bold"), table]
    return Group(*parts)


def _parts(account: Account) -> Iterator[tuple[str, Table]]:
    yield "Passes", _passes(account)
    yield "Decisions", _remarks(account)
    for partition, count in Counter(account.explanation.partitions).items():
        yield _kept(partition, count), _residuals(partition)
    yield "Loops", _loops(account)
    yield "Rules of JAX's own", _foreign(account)


def _table(*columns: str) -> Table:
    """A table; the columns whose names end in a space are for numbers, to the right."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        justify = "right" if column.endswith(" ") else "left"
        table.add_column(column.strip(), justify=justify, header_style="dim", overflow="fold")
    return table


def _summary(account: Account) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    census, memory, before = account.census, account.memory, account.memory_without_remat
    first = account.stages[0]
    table.add_row("program", Text(account.name, "bold"))
    table.add_row("ops", f"{first.operations} traced, {census.operations} finished")
    flops = f"{census.flops:,}"
    table.add_row("FLOPs", flops if census.bounded else f"{flops}, with one step of each unbounded loop")
    table.add_row("arguments", spelled(memory.argument_bytes))
    peak = f"about {spelled(memory.peak_bytes)} beside them"
    if memory.peak is not None:
        place = f" ({_place(memory.peak.place)})" if memory.peak.place else ""
        peak += f", at {_short(memory.peak.op)}{place}"
    if before is not None:
        peak += f"; about {spelled(before.peak_bytes)} without rematerialisation"
    table.add_row("peak", peak)
    if account.xla is not None:
        uses = [f"{spelled(size)} {use}" for use, size in account.xla.bytes.items() if size]
        table.add_row("XLA", ", ".join(uses) or "gives no account on this device")
    layers = account.explanation.layers
    if layers is not None:
        table.add_row("equal layers", f"{layers.layers}: {layers.why}")
    return table


def _passes(account: Account) -> Table:
    table = _table("", "ms ", "ops ", "functions ", "changed")
    for index, stage in enumerate(account.stages):
        names = changed(account, index) if index else ()
        style = "" if names or not index else "dim"
        table.add_row(
            stage.name,
            f"{stage.seconds * 1e3:.1f}" if index else "",
            str(stage.operations),
            str(len(stage.functions)),
            _listed(names),
            style=style,
        )
    table.add_row("all", f"{account.seconds * 1e3:.1f}", "", "", "", style="bold")
    return table


def _remarks(account: Account) -> Table:
    table = _table("pass", "where", "what", "why")
    for remark, count in Counter(account.explanation.remarks).items():
        times = f" ({count} times)" if count > 1 else ""
        table.add_row(remark.by, _place(remark.place), remark.what + times, remark.why)
    return table


def _kept(partition: Partition, count: int) -> str:
    totals = ", ".join(f"{spelled(size)} {fate}" for fate in FATES if (size := partition.size_bytes(fate)))
    steps = f", {partition.steps} steps" if partition.steps > 1 else ""
    times = f" ({count} times)" if count > 1 else ""
    saved = f"{totals or 'nothing'}; JAX's rule would save {spelled(partition.by_jaxs_rule_bytes)}"
    return f"Kept by {partition.function}{steps}{times}: policy {partition.policy}, {saved}"


def _residuals(partition: Partition) -> Table:
    table = _table("", "bytes ", "op", "type", "where")
    for value in partition.values:
        style = "dim" if value.fate == "recomputed" else ""
        about = spelled(value.size_bytes), _short(value.op), value.type, _place(value.place)
        table.add_row(value.fate, *about, style=style)
    return table


def _loops(account: Account) -> Table:
    table = _table("function", "steps ", "ops ", "FLOPs a step ", "carried ", "where")
    for loop in account.census.loops:
        steps = "?" if loop.steps is None else str(loop.steps)
        numbers: tuple[Any, ...] = steps, str(loop.operations), f"{loop.flops:,}", spelled(loop.carried_bytes)
        table.add_row(loop.function, *numbers, _place(loop.place))
    return table


def _foreign(account: Account) -> Table:
    table = _table("primitive", "ops ")
    for primitive, count in sorted(account.explanation.foreign.items()):
        table.add_row(primitive, str(count))
    return table


def _listed(names: tuple[str, ...], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _short(op: str) -> str:
    return op.removeprefix("stablehlo.")


def _place(place: str | None) -> str:
    """A place in a file, the file relative to where we are if it is below."""
    if place is None:
        return ""
    file, _, rest = place.partition(":")
    below = os.path.relpath(file) if os.path.isabs(file) else file
    return f"{file if below.startswith('..') else below}:{rest}"
