"""Errors about lifts: what they are given, and what a lifted body returns."""

from __future__ import annotations

from typing import Any

from stablelift.errors.base import ModuleError


class LiftArgumentError(ModuleError, ValueError):
    """A lift is called with arguments that do not fit each other, the function or the variables."""


class LiftTypeError(ModuleError, TypeError):
    """What a lifted body returns, or leaves in the variables, has another structure or type than it must."""


class TransformedMethodReturnValueError(ModuleError):
    """A lifted method returns a Module or a Variable."""

    def __init__(self, name: str | None):
        super().__init__(
            f"the lifted method `{name}` returns a Module or a Variable",
            hint="return arrays",
        )


class TransformTargetError(ModuleError):
    """A lift is given neither a Module class nor a function of a Module."""

    def __init__(self, target: Any):
        found = f"the Module instance {type(target).__name__}()" if hasattr(target, "scope") else repr(target)
        super().__init__(
            f"a lift takes a Module class or a function of a Module, found {found}",
            hint="lift the class, then make the instance: `nn.vmap(Dense, ...)(features=3)`",
        )
