"""`@stablelift.module`: a Module from a plain class or from a plain function.

@module                                     @module
class Block:                                def block(mdl, x, *, features=32):
    features: int = 32                          return relu(Dense(features)(x))

    def __call__(self, x):
        return relu(Dense(self.features)(x))
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from stablelift.frontend.calling import compact
from stablelift.frontend.module import Module
from stablelift.frontend.neighbours import neighbours

_OF_THE_OLD_CLASS = ("__dict__", "__weakref__", "__firstlineno__", "__static_attributes__")


def module(target: Any) -> type[Module]:
    """A Module class from `target`.

    A class becomes what it would be if it derived from Module and its `__call__` were `compact`. Of a
    function, the first parameter is the Module, the keyword-only ones become fields, the body `__call__`.
    Raises: TypeError if `target` is neither, has no `__call__`, or takes no Module.
    """
    if inspect.isclass(target):
        return _from_class(target)
    if inspect.isfunction(target):
        return _from_function(target)
    raise TypeError(f"`module` makes a Module of a class or a function, found {target!r}")


def _from_class(cls: type) -> type[Module]:
    if not inspect.isfunction(cls.__dict__.get("__call__")):
        raise TypeError(f"`module` wants `{cls.__qualname__}` to define `__call__(self, ...)`")
    if dataclasses.is_dataclass(cls) and not issubclass(cls, Module):
        raise TypeError(f"`module` makes `{cls.__qualname__}` a dataclass itself; leave out `@dataclass`")
    compact(inspect.unwrap(cls.__dict__["__call__"]))  # a Module's method is wrapped already
    if issubclass(cls, Module):
        return cls
    namespace = {name: value for name, value in vars(cls).items() if name not in _OF_THE_OLD_CLASS}
    bases = tuple(base for base in cls.__bases__ if base is not object)
    made = type(cls.__name__, (*bases, Module), namespace)
    for value in vars(cls).values():
        _move_class_cell(value, cls, made)
    return made


def _move_class_cell(function: Any, old: type, new: type) -> None:
    """Point the `__class__` of a method at the new class, so that `super()` works in it."""
    for cell in getattr(function, "__closure__", None) or ():
        if cell.cell_contents is old:
            cell.cell_contents = new


def _from_function(function: Callable[..., Any]) -> type[Module]:
    signature = inspect.signature(function)
    kinds = inspect.Parameter
    fields = [p for p in signature.parameters.values() if p.kind is kinds.KEYWORD_ONLY]
    call = [p for p in signature.parameters.values() if p.kind is not kinds.KEYWORD_ONLY]
    if not call or call[0].kind not in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
        raise TypeError(f"`module` wants `{function.__qualname__}` to take a Module as its first parameter")

    @functools.wraps(function)
    def __call__(self: Module, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs, **{p.name: getattr(self, p.name) for p in fields})

    __call__.__signature__ = signature.replace(parameters=call)  # type: ignore[attr-defined]
    __call__.__name__ = "__call__"
    namespace: dict[str, Any] = {p.name: _field(p.default) for p in fields if p.default is not kinds.empty}
    namespace |= {
        "__annotations__": {p.name: Any if p.annotation is kinds.empty else p.annotation for p in fields},
        "__call__": compact(__call__),
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
    }
    return types.new_class(
        function.__name__, (Module,), {"kw_only": True}, lambda body: body.update(namespace)
    )


def _field(default: Any) -> Any:
    """A dataclass refuses defaults that could be changed; Modules freeze them, so one can be shared."""
    return dataclasses.field(default_factory=lambda: default) if type(default).__hash__ is None else default


class _Callable(types.ModuleType):
    """This file: the submodule that Linen has under the name `module`, and the decorator."""

    def __call__(self, target: Any) -> type[Module]:
        return module(target)


sys.modules[__name__].__class__ = _Callable

__getattr__ = neighbours(__name__)
