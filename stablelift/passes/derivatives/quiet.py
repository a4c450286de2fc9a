"""Quiet functions: what has been computed before, once more, without telling anybody.

What a forward sweep prints, and what it hands to Python functions that return nothing, a second one that only
serves the reverse does not. A function that returns something may return something else the second time, so
that is refused.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from stablelift.ir import callback
from stablelift.ir.location import error_at
from stablelift.ir.mlir import func, walk
from stablelift.lowering.link import rename_references
from stablelift.passes.callgraph import Measured, callees, callees_first, references
from stablelift.passes.module import Functions


class Quiet:
    """Makes functions of one module quiet, each once."""

    def __init__(self, functions: Functions):
        self._functions = functions
        self._names: dict[str, str] = {}

    def __call__(self, function: func.FuncOp) -> func.FuncOp:
        """The function that computes the same in silence; itself where it says nothing.

        Raises:
          LiftError: A Python function with side effects returns what it computes with.
        """
        name = function.name.value
        if self._is_silent:
            return function
        if name not in self._names:
            known, speaks = self._functions, self._measured()
            order = callees_first(known, [name], self._names)
            clones = {one: known.clone(one, f"{one}__quiet") for one in order if speaks(one)}
            self._names |= {one: one for one in order}
            self._names |= {one: clone.name.value for one, clone in clones.items()}
            for clone in clones.values():
                for op in _effects(clone):
                    _erase(op)
                rename_references(clone, self._names)
        return self._functions[self._names[name]]

    def speaks(self, name: str) -> bool:
        """Whether something is told in `@name`, in what it calls, or in their rules."""
        return not self._is_silent and self._measured()(name)

    @cached_property
    def _is_silent(self) -> bool:
        """Whether the whole module says nothing, as most do."""
        return not _effects(self._functions.module)

    def _measured(self) -> Measured[bool]:
        def measure(name: str) -> bool:
            function = self._functions[name]
            below = (callee for op in references(function) for callee in callees(op))
            return bool(_effects(function)) or any(speaks(callee) for callee in below)

        speaks = Measured(self._functions, measure, False)
        return speaks


def _effects(root: Any) -> list[Any]:
    """The calls of Python functions with side effects in a module or a function."""
    found = callback.callbacks(walk(root, "stablehlo.custom_call"))
    return list(filter(callback.has_effect, found))


def _erase(op: Any) -> None:
    if len(op.results):
        what = f"`{callback.primitive_of(op)}` would be called a second time, for a derivative"
        hint = "call it outside of what is differentiated, and give its results to that as arguments"
        raise error_at(op, what, hint=hint)
    op.operation.erase()
