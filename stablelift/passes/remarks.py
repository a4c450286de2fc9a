"""Remarks: what passes did, or refused to do, and why, each with its place in the user's source.

A pass says `remark(self.name, op, "hoisted ...", "...")` wherever it decides something that a user may ask
about; whoever runs passes collects them (`pipeline.run` does). Outside of `collected()` remarks are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from stablelift.ir.location import where


class Remark(NamedTuple):
    """One decision of a pass."""

    by: str
    """The pass, `lift-hoist`."""
    place: str | None
    """`file:line:col` of what it is about, where that is known."""
    what: str
    why: str

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{place}remark: {self.what}: {self.why} [{self.by}]"


_collector: ContextVar[list[Remark] | None] = ContextVar("remarks", default=None)


@contextmanager
def collected() -> Iterator[list[Remark]]:
    """A list that receives the remarks made while the context lasts."""
    remarks: list[Remark] = []
    token = _collector.set(remarks)
    try:
        yield remarks
    finally:
        _collector.reset(token)


def remark(by: str, about: Any, what: str, why: str) -> None:
    """Say that the pass `by` did `what` to an op (or anything else with a location), and why."""
    collector = _collector.get()
    if collector is not None:
        collector.append(Remark(by, where(about.location), what, why))
