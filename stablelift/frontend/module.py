"""Module: a layer as a dataclass, with variables and random streams that `init` and `apply` bind to it.

The semantics, names and random keys are those of Linen. A Module's code reads as if it held state; each call
of `init` or `apply` binds a fresh copy of the tree of Modules to a Scope, and that copy is what runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from stablelift import errors
from stablelift.frontend import toplevel
from stablelift.frontend.adoption import (
    join_parent,
    make_name_scopes,
    register_attribute,
    register_fields,
)
from stablelift.frontend.cloning import Cache, cloned
from stablelift.frontend.core import bind as bind_scope
from stablelift.frontend.filters import Filter
from stablelift.frontend.initialising import initialised, lazily_initialised
from stablelift.frontend.module_class import (
    ParentReference,
    make_dataclass,
    name_scoped_methods,
    wrap_attributes,
)
from stablelift.frontend.module_state import UNSPECIFIED, ModuleState, SetupState, stacks
from stablelift.frontend.module_variables import ModuleVariables
from stablelift.frontend.presentation import module_repr
from stablelift.frontend.rng import as_streams
from stablelift.frontend.trial import try_out_setup
from stablelift.frontend.variables import fresh_identity

M = TypeVar("M", bound="Module")

_COPY_PROTOCOL = {
    "__getstate__", "__setstate__", "__getnewargs_ex__", "__reduce__", "__reduce_ex__", "__copy__",
    "__deepcopy__",
}  # fmt: skip


class Module(ModuleVariables):
    """Base of all layers and models.

    A subclass is a dataclass: annotated attributes are its fields. Submodules and variables are made in
    `setup`, or inside a method decorated with `compact`. `name` and `parent` are keyword-only fields of every
    Module.
    """

    _state = ModuleState()
    if TYPE_CHECKING:
        name: str | None = dataclasses.field(default=None, kw_only=True)
        parent: Any = dataclasses.field(default=None, kw_only=True)

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    else:
        parent = ParentReference()

    def __init_subclass__(cls, kw_only: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        make_dataclass(cls, kw_only)
        wrap_attributes(cls)
        cls._name_scoped = name_scoped_methods(cls)
        cls._state = ModuleState()
        cls.scope = cls._parent = None
        cls.parent = ParentReference()

    # Construction and attributes.

    def __post_init__(self) -> None:
        object.__setattr__(self, "_id", fresh_identity())
        object.__setattr__(self, "_state", ModuleState())
        if self.parent is UNSPECIFIED:
            object.__setattr__(self, "parent", stacks.modules[-1])
        if self.parent is not None:
            join_parent(self)

    def __setattr__(self, name: str, value: Any) -> None:
        field = type(self).__dataclass_fields__.get(name)
        if self._state.in_setup:
            if field is not None and field.init:
                raise errors.SetAttributeInModuleSetupError(type(self).__name__, name)
            register_attribute(self, name, value)
        elif self._state.is_initialized and not name.startswith("__"):
            raise errors.SetAttributeFrozenModuleError(type(self).__name__, name, value)
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name in _COPY_PROTOCOL:
            raise AttributeError(name)
        self._try_setup()
        if name in self.__dict__:
            return self.__dict__[name]
        hint = "" if self.scope else "; what `setup` makes exists inside `init` and `apply` only"
        raise AttributeError(f"`{type(self).__name__}` has no attribute `{name}`{hint}")

    def __dir__(self) -> list[str]:
        self._try_setup()
        return list(object.__dir__(self))

    def __repr__(self) -> str:
        return module_repr(self)

    # Setup.

    def setup(self) -> None:
        """Make submodules and variables as attributes; runs once, before a bound Module's first method."""

    def _try_setup(self, shallow: bool = False) -> None:
        """Adopt the Modules in the fields and run `setup`, if that is still to do.

        Shallow, before a lift: adopt, and try `setup` out abstractly so that its errors come early.
        """
        state = self._state
        if self.scope is None or state.in_setup or state.setup_called == SetupState.DONE:
            return
        try:
            state.in_setup = True
            register_fields(self)
            if not shallow:
                self.setup()
                make_name_scopes(self)
            elif state.setup_called == SetupState.NEW:
                if type(self).setup is not Module.setup:
                    try_out_setup(self)
        finally:
            state.in_setup = False
            if not shallow:
                state.setup_called = SetupState.DONE

    @property
    def _initialization_allowed(self) -> bool:
        state = self._state
        return not state.is_initialized or state.in_setup or state.in_compact_method

    # Copies.

    def clone(
        self: M,
        *,
        parent: Any = None,
        _deep_clone: bool | Cache = False,
        _reset_names: bool = False,
        **updates: Any,
    ) -> M:
        """An unbound copy (bound to `parent` if that is given), with the fields in `updates` changed.

        With `_deep_clone` the Modules in its fields are cloned too, shared ones once; `_reset_names` frees
        their names.
        """
        return cloned(self, parent, _deep_clone, _reset_names, updates)

    def copy(self: M, *, parent: Any = UNSPECIFIED, name: str | None = None, **updates: Any) -> M:
        """A deep copy with a new name, by default attached to the Module whose method is running."""
        return self.clone(parent=parent, name=name, _deep_clone=True, **updates)

    # Doors from outside.

    def bind(self: M, variables: Any, *args: Any, rngs: Any = None, mutable: Filter = False) -> M:
        """A copy of this Module bound to `variables`, to be used directly; for interactive work."""
        toplevel.check_instance(self, Module)
        streams = as_streams(rngs, type(self).__name__) if rngs is not None else None
        return self.clone(parent=bind_scope(variables, streams, mutable), _deep_clone=True)

    def unbind(self: M) -> tuple[M, dict[str, Any]]:
        """An unbound copy of a bound Module, and its variables."""
        toplevel.check_instance(self, Module)
        if self.scope is None:
            raise errors.CallUnbindOnUnboundModuleError(type(self).__name__)
        variables = self.variables
        return self.clone(_deep_clone=True, _reset_names=True, name=None), variables

    def apply(
        self,
        variables: Any,
        *args: Any,
        rngs: Any = None,
        method: Callable[..., Any] | str | None = None,
        mutable: Filter = False,
        capture_intermediates: bool | Callable[[Module, str], bool] = False,
        **kwargs: Any,
    ) -> Any:
        """Call a method (`__call__` by default) with `variables` bound.

        Returns the method's value; with `mutable` other than False, `(value, mutable variables)`.
        """
        toplevel.check_instance(self, Module)
        streams = as_streams(rngs, type(self).__name__) if rngs is not None else None
        run = toplevel.apply(toplevel.method_of(self, method), self, mutable, capture_intermediates)
        return run(variables, *args, rngs=streams, **kwargs)

    def init_with_output(
        self,
        rngs: Any,
        *args: Any,
        method: Callable[..., Any] | str | None = None,
        mutable: Filter = toplevel.INIT_MUTABLE,
        capture_intermediates: bool | Callable[[Module, str], bool] = False,
        **kwargs: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """Call a method while creating its variables: `(value, variables)`."""
        toplevel.check_instance(self, Module)
        streams = as_streams(rngs, type(self).__name__)
        run = toplevel.init_with_output(
            toplevel.method_of(self, method), self, mutable, capture_intermediates
        )
        return run(streams, *args, **kwargs)

    def init(
        self,
        rngs: Any,
        *args: Any,
        method: Callable[..., Any] | str | None = None,
        mutable: Filter = toplevel.INIT_MUTABLE,
        capture_intermediates: bool | Callable[[Module, str], bool] = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The variables that a call of the method with these arguments creates.

        `rngs` is one key, or a dict from stream to key.
        """
        toplevel.check_instance(self, Module)
        streams = as_streams(rngs, type(self).__name__)
        run = toplevel.init(toplevel.method_of(self, method), self, mutable, capture_intermediates)
        return initialised(run, streams, args, kwargs)

    def lazy_init(
        self,
        rngs: Any,
        *args: Any,
        method: Callable[..., Any] | str | None = None,
        mutable: Filter = toplevel.INIT_MUTABLE,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The variables of `init`; a ShapeDtypeStruct may stand for an array that they do not depend on.

        Raises: LazyInitError if an initial value depends on one.
        """
        toplevel.check_instance(self, Module)
        streams = as_streams(rngs, type(self).__name__)
        run = toplevel.init(toplevel.method_of(self, method), self, mutable)
        return lazily_initialised(run, streams, args, kwargs)

    # Summaries.

    def tabulate(
        self,
        rngs: Any,
        *args: Any,
        depth: int | None = None,
        show_repeated: bool = False,
        mutable: Filter = toplevel.INIT_MUTABLE,
        console_kwargs: Mapping[str, Any] | None = None,
        table_kwargs: Mapping[str, Any] = MappingProxyType({}),
        column_kwargs: Mapping[str, Any] = MappingProxyType({}),
        compute_flops: bool = False,
        compute_vjp_flops: bool = False,
        **kwargs: Any,
    ) -> str:
        """A table of the calls and variables of `init` with these arguments, see `nn.tabulate`."""
        from stablelift.frontend.summary import tabulate

        text = tabulate(
            self,
            rngs,
            depth=depth,
            show_repeated=show_repeated,
            mutable=mutable,
            console_kwargs=console_kwargs,
            table_kwargs=table_kwargs,
            column_kwargs=column_kwargs,
            compute_flops=compute_flops,
            compute_vjp_flops=compute_vjp_flops,
        )
        return text(*args, **kwargs)

    def module_paths(
        self,
        rngs: Any,
        *args: Any,
        show_repeated: bool = False,
        mutable: Filter = toplevel.INIT_MUTABLE,
        **kwargs: Any,
    ) -> dict[str, Module]:
        """The Modules that take part in `init`, as unbound copies by path, such as `Encoder_0/Dense_1`."""
        from stablelift.frontend.summary import module_table

        rows = module_table(self, rngs, *args, show_repeated=show_repeated, mutable=mutable, **kwargs)
        return {"/".join(row.path): row.module_copy for row in rows}
