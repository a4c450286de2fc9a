"""Errors about scopes: their variables, their collections and their random streams."""

from __future__ import annotations

from typing import Any, NamedTuple

from stablelift.errors.base import ModuleError


class InvalidRngError(ModuleError, ValueError):
    """A stream of random keys is missing, or what was passed as one is not a key."""


class ApplyScopeInvalidVariablesTypeError(ModuleError, TypeError):
    """The variables passed to `apply` or `bind` are not a dict of dicts with string keys."""

    def __init__(self, found: Any = None):
        super().__init__(
            f"`variables` must be a dict of collections, found {_describe(found)}",
            hint="pass what `init` returned, such as {'params': {...}}",
        )


class ApplyScopeInvalidVariablesStructureError(ModuleError):
    """The variables passed to `apply` have one level of 'params' too many."""

    def __init__(self, variables: Any):
        super().__init__(
            "`variables` holds a collection 'params' inside its collection 'params'",
            f"collections: {sorted(variables)}",
            hint="pass variables['params'] in place of variables",
        )


class KeptOut(NamedTuple):
    """What a lift keeps out of its body, as a clause, and what to change."""

    clause: str
    remedy: str


class ScopeParamNotFoundError(ModuleError):
    """A parameter is read that `variables` does not hold and that may not be created."""

    def __init__(self, param_name: str, scope_path: str, kept_out: KeptOut | None = None):
        clause = f" of collection `params`, {kept_out.clause}" if kept_out else ""
        hint = "initialise with this structure of Modules, or make 'params' mutable to create it here"
        super().__init__(
            f"no parameter `{param_name}` in `{scope_path}`{clause}",
            hint=kept_out.remedy if kept_out else hint,
        )


class ScopeCollectionNotFound(ModuleError):
    """A variable is read from a collection that is absent or empty."""

    def __init__(self, col_name: str, var_name: str, scope_path: str, kept_out: KeptOut | None = None):
        clause = kept_out.clause if kept_out else "which is empty here"
        hint = f"pass `{col_name}` in `variables`, or make it mutable"
        super().__init__(
            f"`{scope_path}` wants `{var_name}` from collection `{col_name}`, {clause}",
            hint=kept_out.remedy if kept_out else hint,
        )


class ScopeParamShapeError(ModuleError):
    """A parameter's shape is not the one its initializer would make."""

    def __init__(self, param_name: str, scope_path: str, value_shape: Any, init_shape: Any):
        super().__init__(
            f"parameter `{param_name}` in `{scope_path}` has shape {value_shape}, expected {init_shape}",
            f"found: {value_shape} in `variables`",
            f"expected: {init_shape} from the initializer",
            hint="compare the input's shape and the Module's fields with those of `init`",
        )


class ScopeVariableNotFoundError(ModuleError, ValueError):
    """A variable is read that its collection does not hold and that may not be created."""

    def __init__(self, name: str, col: str, scope_path: str, kept_out: KeptOut | None = None):
        clause = f", {kept_out.clause}" if kept_out else ""
        hint = f"make `{col}` mutable and give an init function, or pass the variable in `variables`"
        super().__init__(
            f"no variable `{name}` in `{scope_path}` of collection `{col}`{clause}",
            hint=kept_out.remedy if kept_out else hint,
        )


class ModifyScopeVariableError(ModuleError):
    """A variable of an immutable collection is written."""

    def __init__(self, col: str, variable_name: str, scope_path: str, kept_out: KeptOut | None = None):
        clause = kept_out.clause if kept_out else f"collection `{col}` is immutable"
        super().__init__(
            f"cannot update `{variable_name}` in `{scope_path}`: {clause}",
            hint=kept_out.remedy if kept_out else f"call `apply(..., mutable=['{col}'])`",
        )


class InvalidFilterError(ModuleError):
    """A filter is neither a bool, a string, a container of strings nor a DenyList."""

    def __init__(self, filter_like: Any):
        super().__init__(
            f"invalid filter: {filter_like!r}",
            hint="use True, False, a name, a list of names, or DenyList(...)",
        )


class InvalidScopeError(ModuleError):
    """A Module or Variable is used after the `init`, `apply` or lift that made it has returned."""

    def __init__(self, scope_name: str | None):
        super().__init__(
            f"the scope `{scope_name}` is no longer valid",
            hint="do not keep Modules or Variables beyond the call that binds them; return arrays",
        )


class ClosedOverModuleError(ModuleError):
    """A lifted function uses a Module, Variable or Scope that it closed over in place of its argument."""

    def __init__(self, scope_path: str, action: str, lift_path: str):
        super().__init__(
            f"`{scope_path}` is used inside `{lift_path}` but was not lifted with it",
            f"action: {action}",
            hint="use the Module that the lifted function receives, or pass this one as an argument",
        )


class LazyInitError(ModuleError):
    """A variable's initial value needs an input of which only the shape is known."""

    def __init__(self, partial_val: Any):
        super().__init__(
            f"lazy init needs the value of an input that it only knows the shape of: {partial_val}",
            hint="pass that input as an array",
        )


class PartitioningUnspecifiedError(ModuleError):
    """A lift adds an axis to a partitioned variable and nobody named the axis."""

    def __init__(self, target: Any):
        super().__init__(
            f"a lift adds an axis to a variable partitioned as {getattr(target, 'names', target)}, and the "
            "axis has no name",
            hint="pass metadata_params={nn.PARTITION_NAME: 'name' or None} to the lift",
        )


def _describe(value: Any) -> str:
    """The type of a value, with the types of its keys and entries where it is a dict."""
    if not isinstance(value, dict):
        return type(value).__name__
    return "{" + ", ".join(f"{key!r}: {type(entry).__name__}" for key, entry in value.items()) + "}"
