"""Errors about Modules: their names, fields and methods, and the arguments of layers."""

from __future__ import annotations

from typing import Any

from stablelift.errors.base import ModuleError


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


class LayerArgumentError(ModuleError, ValueError):
    """The fields or arguments of a layer do not fit each other, or do not fit its input.

    `module` is the layer, bound or not, or None where a function complains.
    """

    def __init__(self, what: str, *details: str, hint: str | None = None, module: Any = None):
        if module is not None:
            path = f" at `{module.scope.path_text}`" if module.scope is not None else ""
            details += (f"layer: {type(module).__name__}{path}",)
        super().__init__(what, *details, hint=hint)
