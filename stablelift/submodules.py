"""Submodules by their public names: `import stablelift.functional`, `import stablelift.core.frozen_dict`.

The files stand elsewhere, by concept; a finder leads there, so that each is one module under two names.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class Submodules:
    """Finds modules of a package that stand under other names in it."""

    def __init__(self, package: str, names: Mapping[str, str]):
        """`names` leads from the public name of a submodule to its own; both are relative to the package."""
        moved = {name: real for name, real in names.items() if name != real}
        self._real = {f"{package}.{name}": f"{package}.{real}" for name, real in moved.items()}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        real = self._real.get(fullname)
        return None if real is None else ModuleSpec(fullname, _Loader(real))  # pyright: ignore[reportArgumentType]


class _Loader:
    """Loads a module that has another name, as it is."""

    def __init__(self, real: str):
        self._real = real
        self._spec: Any = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._real)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # which importing it under this name has replaced


def find(package: str, names: Mapping[str, str]) -> None:
    """Let the submodules of `package` be imported under these names as well."""
    sys.meta_path.append(Submodules(package, names))  # pyright: ignore[reportArgumentType]
