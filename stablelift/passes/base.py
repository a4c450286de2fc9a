"""What a pass of ours is: a frozen dataclass whose fields are its options, and a `run` over the module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stablelift.ir.mlir import ir


@dataclass(frozen=True)
class ModulePass:
    """A pass over a whole module. It leaves a module that verifies, or raises a LiftError."""

    name: ClassVar[str]

    def run(self, module: ir.Module) -> None:
        raise NotImplementedError
