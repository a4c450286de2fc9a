"""What a compiled program cost to make, and what it needs to run: seconds by stage, bytes by use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stablelift.passes.remat.report import spelled

_USES = {
    "arguments": "argument_size_in_bytes",
    "results": "output_size_in_bytes",
    "results in donated arguments": "alias_size_in_bytes",
    "temporaries": "temp_size_in_bytes",
    "code": "generated_code_size_in_bytes",
}


@dataclass(frozen=True)
class Report:
    """Seconds and bytes; as text, a table.

    Attributes:
      seconds: By stage: tracing, each pass, the hand-over to XLA, XLA.
      bytes: By use, in XLA's account: arguments, results, those of them that lie in donated arguments,
        temporaries, code. Empty where XLA gives none.
    """

    seconds: Mapping[str, float]
    bytes: Mapping[str, int]

    @property
    def total_seconds(self) -> float:
        """All seconds."""
        return sum(self.seconds.values())

    @property
    def peak_bytes(self) -> int:
        """What arguments, results and temporaries take together, at most."""
        held = self.bytes
        return sum(held.get(use, 0) for use in ("arguments", "results", "temporaries")) - held.get(
            "results in donated arguments", 0
        )

    def __str__(self) -> str:
        shown = [(name, f"{spent:.3f} s") for name, spent in self.seconds.items()]
        shown.append(("total", f"{self.total_seconds:.3f} s"))
        shown += [(use, spelled(count)) for use, count in self.bytes.items()]
        if self.bytes:
            shown.append(("at most at once", spelled(self.peak_bytes)))
        names, values = max(len(name) for name, _ in shown), max(len(value) for _, value in shown)
        return "\n".join(f"{name:<{names}}  {value:>{values}}" for name, value in shown)


def report_of(seconds: Mapping[str, float], memory: Any) -> Report:
    """The report of stages' seconds and of XLA's memory analysis, which may be None."""
    found = {use: getattr(memory, attribute, None) for use, attribute in _USES.items()}
    return Report(dict(seconds), {use: int(count) for use, count in found.items() if count is not None})
