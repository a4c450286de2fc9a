"""Calling a Module's methods: `compact`, `nowrap`, interceptors, and what happens around a call."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from stablelift import errors
from stablelift.frontend.module_state import ModuleBase, RecordedCall, described, running, stacks
from stablelift.frontend.profiling import named_after
from stablelift.frontend.rng import LazyRng
from stablelift.frontend.sharing import NOT_SHARED, shared_call

if TYPE_CHECKING:
    from stablelift.frontend.module import Module

F = TypeVar("F", bound=Callable[..., Any])


def compact(fun: F) -> F:
    """Let a method create submodules and variables where it uses them."""
    fun.compact = True  # type: ignore[attr-defined]
    return fun


def nowrap(fun: F) -> F:
    """Leave a method as it is: no setup before it, no submodules in it."""
    fun.nowrap = True  # type: ignore[attr-defined]
    return fun


@dataclasses.dataclass(frozen=True)
class InterceptorContext:
    """What an interceptor is told: the Module, the method's name, the method without its interceptors."""

    module: Module
    method_name: str
    orig_method: Callable[..., Any]


Interceptor = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], InterceptorContext], Any]


@contextlib.contextmanager
def intercept_methods(interceptor: Interceptor) -> Iterator[None]:
    """Run `interceptor(next_method, args, kwargs, context)` in place of every Module method called meanwhile.

    Of nested interceptors the one installed first runs first, as in Linen.
    """
    stacks.interceptors.append(interceptor)
    try:
        yield
    finally:
        stacks.interceptors.pop()


def function_name(fun: Callable[..., Any]) -> str:
    """The name of a function, of the function inside for a partial."""
    while isinstance(fun, functools.partial):
        fun = fun.func
    return getattr(fun, "__name__", "unnamed_function")


def wrap_method(fun: Callable[..., Any]) -> Callable[..., Any]:
    """`fun(module, ...)` as a method that runs `setup` first and is the parent of the Modules it creates.

    Wrapping twice does nothing. A call whose first argument is no Module passes through.
    """
    if hasattr(fun, "wraps_method_of_module"):
        return fun

    @functools.wraps(fun)
    def method(*args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], ModuleBase):
            return call_method(args[0], fun, args[1:], kwargs)
        return fun(*args, **kwargs)

    method.wraps_method_of_module = True  # type: ignore[attr-defined]
    return method


def call_method(module: Any, fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run `fun(module, *args, **kwargs)` as a method of the Module, or what an equal call left to share."""
    with named_after(module, function_name(fun)):  # of each call, also of what is shared
        value = shared_call(module, functools.partial(_run_method, fun), fun, args, kwargs)
        return _run_method(fun, module, *args, **kwargs) if value is NOT_SHARED else value


def _run_method(fun: Callable[..., Any], module: Any, /, *args: Any, **kwargs: Any) -> Any:
    name = function_name(fun)
    with _prepared(module, is_compact=hasattr(fun, "compact"), is_setup=name == "setup"), running(module):
        run = _intercepted(module, fun, name) if stacks.interceptors else functools.partial(fun, module)
        if stacks.recordings and name != "setup":
            run = functools.partial(_recorded, module, name, run)
        value = run(*args, **kwargs)
        wanted = stacks.captures[-1]
        if wanted and wanted(module, name):
            module.sow("intermediates", name, value)
        return value


@contextlib.contextmanager
def _prepared(module: Any, *, is_compact: bool, is_setup: bool) -> Iterator[None]:
    """Run `setup` if it has not run, and note which kind of method is running."""
    state, nested = module._state, False
    if is_setup:
        if module.scope is None:
            raise errors.CallSetupUnboundModuleError(type(module).__name__)
        nested, state.in_setup = state.in_setup, True
    else:
        module._try_setup()
    if is_compact:
        if module.scope is None:
            raise errors.CallCompactUnboundModuleError(type(module).__name__)
        nested, state.in_compact_method = state.in_compact_method, True
    try:
        yield
    finally:
        if is_compact and module.scope is not None:
            object.__setattr__(module, "scope", module.scope.rewound())
        if (is_compact or is_setup) and not nested:
            state.reset()


def _recorded(module: Any, name: str, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a method and note the call."""
    calls, scope = stacks.recordings[-1], module.scope
    keys = {stream: rng.rng if isinstance(rng, LazyRng) else rng for stream, rng in scope.rngs.items()}
    given = described((keys, args, kwargs))  # a tracer must not outlive its trace
    call = RecordedCall(scope.path, module.clone(), name, scope.mutable, *given)
    calls.append(call)
    outputs = run(*args, **kwargs)
    call.outputs = described(outputs)
    return outputs


def _intercepted(module: Any, fun: Callable[..., Any], name: str) -> Callable[..., Any]:
    method: Callable[..., Any] = functools.partial(fun, module)
    context = InterceptorContext(module, name, method)
    for interceptor in reversed(stacks.interceptors):
        method = functools.partial(_through, interceptor, method, context)
    return method


def _through(
    interceptor: Interceptor,
    method: Callable[..., Any],
    context: InterceptorContext,
    *args: Any,
    **kwargs: Any,
) -> Any:
    return interceptor(method, args, kwargs, context)


class WrappedDescriptor:
    """A descriptor of a Module whose AttributeError is not mistaken for a missing attribute."""

    def __init__(self, wrapped: Any):
        self.wrapped = wrapped

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        try:
            return self.wrapped.__get__(instance, owner)
        except AttributeError as error:
            raise errors.DescriptorAttributeError() from error

    def __getattr__(self, name: str) -> Any:
        if "wrapped" not in vars(self):
            raise AttributeError(name)
        return getattr(self.wrapped, name)


class WrappedDataDescriptor(WrappedDescriptor):
    """The same for a descriptor that can be assigned to, which goes before the instance's own attributes."""

    def __set__(self, instance: Any, value: Any) -> None:
        self.wrapped.__set__(instance, value)

    def __delete__(self, instance: Any) -> None:
        self.wrapped.__delete__(instance)


def wrap_descriptor(descriptor: Any) -> WrappedDescriptor:
    """The descriptor, wrapped once."""
    if isinstance(descriptor, WrappedDescriptor):
        return descriptor
    is_data = hasattr(descriptor, "__set__") or hasattr(descriptor, "__delete__")
    return WrappedDataDescriptor(descriptor) if is_data else WrappedDescriptor(descriptor)
