"""How a Module prints itself: its class, its fields and its submodules."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

from stablelift.frontend.module_state import ModuleBase


def module_repr(module: Any, indent: int = 4) -> str:
    """The class, with fields and children one a line, nested children indented."""
    fields = [f.name for f in dataclasses.fields(module) if f.repr and f.name not in ("parent", "name")]
    children = {k: v for k, v in module._state.children.items() if isinstance(v, ModuleBase)}
    lines = ["# attributes"] if fields else []
    lines += [f"{name} = {_shown(vars(module).get(name))}" for name in fields]
    lines += ["# children"] if children else []
    lines += [f"{name} = {module_repr(child, indent)}" for name, child in children.items()]
    if not lines:
        return f"{type(module).__name__}()"
    body = textwrap.indent("\n".join(lines), " " * indent)
    return f"{type(module).__name__}(\n{body}\n)"


def _shown(value: Any) -> str:
    if callable(value) and not isinstance(value, ModuleBase):
        return getattr(value, "__name__", repr(value))
    return repr(value)
