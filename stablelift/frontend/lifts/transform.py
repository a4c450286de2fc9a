"""The mechanism that all lifts share: from a Module class, a function or a decorated method to a lifted call.

A lift provides `make(**options)`, called once for each lifted method or function. It returns `run(call,
*args, **kwargs)`, which transforms `call.body`, a function of `(scopes, *args, **kwargs)`, and calls the
result on `call.scopes`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from stablelift import errors
from stablelift.frontend.calling import function_name, wrap_method
from stablelift.frontend.lifts.modules import LiftedModules, holds_modules
from stablelift.frontend.module import Module
from stablelift.frontend.scope import Scope
from stablelift.frontend.sharing import NOT_SHARED, shared_call
from stablelift.frontend.toplevel import unbound_function

Make = Callable[..., Callable[..., Any]]


@dataclasses.dataclass(frozen=True)
class LiftedCall:
    """One call of something lifted: its bodies, and the Modules that take part in it."""

    bodies: tuple[Callable[..., Any], ...]
    modules: LiftedModules

    @property
    def body(self) -> Callable[..., Any]:
        """The body of a lift that has only one."""
        return self.bodies[0]

    @property
    def scopes(self) -> list[Scope | None]:
        """The scopes on which to call what the body was transformed into."""
        return self.modules.scopes


def lift_transform(name: str, make: Make, target: Any, methods: Any = None, **options: Any) -> Any:
    """Lift a Module class (or a partial of one), or a function whose first parameter is a Module.

    Of a class, `__call__` is lifted, or each of `methods`: names, or a dict from name to that method's
    options.
    Raises: TransformTargetError for any other target, LiftArgumentError for other `methods`.
    """
    if isinstance(target, functools.partial) and _is_module_class(target.func):
        lifted = lift_transform(name, make, target.func, methods, **options)
        return functools.partial(lifted, *target.args, **target.keywords)
    if _is_module_class(target):
        return _lift_class(name, make, target, _options_of_methods(methods, options))
    if callable(target) and not isinstance(target, Module):
        return lift_functions(make(**options), (target,))
    raise errors.TransformTargetError(target)


def lift_directly(
    name: str,
    run: Callable[..., Any],
    functions: tuple[Any, ...],
    module: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Lift functions of a Module (or its bound methods) and call the result at once.

    Raises: LiftArgumentError if one of them is a Module class, or not callable.
    """
    for function in functions:
        if _is_module_class(function) or not callable(function):
            raise errors.LiftArgumentError(
                f"`{name}` lifts functions whose first parameter is a Module, found {function!r}",
                hint=f"call it as `nn.{name}(lambda mdl, x: mdl(x), module, x)`",
            )
    return lift_functions(run, tuple(map(unbound_function, functions)))(module, *args, **(kwargs or {}))


def _is_module_class(target: Any) -> TypeGuard[type[Module]]:
    return inspect.isclass(target) and issubclass(target, Module)


def _options_of_methods(methods: Any, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if methods is None:
        return {"__call__": options}
    if isinstance(methods, Mapping):
        return {method: dict(own) for method, own in methods.items()}
    if isinstance(methods, list | tuple):
        return dict.fromkeys(methods, options)
    raise errors.LiftArgumentError(
        f"`methods` must be None, a list or tuple of names, or a dict from name to options, found {methods!r}"
    )


def _lift_class(name: str, make: Make, cls: type, options: dict[str, dict[str, Any]]) -> type:
    """A subclass `VmapDense` of `Dense`; its lifted methods run on an instance of `Dense`."""
    for method in options:
        if not callable(getattr(cls, method, None)):
            raise errors.LiftArgumentError(f"`{cls.__name__}` has no method `{method}` to lift with `{name}`")
    lifted = {method: _lift_method(name, make(**own), cls, method) for method, own in options.items()}
    namespace = {**lifted, "__module__": cls.__module__, "__doc__": cls.__doc__}
    return type(cls)(name.capitalize() + cls.__name__, (cls,), namespace)


def _lift_method(name: str, run: Callable[..., Any], cls: type, method: str) -> Callable[..., Any]:
    function = getattr(cls, method)

    def transformed(module: Module, *args: Any, **kwargs: Any) -> Any:
        return _call(run, (function,), cls, module, args, kwargs)

    @functools.wraps(function)
    def lifted(self: Module, *args: Any, **kwargs: Any) -> Any:
        if self.scope is None:
            raise errors.CallCompactUnboundModuleError(type(self).__name__)
        value = shared_call(self, transformed, transformed, args, kwargs)
        return transformed(self, *args, **kwargs) if value is NOT_SHARED else value

    return lifted


def lift_functions(run: Callable[..., Any], functions: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    """A function of a Module and arguments that lifts the given ones, which take the same, and calls it."""
    wrapped = tuple(map(wrap_method, functions))

    @functools.wraps(wrapped[0])
    def lifted(module: Module, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(module, Module):
            raise errors.LiftArgumentError(
                f"the lifted function `{function_name(functions[0])}` wants a Module first, "
                f"found {type(module).__name__}",
                hint="call it as `lifted(self, ...)`",
            )
        return _call(run, wrapped, type(module), module, args, kwargs)

    return lifted


def _call(
    run: Callable[..., Any],
    functions: tuple[Callable[..., Any], ...],
    cls: type,
    module: Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Run functions of a Module, lifted. The count of its submodules goes in and comes back out."""
    state = module._state.export()
    modules = LiftedModules(module, args, kwargs)

    def body_of(function: Callable[..., Any]) -> Callable[..., Any]:
        def body(scopes: list[Scope | None], *args: Any, **kwargs: Any) -> Any:
            inner, args, kwargs = modules.rebuild(cls, scopes, args, kwargs)
            object.__setattr__(inner, "_state", state.export())
            value = function(inner, *args, **kwargs)
            module._state.reimport(inner._state)
            if holds_modules(value):
                raise errors.TransformedMethodReturnValueError(function_name(function))
            return value

        return functools.update_wrapper(body, function, assigned=("__name__", "__qualname__"), updated=())

    call = LiftedCall(tuple(map(body_of, functions)), modules)
    return run(call, *modules.args, **modules.kwargs)
