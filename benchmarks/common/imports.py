"""Linen code with only the import changed: what Stablelift has is taken from it, all else from Flax."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

Change = Callable[[str], str]

OURS = {"flax.linen": "stablelift", "flax.core": "stablelift.core", "flax.errors": "stablelift.errors"}
"""Our packages by the names that they have in Flax."""

_SPELLED = re.compile(r"\bflax\.(linen|core|errors)\b")


def copied(source: Path, target: Path, change: Change, replaced: Mapping[str, str] = {}) -> None:
    """Copy a folder; its Python files that speak of Flax are changed, and some texts in them replaced."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for path in target.rglob("*.py"):
        text = path.read_text()
        if "flax" in text:
            text = change(text)
            for old, new in replaced.items():
                text = text.replace(old, new)
            path.write_text(text)


def unchanged(text: str) -> str:
    return text


def rewritten(text: str) -> str:
    """Python code that imports Stablelift where it imported Linen, Flax's core and its errors."""
    lines = _ours(text).splitlines()
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(found, key=lambda node: -node.lineno):
        statements = _from(node) if isinstance(node, ast.ImportFrom) else _import(node)
        if statements:
            head = lines[node.lineno - 1][: node.col_offset]
            lines[node.lineno - 1 : node.end_lineno] = [head + "; ".join(statements)]
    return "\n".join(lines) + "\n"


def _ours(text: str) -> str:
    return _SPELLED.sub(lambda match: OURS[match[0]], text)


def _import(node: ast.Import) -> list[str]:
    """`import flax.linen as nn`; where it is spelled out, both packages may be needed."""
    if not any(alias.name.split(".")[0] == "flax" for alias in node.names):
        return []
    both = any(alias.asname is None for alias in node.names)
    beside = ["import flax, stablelift.core, stablelift.errors"] if both else []
    return [f"import {_ours(', '.join(map(_spelled, node.names)))}", *beside]


def _from(node: ast.ImportFrom) -> list[str]:
    """`from flax.linen import a, b as c`: each name from where it is."""
    module = node.module or ""
    if node.level or module.split(".")[0] != "flax":
        return []
    statements = []
    for alias in node.names:
        whole = OURS.get(f"{module}.{alias.name}")
        ours = _ours(module)
        if whole is not None:
            statements.append(f"import {whole} as {alias.asname or alias.name}")
        elif _has(ours, alias.name):
            statements.append(f"from {ours} import {_spelled(alias)}")
        else:
            statements.append(f"from {module} import {_spelled(alias)}")
    return statements


def _has(package: str, name: str) -> bool:
    """Whether a package of ours offers a name; of Flax's other packages none is."""
    try:
        return name == "*" or package.startswith("stablelift") and hasattr(import_module(package), name)
    except ImportError:
        return False


def _spelled(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name
