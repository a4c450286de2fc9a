"""`import model` for `model.lift`, once the hook is installed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from stablelift.frontend.language.load import load


def install_import_hook(modules: Mapping[str, Any] = {}) -> None:
    """From now on `import model` finds `model.lift`, where there is no `model.py`.

    `modules` are the Module classes for those that files call `external`; a second call adds to them.
    """
    for finder in sys.meta_path:
        if isinstance(finder, LiftFinder):
            finder.modules |= modules
            return
    sys.meta_path.append(LiftFinder(dict(modules)))


class LiftFinder(MetaPathFinder):
    """Finds `.lift` files where Python looks for modules, after everything else."""

    def __init__(self, modules: dict[str, Any]):
        self.modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of the first `.lift` file of that name on the path."""
        del target
        for folder in sys.path if path is None else path:
            file = Path(folder or ".") / f"{fullname.rpartition('.')[2]}.lift"
            if file.is_file():
                loader = LiftLoader(file, self.modules)
                return importlib.util.spec_from_file_location(fullname, file, loader=loader)
        return None


class LiftLoader(Loader):
    """Fills a Python module with what a `.lift` file declares."""

    def __init__(self, file: Path, modules: Mapping[str, Any]):
        self.file, self.modules = file, modules

    def exec_module(self, module: ModuleType) -> None:
        """Raises what `load` raises."""
        space = load(self.file, self.modules)
        names = {name: value for name, value in vars(space).items() if not name.startswith("__")}
        for value in names.values():
            if getattr(value, "__module__", None) == space.__name__:
                value.__module__ = module.__name__
        vars(module).update(names, __doc__=space.__doc__, __all__=vars(space)["__all__"])
