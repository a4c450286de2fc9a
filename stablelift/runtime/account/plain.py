"""An account as plain data, for programs: what `stablelift explain --json` prints."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stablelift.passes.remat.report import FATES, Partition
from stablelift.runtime.account.account import Account
from stablelift.runtime.account.timeline import Timeline


def plain(account: Account) -> dict[str, Any]:
    """The account as dicts, lists, strings and numbers; sizes in bytes, times in seconds."""
    explanation, census = account.explanation, account.census
    before = account.memory_without_remat
    return {
        "program": account.name,
        "passes": [
            {
                "name": stage.name,
                "seconds": stage.seconds,
                "functions": len(stage.functions),
                "operations": stage.operations,
                "changed": list(changed(account, index)),
            }
            for index, stage in enumerate(account.stages)
        ],
        "remarks": [
            {**remark._asdict(), "times": times} for remark, times in Counter(explanation.remarks).items()
        ],
        "layers": None if explanation.layers is None else explanation.layers._asdict(),
        "foreign": dict(explanation.foreign),
        "partitions": [
            {**_partition(partition), "times": times}
            for partition, times in Counter(explanation.partitions).items()
        ],
        "loops": [loop._asdict() for loop in census.loops],
        "flops": census.flops,
        "flops_are_bounded": census.bounded,
        "memory": _memory(account.memory),
        "memory_without_remat": None if before is None else _memory(before),
        "xla": account.xla and {"seconds": dict(account.xla.seconds), "bytes": dict(account.xla.bytes)},
    }


def changed(account: Account, index: int) -> tuple[str, ...]:
    """The functions that the pass before stage `index` has changed, added or removed."""
    after = account.stages[index].functions
    before = account.stages[index - 1].functions if index else {}
    return tuple(name for name in {**before, **after} if before.get(name) != after.get(name))


def _partition(partition: Partition) -> dict[str, Any]:
    about = partition._asdict()
    about["values"] = [value._asdict() for value in partition.values]
    about["bytes"] = {fate: partition.size_bytes(fate) for fate in FATES}
    about["by_jaxs_rule_bytes"] = partition.by_jaxs_rule_bytes
    return about


def _memory(timeline: Timeline) -> dict[str, Any]:
    peak = timeline.peak
    return {
        "argument_bytes": timeline.argument_bytes,
        "peak_bytes": timeline.peak_bytes,
        "peak_op": None if peak is None else peak.op,
        "peak_place": None if peak is None else peak.place,
    }
