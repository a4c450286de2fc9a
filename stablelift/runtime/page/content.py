"""What the page shows, as data: the account, the texts of functions, memory over time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import jax

from stablelift.passes.pipeline import OURS
from stablelift.passes.remat.report import FATES
from stablelift.runtime.account import Account
from stablelift.runtime.account.plain import plain
from stablelift.runtime.account.timeline import Moment, Timeline

MOST_MOMENTS = 3000
"""A longer timeline is thinned out; what is the most of its neighbours stays."""

_MEANINGS = {
    "traced": "the module before any pass",
    "canonicalize": "fold constants and simplify, op by op (MLIR's own)",
    "cse": "compute what is the same once (MLIR's own)",
    "sccp": "propagate constants through branches (MLIR's own)",
    "symbol-dce": "drop functions that nobody calls (MLIR's own)",
    "strip-debuginfo": "drop locations (MLIR's own)",
}


def content(account: Account) -> dict[str, Any]:
    """The data that the page's script is given, which is all it knows."""
    texts: dict[str, int] = {}
    about = plain(account)
    before = account.memory_without_remat
    for entry, stage in zip(about["passes"], account.stages, strict=True):
        entry["meaning"] = _meaning(stage.name)
        entry["texts"] = {name: texts.setdefault(text, len(texts)) for name, text in stage.functions.items()}
        del entry["changed"], entry["functions"]
    about["memory"] |= _over_time(account.memory)
    if before is not None:
        about["memory_without_remat"] |= _over_time(before)
    return {**about, "texts": list(texts), "fates": FATES, "jax": jax.__version__}


def _meaning(name: str) -> str:
    """What a pass does, in the words with which its module begins."""
    if name not in OURS:
        return _MEANINGS.get(name, "")
    first, *_ = (sys.modules[type(OURS[name]).__module__].__doc__ or "").splitlines()
    return first.partition(": ")[2].removesuffix(".")


def _over_time(timeline: Timeline) -> dict[str, Any]:
    """A timeline by columns; ops and places are positions in lists of them."""
    kept = _thinned(timeline.moments)
    moments = [timeline.moments[index] for index in kept]
    ops = list(dict.fromkeys(moment.op for moment in moments))
    places = list(dict.fromkeys(moment.place for moment in moments))
    op_numbers, place_numbers = ({one: i for i, one in enumerate(many)} for many in (ops, places))
    return {
        "count": len(timeline.moments),
        "at": kept,
        "held": [moment.held_bytes for moment in moments],
        "op": [op_numbers[moment.op] for moment in moments],
        "place": [place_numbers[moment.place] for moment in moments],
        "ops": ops,
        "places": places,
        "spans": [span._asdict() for span in timeline.spans],
        "at_peak": [held._asdict() for held in timeline.at_peak[:200]],
        "values_at_peak": len(timeline.at_peak),
    }


def _thinned(moments: Sequence[Moment]) -> list[int]:
    """The positions of at most `MOST_MOMENTS` moments: of each group that follow each other, the largest."""
    step = -(-len(moments) // MOST_MOMENTS) or 1
    return [
        max(range(start, min(start + step, len(moments))), key=lambda index: moments[index].held_bytes)
        for start in range(0, len(moments), step)
    ]
