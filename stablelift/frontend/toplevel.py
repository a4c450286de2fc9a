"""`init` and `apply` of Modules as free functions: a function of a Module becomes a function of variables."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stablelift import errors
from stablelift.frontend import core
from stablelift.frontend.filters import DenyList, Filter, union_filters
from stablelift.frontend.module_state import ModuleBase, capturing

if TYPE_CHECKING:
    from stablelift.frontend.module import Module

# What `init` may create: all but intermediates, so that `sow` does nothing then.
INIT_MUTABLE = DenyList("intermediates")

Capture = bool | Callable[["Module", str], bool]


def apply(
    fn: Callable[..., Any], module: Module, mutable: Filter = False, capture_intermediates: Capture = False
) -> Callable[..., Any]:
    """`fn(module, *args)` as a function of `(variables, *args, rngs=None)`, see `Module.apply`."""
    run, mutable = _on_scope(fn, module, mutable, capture_intermediates)
    return core.apply(run, mutable=mutable)


def init_with_output(
    fn: Callable[..., Any],
    module: Module,
    mutable: Filter = INIT_MUTABLE,
    capture_intermediates: Capture = False,
) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """`fn(module, *args)` as a function of `(rngs, *args)` that also returns the variables it creates."""
    run, mutable = _on_scope(fn, module, mutable, capture_intermediates)
    return core.init(run, mutable=mutable)


def init(
    fn: Callable[..., Any],
    module: Module,
    mutable: Filter = INIT_MUTABLE,
    capture_intermediates: Capture = False,
) -> Callable[..., dict[str, Any]]:
    """`fn(module, *args)` as a function of `(rngs, *args)` that returns the variables it creates."""
    run = init_with_output(fn, module, mutable, capture_intermediates)

    @functools.wraps(fn)
    def variables(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return run(*args, **kwargs)[1]

    return variables


def _on_scope(fn: Callable[..., Any], module: Module, mutable: Filter, capture: Capture) -> Any:
    """`fn` as a function of a scope, and the filter, which captured intermediates join."""
    wanted = (lambda _, method: method == "__call__") if capture is True else capture or None

    @functools.wraps(fn)
    def run(scope: Any, *args: Any, **kwargs: Any) -> Any:
        with capturing(wanted):
            return fn(module.clone(parent=scope, _deep_clone=True), *args, **kwargs)

    return run, union_filters(mutable, "intermediates") if wanted else mutable


def check_instance(module: Any, cls: type) -> None:
    """Raises: InvalidInstanceModuleError, IncorrectPostInitOverrideError."""
    if not isinstance(module, cls):
        raise errors.InvalidInstanceModuleError()
    if "_id" not in vars(module):
        raise errors.IncorrectPostInitOverrideError(type(module).__name__)


def method_of(module: Any, method: Callable[..., Any] | str | None) -> Callable[..., Any]:
    """The function of the Module that `method` means: a name, a method, a function; None is `__call__`.

    Raises: TypeError for a name that is not callable, ApplyModuleInvalidMethodError.
    """
    if not isinstance(method, str):
        return unbound_function(module.__call__ if method is None else method)
    found = getattr(module, method)
    if not callable(found):
        raise TypeError(f"`{type(module).__name__}.{method}` is not callable, it is a {type(found).__name__}")
    if isinstance(found, ModuleBase):
        return lambda bound, *args, **kwargs: getattr(bound, method)(*args, **kwargs)
    return unbound_function(found)


def unbound_function(method: Any) -> Callable[..., Any]:
    """The function behind a bound method of a Module. Raises: ApplyModuleInvalidMethodError."""
    if inspect.ismethod(method) and isinstance(method.__self__, ModuleBase):
        method = method.__func__
    if not callable(method) or len(inspect.signature(method).parameters) < 1:
        raise errors.ApplyModuleInvalidMethodError(method)
    return method
