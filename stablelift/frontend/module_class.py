"""What becomes of a class that derives from Module: a dataclass whose methods and properties are wrapped."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

from stablelift import errors
from stablelift.frontend.calling import wrap_descriptor, wrap_method
from stablelift.frontend.module_state import UNSPECIFIED, ModuleBase

_NAME_TYPES = (str, "str", str | None, "str | None", "None | str", "Optional[str]")
_NEVER_WRAPPED = {"__eq__", "__repr__", "__init__", "__hash__", "__post_init__"}


class ParentReference:
    """The attribute `parent`: a Module is held weakly, so that nobody keeps its parents alive."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return None
        held = object.__getattribute__(instance, "_parent")
        return held() if isinstance(held, weakref.ref) else held

    def __set__(self, instance: Any, parent: Any) -> None:
        object.__setattr__(
            instance, "_parent", weakref.ref(parent) if isinstance(parent, ModuleBase) else parent
        )


def make_dataclass(cls: type, kw_only: bool) -> None:
    """Make `cls` a dataclass, with `parent` and `name` as keyword-only fields.

    Raises: ReservedModuleAttributeError if it declares one of the two otherwise.
    """
    annotations = dict(inspect.get_annotations(cls))
    if "parent" in annotations or annotations.get("name", str) not in _NAME_TYPES:
        raise errors.ReservedModuleAttributeError(annotations)
    for name in annotations:
        field = cls.__dict__.get(name)
        if isinstance(field, dataclasses.Field) and not field.init:
            field.compare = field.hash = field.repr = False  # what `setup` fills in is no part of the value
    cls.__annotations__ = {**annotations, "parent": Any, "name": str | None}
    cls.parent = dataclasses.field(default=UNSPECIFIED, kw_only=True, repr=False)
    cls.name = dataclasses.field(default=None, kw_only=True)
    own_hash = "__hash__" in cls.__dict__
    dataclasses.dataclass(unsafe_hash=not own_hash, repr=False, kw_only=kw_only)(cls)
    cls.__hash__ = _unbound_only(cls.__hash__)  # type: ignore[method-assign]
    fields = cls.__dataclass_fields__  # type: ignore[attr-defined]
    fields.update({name: fields.pop(name) for name in ("parent", "name")})  # behind those of subclasses too


def wrap_attributes(cls: type) -> None:
    """Wrap the methods and descriptors that the class itself defines, fields and `nowrap` ones aside."""
    fields = {field.name for field in dataclasses.fields(cls)}
    for name, value in list(vars(cls).items()):
        if name in fields or name in _NEVER_WRAPPED or hasattr(value, "nowrap"):
            continue
        if isinstance(value, staticmethod | classmethod) or inspect.isclass(value):
            continue
        if callable(value):
            setattr(cls, name, wrap_method(value))
        elif name not in ("parent", "__dict__", "__weakref__") and _is_descriptor(value):
            setattr(cls, name, wrap_descriptor(value))


def name_scoped_methods(cls: type) -> tuple[str, ...]:
    """The names of the methods, inherited ones too, that are at a level of their own in the tree."""
    return tuple(name for name in dir(cls) if hasattr(inspect.getattr_static(cls, name), "name_scope"))


def _is_descriptor(value: Any) -> bool:
    return any(hasattr(value, method) for method in ("__get__", "__set__", "__delete__"))


def _unbound_only(hash_of: Callable[[Any], int]) -> Callable[[Any], int]:
    if hasattr(hash_of, "refuses_bound_modules"):
        return hash_of

    @functools.wraps(hash_of)
    def hash_unbound(self: Any) -> int:
        if self.scope is not None:
            raise TypeError(
                f"`{type(self).__name__}` holds variables and cannot be hashed; hash an unbound one"
            )
        try:
            return hash_of(self)
        except TypeError as error:
            raise TypeError(f"`{self!r}` has a field that cannot be hashed: {error}") from error

    hash_unbound.refuses_bound_modules = True  # type: ignore[attr-defined]
    return hash_unbound
