"""Copies of Modules: unbound, with some fields changed, shared submodules still shared."""

from __future__ import annotations

import weakref
from typing import Any

from stablelift.frontend.adoption import field_names, map_submodules

Cache = weakref.WeakValueDictionary[int, Any]
"""The copies that were made already, by the identity of the Module."""


def cloned(module: Any, parent: Any, deep: bool | Cache, reset_names: bool, updates: dict[str, Any]) -> Any:
    """See `Module.clone`."""
    fields = {name: getattr(module, name) for name in (*field_names(module), "name")}
    fields.update(updates, parent=parent)
    if deep is not False:
        cache = weakref.WeakValueDictionary() if deep is True else deep
        names = {"name": None} if reset_names else {}

        def clone_once(submodule: Any) -> Any:
            if submodule._id not in cache:
                copy = submodule.clone(_deep_clone=cache, _reset_names=reset_names, **names)
                cache[submodule._id] = copy
                return copy
            return cache[submodule._id]

        fields = {k: v if k == "parent" else map_submodules(clone_once, v) for k, v in fields.items()}
    return type(module)(**fields)
