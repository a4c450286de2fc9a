"""Names that code imports from one of Linen's files although that file only imported them itself.

`from flax.linen.linear import Array`, `from flax.linen.module import Module, compact`: so a file of ours that
has the name of one of Linen's ends with `__getattr__ = neighbours(__name__)`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def neighbours(module: str) -> Callable[[str], Any]:
    """A `__getattr__` for a module: types, private helpers of Linen, the public names of the package."""
    package = module.split(".")[0]
    beside = ("typing", "layers.dtypes", "layers.linear", "layers.private")
    places = (*(f"{package}.frontend.{name}" for name in beside), package)

    def __getattr__(name: str) -> Any:
        for place in () if name.startswith("__") else places:  # the import system asks for `__path__`
            found = import_module(place)
            if name in found.__all__:
                return getattr(found, name)
        raise AttributeError(f"module `{module}` has no attribute `{name}`")

    return __getattr__
