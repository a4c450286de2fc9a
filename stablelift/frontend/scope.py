"""Scope: a cursor into a tree of variables and into the random streams, the ground under every Module.

A scope is a cursor that knows its path, which collections are mutable, and which names are taken.
"""

from __future__ import annotations

import contextlib
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakValueDictionary

import jax
import numpy as np

from stablelift import errors
from stablelift.frontend import meta
from stablelift.frontend.boundaries import Boundary, immutable_collection, missing_stream, missing_variable
from stablelift.frontend.cursor import Cursor
from stablelift.frontend.filters import Filter, in_filter
from stablelift.frontend.frames import Lifetime, check_lifted, current_frame
from stablelift.frontend.initial_shapes import initial_shapes
from stablelift.frontend.neighbours import neighbours
from stablelift.frontend.rng import LazyRng
from stablelift.frontend.variables import Variable

_REQUIRED = object()


class Scope(Cursor):
    """The variables and random streams of one Module.

    `path` is the Module's path in the variable tree; `debug_path` also shows the lifts on the way. `rngs`
    holds the streams, `rng_counters` how often each was drawn from here and, under `("child", name)`, below
    here. `adopted` holds, for the whole tree, the bound copy of each Module that was created unbound, by its
    identity. `draw_outside`, in the body of a function that equal calls share, makes the key of a stream.
    Two scopes are equal if they are the same cursor: same tree, same path, same counters.
    """

    def __init__(
        self,
        variables: dict[str, Any],
        rngs: Mapping[str, Any] | None = None,
        name: str | None = None,
        mutable: Filter = False,
        parent: Scope | None = None,
        path: Iterable[str] = (),
        debug_path: Iterable[str] = (),
        flags: Mapping[str, Any] | None = None,
    ):
        super().__init__(variables, parent, name)
        self.path = tuple(path)
        self.debug_path = tuple(debug_path) or self.path
        self.rngs = {stream: LazyRng.create(rng) for stream, rng in (rngs or {}).items()}
        self.mutable = mutable
        self.flags = dict(flags or {})
        self.rng_counters: dict[Any, Any] = dict.fromkeys(self.rngs, 0)
        self.reservations: defaultdict[str, set[str | None]] = defaultdict(set)
        self.frame = parent.frame if parent else current_frame()
        self.adopted: WeakValueDictionary[int, Any] = parent.adopted if parent else WeakValueDictionary()
        self.draw_outside: Callable[[str, LazyRng], Any] | None = parent.draw_outside if parent else None
        self.boundary: Boundary | None = None  # of a root in a lifted body
        self._lifetime: Lifetime = parent._lifetime if parent else Lifetime()

    def __eq__(self, other: object) -> bool:
        return self is other or isinstance(other, Scope) and self._cursor() == other._cursor()

    def __hash__(self) -> int:
        return hash(self._cursor())

    def _cursor(self) -> tuple[int, tuple[str, ...], int]:
        return id(self.root.tree), self.path, id(self.rng_counters)

    @property
    def path_text(self) -> str:
        """The path as errors show it, lifts included: `/Encoder_0/vmap(Dense_0)`."""
        return "/" + "/".join(self.debug_path)

    # Validity.

    @property
    def invalid(self) -> bool:
        """Whether the call that made this scope has returned."""
        return self._lifetime.over

    def invalidate(self) -> None:
        """Refuse further use, of the whole tree of scopes."""
        self._lifetime.over = True

    @contextlib.contextmanager
    def temporary(self) -> Iterator[Scope]:
        """The scope, invalid when the context is left."""
        try:
            yield self
        finally:
            self.invalidate()

    def check_usable(self, action: str, *, writes: bool = True) -> None:
        """Raises: InvalidScopeError after the end; ClosedOverModuleError in a lift that left it outside."""
        if self.invalid:
            raise errors.InvalidScopeError(self.name)
        check_lifted(self, action, writes=writes)

    # Names and children.

    def rewound(self, rewind_rngs: bool = False) -> Scope:
        """The same cursor with all names free again; with `rewind_rngs`, its counters at zero."""
        if self.invalid:
            raise errors.InvalidScopeError(self.name)
        scope = Scope(
            self.tree, self.rngs, self.name, self.mutable, self.parent, self.path, self.debug_path, self.flags
        )
        scope.frame, scope.adopted, scope._lifetime = self.frame, self.adopted, self._lifetime
        scope.draw_outside, scope.boundary = self.draw_outside, self.boundary
        if not rewind_rngs:
            scope.rng_counters = self.rng_counters
        return scope

    def name_reserved(self, name: str, col: str | None = None) -> bool:
        """Whether a child (`col=None`) or a variable of collection `col` can no longer be called `name`."""
        if name not in self.reservations:
            return False
        taken = self.reservations[name]
        return col is None or None in taken or col in taken

    def reserve(self, name: str, col: str | None = None) -> None:
        """Take a name for a child (`col=None`) or a variable. Raises: TypeError, NameInUseError."""
        if not isinstance(name, str):
            raise TypeError(f"a scope is named by a string, found {name!r} of type {type(name).__name__}")
        if self.name_reserved(name, col):
            raise errors.NameInUseError("variable" if col else "scope", name, self.path_text)
        self.reservations[name].add(col)

    def default_name(self, prefix: str) -> str:
        """`prefix` with the first number behind it that makes a free name."""
        number = 0
        while f"{prefix}{number}" in self.reservations:
            number += 1
        return f"{prefix}{number}"

    def push(self, name: str | None = None, prefix: str = "", reuse: bool = False) -> Scope:
        """A child scope; with `reuse`, also where the name is taken.

        A name always has the same counters, so a child that is pushed again goes on with its keys.
        """
        self.check_usable("make a submodule")
        if name is None:
            name = self.default_name(prefix)
        if not reuse or name not in self.reservations:
            self.reserve(name)
        rngs = {stream: LazyRng.create(rng, name) for stream, rng in self.rngs.items()}
        child = Scope(
            {}, rngs, name, self.mutable, self, (*self.path, name), (*self.debug_path, name), self.flags
        )
        child.rng_counters = self.rng_counters.setdefault(("child", name), child.rng_counters)
        return child

    def child(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        prefix: str | None = None,
        named_call: bool = True,
        **partial_kwargs: Any,
    ) -> Callable[..., Any]:
        """`fn(scope, *args, **kwargs)` on a child scope, as a function of the arguments.

        Every call has the same variables. Without a `name` it is `prefix`, or the name of `fn`, and a number.
        With `named_call` its ops carry the name in profiles.
        """
        if prefix is None:
            prefix = f"{fn.__name__}_" if hasattr(fn, "__name__") else ""
        name = self.default_name(prefix) if name is None else name
        scope = self.push(name)

        @functools.wraps(fn)
        def on_child(*args: Any, **kwargs: Any) -> Any:
            with jax.named_scope(name) if named_call else contextlib.nullcontext():
                return fn(scope.rewound(), *args, **partial_kwargs, **kwargs)

        return on_child

    # Collections.

    def is_mutable_collection(self, col: str) -> bool:
        """Whether variables of `col` may be created and written."""
        return in_filter(self.mutable, col)

    def mutable_variables(self) -> dict[str, Any]:
        """This scope's part of every mutable collection."""
        return {col: xs for col, xs in self.variables().items() if in_filter(self.mutable, col)}

    # Variables.

    def put_variable(self, col: str, name: str, value: Any) -> None:
        """Create or update a variable. Raises: ModifyScopeVariableError if `col` is immutable."""
        self.check_usable(f"write `{col}/{name}`")
        if not self.is_mutable_collection(col):
            raise errors.ModifyScopeVariableError(
                col, name, self.path_text, immutable_collection(self, col)
            )
        self._put(col, name, value)

    def variable(
        self,
        col: str,
        name: str,
        init_fn: Callable[..., Any] | None = None,
        *init_args: Any,
        unbox: bool = True,
        **init_kwargs: Any,
    ) -> Variable[Any]:
        """The variable `name` of `col`, created as `init_fn(*init_args, **init_kwargs)` if it is missing.

        Raises: ScopeCollectionNotFound, ScopeVariableNotFoundError if it is missing and may not be created.
        """
        self.reserve(name, col)
        self.check_usable(f"variable `{col}/{name}`", writes=False)
        if not self.has_variable(col, name):
            if init_fn is None or not self.is_mutable_collection(col):
                kept_out = self._refuse_empty(col, name)
                raise errors.ScopeVariableNotFoundError(name, col, self.path_text, kept_out)
            self.put_variable(col, name, init_fn(*init_args, **init_kwargs))
        return Variable(self, col, name, unbox=unbox)

    def param(
        self,
        name: str,
        init_fn: Callable[..., Any],
        *init_args: Any,
        unbox: bool = True,
        **init_kwargs: Any,
    ) -> Any:
        """The parameter `name`, created as `init_fn(key, *init_args, **init_kwargs)` if it is missing.

        Raises: ScopeParamShapeError if it exists with another shape than the initializer makes,
            ScopeCollectionNotFound, ScopeParamNotFoundError if it is missing and may not be created.
        """
        self.reserve(name, "params")
        self.check_usable(f"parameter `{name}`", writes=False)
        if self.has_variable("params", name):
            value = self.get_variable("params", name)
            self._check_shapes(name, meta.unbox(value) if unbox else value, init_fn, init_args, init_kwargs)
        else:
            if not self.is_mutable_collection("params"):
                kept_out = self._refuse_empty("params", name)
                raise errors.ScopeParamNotFoundError(name, self.path_text, kept_out)
            value = init_fn(self.make_rng("params"), *init_args, **init_kwargs)
            self.put_variable("params", name, value)
        return meta.unbox(value) if unbox else value

    def _refuse_empty(self, col: str, name: str) -> errors.KeptOut | None:
        """What keeps variables of `col` out. Raises: ScopeCollectionNotFound if it is empty."""
        kept_out = missing_variable(self, col)
        if self.is_collection_empty(col):
            raise errors.ScopeCollectionNotFound(col, name, self.path_text, kept_out)
        return kept_out

    def _check_shapes(self, name: str, value: Any, init_fn: Any, args: Any, kwargs: Any) -> None:
        """Compare shapes only: a parameter may well be stored in another dtype for inference."""
        expected = initial_shapes(init_fn, args, kwargs)
        for found, shape in zip(jax.tree_util.tree_leaves(value), expected, strict=False):
            if np.shape(found) != shape:
                raise errors.ScopeParamShapeError(name, self.path_text, np.shape(found), shape)

    # Random streams.

    def has_rng(self, name: str) -> bool:
        """Whether there is a stream of this name."""
        return name in self.rngs

    def make_rng(self, name: str = "params") -> Any:
        """The next key of a stream; of 'params' if there is no stream `name`. Raises: InvalidRngError."""
        self.check_usable(f"draw from random stream `{name}`")
        stream = name if name in self.rngs else "params"
        if stream not in self.rngs:
            kept_out = missing_stream(self, name) or missing_stream(self, "params")
            raise errors.InvalidRngError(
                f"`{self.path_text}` needs a key from random stream `{name}`"
                + (f", {kept_out.clause}" if kept_out else ""),
                f"streams here: {sorted(self.rngs) or 'none'}",
                hint=kept_out.remedy if kept_out else f"pass rngs={{'{name}': key}}",
            )
        self.rng_counters[stream] += 1
        rng = LazyRng.create(self.rngs[stream], self.rng_counters[stream])
        return self.draw_outside(stream, rng) if self.draw_outside else rng.as_jax_rng()

    # Flags.

    def has_flag(self, key: str) -> bool:
        """Whether the flag is set."""
        return key in self.flags

    def get_flag(self, key: str, default: Any = _REQUIRED) -> Any:
        """The flag's value, `default` if it is not set. Raises: ValueError without a default."""
        if key not in self.flags and default is _REQUIRED:
            raise ValueError(f"no flag `{key}` is set in `{self.path_text}`")
        return self.flags.get(key, default)


__getattr__ = neighbours(__name__)
