"""The stages of a compiled function, as `jax.jit` has them: lowered to StableHLO, compiled by XLA."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from stablelift.runtime.compiled import Executable
from stablelift.runtime.program import Program


class Lowered:
    """A function after tracing and the passes, for arguments of some types.

    Attributes:
      program: The finished program, as it is handed to XLA.
      seconds: What each stage took.
    """

    def __init__(
        self, lowered: Any, program: Program, call: Callable[..., Any], seconds: Mapping[str, float]
    ):
        self._lowered, self._call = lowered, call
        self.program, self.seconds = program, dict(seconds)

    def as_text(self, dialect: str | None = None, *, debug_info: bool = False) -> str:
        """The program that XLA is handed: StableHLO, or in another `dialect` that `jax.jit` knows."""
        return self._lowered.as_text(dialect, debug_info=debug_info)

    def compiler_ir(self, dialect: str | None = None) -> Any:
        """The same as an object."""
        return self._lowered.compiler_ir(dialect)

    def cost_analysis(self) -> Any:
        """XLA's estimate of FLOPs and bytes, before it optimises."""
        return self._lowered.cost_analysis()

    def compile(self, compiler_options: Mapping[str, Any] | None = None) -> CompiledStage:
        """The program compiled by XLA."""
        started = time.perf_counter()
        compiled = self._lowered.compile(compiler_options)
        seconds = {**self.seconds, "XLA": time.perf_counter() - started}
        return CompiledStage(compiled, self.program, self._call, seconds)


class CompiledStage(Executable):
    """A function compiled for arguments of some types, as its finished program. Call it as the function."""

    def __init__(
        self, compiled: Any, program: Program, call: Callable[..., Any], seconds: Mapping[str, float]
    ):
        super().__init__(compiled, program, seconds)
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(self._executable, *args, **kwargs)
