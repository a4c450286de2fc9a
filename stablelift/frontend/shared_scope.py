"""share_scope: two Modules at one level of the tree of variables."""

from __future__ import annotations

from typing import Any

from stablelift import errors
from stablelift.frontend.module_state import ModuleBase
from stablelift.frontend.scope import Scope


def share_scope(module: Any, other: Any, /) -> None:
    """Let a Module and one that it wraps keep their variables at one level, as if they were one Module.

    To be called in `setup`. A Module that `module` made moves up to the level of `module`; one that came from
    outside, in a field, stays where it is, and `module` moves to its level.
    Raises: CallShareScopeOnUnboundModuleError, NameInUseError where both have a submodule of one name.
    """
    for one in (module, other):
        if one.scope is None:
            raise errors.CallShareScopeOnUnboundModuleError(type(one).__name__)
    moving, kept = (other, module) if _is_within(other.scope, module.scope) else (module, other)
    old = moving.scope
    object.__setattr__(moving, "scope", kept.scope)
    for child in moving._state.children.values():
        if isinstance(child, ModuleBase) and child.scope is not None and child.scope.parent == old:
            kept.scope.reserve(child.scope.name)
            child.scope.parent = kept.scope


def _is_within(scope: Scope | None, ancestor: Scope) -> bool:
    while scope is not None and scope != ancestor:
        scope = scope.parent
    return scope is not None
