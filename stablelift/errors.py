"""Every error that Stablelift raises, with Linen's class names where Linen has one.

`StableliftError` is the family. `LiftError` is a compiler diagnostic: its text comes complete, with the
place of the offending op. `ModuleError` and its subclasses are raised while Modules run: their first line
starts with the line of the user's code that was running, and a hint says what to do.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, NamedTuple

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_FOREIGN = tuple(f"{os.sep}{name}{os.sep}" for name in ("jax", "jaxlib"))
_STANDARD = {"contextlib.py", "functools.py", "dataclasses.py"}


class StableliftError(Exception):
    """Base of all errors of this package."""

    def __reduce__(self):
        return _restore, (type(self), str(self))


class LiftError(StableliftError):
    """A compiler diagnostic: `file:line:col: error: what`, then types, then the remedy."""


class SideEffectError(LiftError):
    """A function prints, calls back into Python, or writes to references, which a lift cannot keep."""


class ModuleError(StableliftError):
    """Base of the errors about Modules, variables and random streams.

    The text is `file:line: error: what`, then one indented line for each detail and for the hint.
    """

    def __init__(self, what: str, *details: str, hint: str | None = None):
        place = user_location()
        lines = [f"{place}: error: {what}" if place else f"error: {what}"]
        lines += [f"  {detail}" for detail in details]
        lines += [f"  hint: {hint}"] if hint else []
        super().__init__("\n".join(lines))


def user_location() -> str | None:
    """`file:line` of the innermost frame outside this package, JAX and the wrappers they pass through."""
    frame = sys._getframe(1)
    while frame is not None:
        if place := _user_line(frame.f_code.co_filename, frame.f_lineno):
            return place
        frame = frame.f_back
    return None


def location_of(error: BaseException) -> str | None:
    """`file:line` of the user's innermost line that an error passed through."""
    lines = traceback.walk_tb(error.__traceback__)
    places = [_user_line(frame.f_code.co_filename, number) for frame, number in lines]
    return next(filter(None, reversed(places)), None)


def _user_line(name: str, number: int) -> str | None:
    inside = os.path.abspath(name).startswith(_PACKAGE) or any(part in name for part in _FOREIGN)
    if inside or os.path.basename(name) in _STANDARD or name.startswith("<"):
        return None
    shown = os.path.relpath(name)
    return f"{name if shown.startswith('..') else shown}:{number}"


def _restore(cls: type[StableliftError], text: str) -> StableliftError:
    """Unpickle an error from its finished text: the constructors want the parts it was made of."""
    error = cls.__new__(cls)
    Exception.__init__(error, text)
    return error


# Random streams.


class InvalidRngError(ModuleError):
    """A stream of random keys is missing, or what was passed as one is not a key."""


# Scopes and variables.


class ApplyScopeInvalidVariablesTypeError(ModuleError):
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


class ScopeVariableNotFoundError(ModuleError):
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


# Modules.


class NameInUseError(ModuleError):
    """A submodule, parameter or variable wants a name that is taken."""

    def __init__(self, key_type: str, value: str, module_name: str):
        super().__init__(
            f"cannot create {key_type} `{value}` in Module `{module_name}`: the name is in use",
            hint="choose another name; to share a submodule, create it once and call it twice",
        )


class AssignSubModuleError(ModuleError):
    """A submodule is created where its parent may not create any."""

    def __init__(self, cls: str):
        super().__init__(
            f"submodule `{cls}` is created outside `setup` and outside a `compact` method",
            hint="create it in `setup`, or decorate the method with `compact`",
        )


class AssignVariableError(ModuleError, ValueError):
    """A parameter or variable is created where its Module may not create any."""

    def __init__(self, key_type: str, name: str, cls: str):
        super().__init__(
            f"{key_type} `{name}` of `{cls}` is created outside `setup` and outside a `compact` method",
            hint="create it in `setup`, or decorate the method with `compact`",
        )


class SetAttributeInModuleSetupError(ModuleError):
    """`setup` assigns to a field of the Module."""

    def __init__(self, module_cls: str = "", attr_name: str = ""):
        name = f"`{module_cls}.{attr_name}`" if attr_name else "a field"
        super().__init__(
            f"cannot assign {name} in `setup`: a Module's fields are frozen",
            hint="pass the value to the constructor, or use an attribute that is no field",
        )


class SetAttributeFrozenModuleError(ModuleError):
    """An attribute is assigned outside `setup`."""

    def __init__(self, module_cls: str, attr_name: str, attr_val: Any):
        super().__init__(
            f"cannot set `{module_cls}.{attr_name}` to {attr_val!r}: a Module is frozen outside `setup`",
            hint="keep state in a variable, or make a changed copy with `clone`",
        )


class MultipleMethodsCompactError(ModuleError):
    """More than one method of a class is `compact`."""

    def __init__(self):
        super().__init__("only one method of a class can be `compact`")


class ReservedModuleAttributeError(ModuleError):
    """A Module class declares `name` or `parent` as a field of its own."""

    def __init__(self, annotations: Any):
        super().__init__(
            f"the fields `parent` and `name` are reserved, found {sorted(annotations)}",
            hint="rename the field",
        )


class ApplyModuleInvalidMethodError(ModuleError):
    """`method=` is not a function that takes a Module first."""

    def __init__(self, method: Any):
        super().__init__(
            f"{method!r} is not a function that takes a Module first",
            hint="pass a method of the Module, its name, or a function of the Module",
        )


class UnboundModuleError(ModuleError, ValueError):
    """An unbound Module is asked for what only a bound one has."""

    def __init__(self, what: str, cls: str = "Module"):
        super().__init__(
            f"cannot {what}: this `{cls}` holds no variables",
            hint="use it inside `init` or `apply`, or `bind` it to variables",
        )


class CallCompactUnboundModuleError(UnboundModuleError):
    """A `compact` method of an unbound Module is called."""

    def __init__(self, cls: str = "Module"):
        super().__init__("call a compact method", cls)


class CallSetupUnboundModuleError(UnboundModuleError):
    """`setup` of an unbound Module is called."""

    def __init__(self, cls: str = "Module"):
        super().__init__("call `setup`", cls)


class CallUnbindOnUnboundModuleError(UnboundModuleError):
    """`unbind` of an unbound Module is called."""

    def __init__(self, cls: str = "Module"):
        super().__init__("call `unbind`", cls)


class CallShareScopeOnUnboundModuleError(UnboundModuleError):
    """`share_scope` is given an unbound Module."""

    def __init__(self, cls: str = "Module"):
        super().__init__("call `share_scope`", cls)


class InvalidInstanceModuleError(ModuleError):
    """`init`, `apply` or `bind` is called on a Module class."""

    def __init__(self, cls: str = "Module"):
        super().__init__(
            f"`init`, `apply` and `bind` work on an instance of `{cls}`, not on the class",
            hint=f"call `{cls}(...).init(...)`",
        )


class IncorrectPostInitOverrideError(ModuleError):
    """A `__post_init__` does not call the one of Module."""

    def __init__(self, cls: str = "Module"):
        super().__init__(
            f"`{cls}.__post_init__` does not call the one it overrides",
            hint="end it with `super().__post_init__()`",
        )


class DescriptorAttributeError(ModuleError):
    """A property of a Module fails with AttributeError."""

    def __init__(self):
        super().__init__(
            "a descriptor of the Module raised AttributeError",
            hint="the error it raised is shown above; an attribute made by `setup` needs a bound Module",
        )


# Layers.


class LayerArgumentError(ModuleError, ValueError):
    """The fields or arguments of a layer do not fit each other, or do not fit its input.

    `module` is the layer, bound or not, or None where a function complains.
    """

    def __init__(self, what: str, *details: str, hint: str | None = None, module: Any = None):
        if module is not None:
            path = f" at `{module.scope.path_text}`" if module.scope is not None else ""
            details += (f"layer: {type(module).__name__}{path}",)
        super().__init__(what, *details, hint=hint)


# Lifts.


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


def _describe(value: Any) -> str:
    """The type of a value, with the types of its keys and entries where it is a dict."""
    if not isinstance(value, dict):
        return type(value).__name__
    return "{" + ", ".join(f"{key!r}: {type(entry).__name__}" for key, entry in value.items()) + "}"
