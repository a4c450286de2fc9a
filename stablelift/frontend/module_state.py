"""What a Module remembers while its methods run, and the stacks of what is running around it."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, dataclass_transform

import jax

if TYPE_CHECKING:
    from stablelift.frontend.module import Module
    from stablelift.frontend.scope import Scope


class SetupState(enum.IntEnum):
    """How far `setup` has come; TRANSFORMED: it ran outside the lift that this Module is inside of."""

    NEW = 0
    TRANSFORMED = 1
    DONE = 2


@dataclasses.dataclass
class ModuleState:
    """The mutable part of a Module. `autoname_cursor` counts submodules by class, for their names."""

    in_compact_method: bool = False
    in_setup: bool = False
    setup_called: SetupState = SetupState.NEW
    is_initialized: bool = False
    autoname_cursor: dict[str, int] = dataclasses.field(default_factory=dict)
    children: dict[str, Any] = dataclasses.field(default_factory=dict)

    def reset(self) -> None:
        """Forget a method's run: its names start again from zero."""
        self.in_compact_method = False
        self.in_setup = False
        self.autoname_cursor = {}

    def export(self) -> ModuleState:
        """The state with which a Module enters a lift."""
        return ModuleState(
            self.in_compact_method,
            self.in_setup,
            SetupState.TRANSFORMED if self.setup_called else SetupState.NEW,
            self.is_initialized,
            dict(self.autoname_cursor),
        )

    def reimport(self, other: ModuleState) -> None:
        """Take over the state with which a Module leaves a lift."""
        self.in_compact_method = other.in_compact_method
        self.in_setup = other.in_setup
        self.is_initialized = other.is_initialized
        self.autoname_cursor = dict(other.autoname_cursor)


@dataclass_transform(field_specifiers=(dataclasses.field,))
class ModuleBase:
    """The root of Module's classes, by which the files that Module is made of recognise one."""

    _id: int
    _state: ModuleState
    _parent: Any = None
    _name_scoped: tuple[str, ...] = ()
    scope = None

    if TYPE_CHECKING:  # `typing.get_type_hints` has to find what it reads at run time
        scope: Scope | None
        name: str | None
        parent: Any

        def _try_setup(self, shallow: bool = False) -> None: ...


class Unspecified:
    """The type of `UNSPECIFIED`, a parent that is to be taken from the running method. One instance."""

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return "UNSPECIFIED"

    def __repr__(self):
        return "UNSPECIFIED"


UNSPECIFIED = Unspecified()


@dataclasses.dataclass
class RecordedCall:
    """One call of a Module's method, for summaries. `module` is unbound; arrays are ShapeDtypeStructs."""

    path: tuple[str, ...]
    module: Any
    method: str
    mutable: Any
    rngs: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: Any = None


def described(tree: Any) -> Any:
    """The tree with a ShapeDtypeStruct for each array; boxes stay, with one inside."""
    return jax.tree_util.tree_map(_described, tree, is_leaf=lambda x: x is None)


def _described(leaf: Any) -> Any:
    if hasattr(leaf, "shape") and hasattr(leaf, "dtype"):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
    return leaf


class _Stacks(threading.local):
    def __init__(self):
        self.modules: list[Module | None] = [None]
        self.captures: list[Callable[[Module, str], bool] | None] = [None]
        self.interceptors: list[Callable[..., Any]] = []
        self.recordings: list[list[RecordedCall]] = []


stacks = _Stacks()


@contextlib.contextmanager
def running(module: Module) -> Iterator[None]:
    """Make `module` the parent of the Modules that are created meanwhile."""
    stacks.modules.append(module)
    try:
        yield
    finally:
        stacks.modules.pop()


@contextlib.contextmanager
def capturing(wanted: Callable[[Module, str], bool] | None) -> Iterator[None]:
    """Sow into 'intermediates' the value of each method that `wanted(module, method_name)` accepts."""
    stacks.captures.append(wanted)
    try:
        yield
    finally:
        stacks.captures.pop()


@contextlib.contextmanager
def recording() -> Iterator[list[RecordedCall]]:
    """Record the calls of all methods meanwhile, in the list that this gives, except that of `setup`."""
    calls: list[RecordedCall] = []
    stacks.recordings.append(calls)
    try:
        yield calls
    finally:
        stacks.recordings.pop()
