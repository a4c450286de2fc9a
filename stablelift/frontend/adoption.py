"""Adoption: a Module in an attribute of another one becomes its submodule, with a name and a scope."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from stablelift import errors
from stablelift.frontend.attributes import freeze_attribute, map_leaves
from stablelift.frontend.module_state import ModuleBase, SetupState
from stablelift.frontend.scope import Scope


def join_parent(module: Any) -> None:
    """Give a Module that was just constructed its scope, and, under a parent Module, its name.

    One constructed in `setup` without a name waits: the attribute it is assigned to will name it.
    Raises: AssignSubModuleError, NameInUseError.
    """
    parent = module.parent
    if isinstance(parent, Scope):
        object.__setattr__(module, "scope", parent)
    elif not isinstance(parent, ModuleBase):
        raise ValueError(f"`parent` must be None, a Module or a Scope, found {parent!r}")
    elif not (parent._state.in_setup and module.name is None):
        _join_module(module, parent)
    if module.scope is not None:
        register_fields(module)
        module._state.is_initialized = True


def _join_module(module: Any, parent: Any) -> None:
    cls, state = type(module).__name__, parent._state
    if not parent._initialization_allowed:
        raise errors.AssignSubModuleError(cls)
    if module.name is None:
        number = state.autoname_cursor.get(cls, 0)
        module.name = f"{cls}_{number}"
        state.autoname_cursor[cls] = number + 1
    reuse = state.in_setup and state.setup_called == SetupState.TRANSFORMED
    if not reuse and parent.scope.name_reserved(module.name):
        raise errors.NameInUseError("submodule", module.name, type(parent).__name__)
    state.children[module.name] = module
    object.__setattr__(module, "scope", parent.scope.push(module.name, reuse=reuse))


def register_fields(module: Any) -> None:
    """Adopt the Modules in the fields of a bound Module."""
    for name in field_names(module):
        register_attribute(module, name, getattr(module, name))


def register_attribute(module: Any, name: str, value: Any) -> None:
    """Assign an attribute of a bound Module and adopt the Modules in it.

    An unbound Module is copied, once for the whole tree, so that using one instance twice shares it. One that
    has no name yet is named after the attribute: `a`, in a list `a_0`, in a dict `a_key`.
    """
    adopted: list[Any] = []

    def adopt(suffix: str, leaf: Any) -> Any:
        if not isinstance(leaf, ModuleBase):
            return leaf
        given_name = _kept_name(module, leaf)
        if leaf.parent is None:
            leaf = _bound_copy(leaf, module.scope.adopted)
        if leaf.name is None:
            object.__setattr__(leaf, "parent", module)
            object.__setattr__(leaf, "name", given_name or f"{name}{suffix}")
            adopted.append(leaf)
        return leaf

    frozen = freeze_attribute(map_leaves(adopt, value))
    object.__setattr__(module, name, frozen)
    for submodule in adopted:
        submodule.__post_init__()


def _bound_copy(module: Any, adopted: Any) -> Any:
    if module._id not in adopted:
        copy = module.clone(name=None)
        adopted[module._id] = copy
        return copy
    return adopted[module._id]


def _kept_name(module: Any, submodule: Any) -> str | None:
    """The name that an unbound Module was given, if the adopting class keeps such names."""
    if submodule.parent is None and getattr(type(module), "preserve_adopted_names", False):
        return submodule.name
    return None


def make_name_scopes(module: Any) -> None:
    """Make a submodule for each method of the class that has a level of its own, see `compact_name_scope`."""
    methods = type(module)._name_scoped
    if methods:
        made = {name: getattr(type(module), name).name_scope(name=name, parent=module) for name in methods}
        object.__setattr__(module, "_name_scopes", made)


def field_names(module: Any) -> list[str]:
    """The names of the fields that the constructor takes, `parent` and `name` aside."""
    return [f.name for f in dataclasses.fields(module) if f.init and f.name not in ("parent", "name")]


def map_submodules(fn: Callable[[Any], Any], tree: Any) -> Any:
    """The attribute with `fn` applied to each Module in it."""
    return freeze_attribute(map_leaves(lambda _, x: fn(x) if isinstance(x, ModuleBase) else x, tree))
