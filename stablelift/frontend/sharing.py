"""Sharing: a submodule that is called again with equal configuration is not traced again.

While one of our lifts traces, each call of a submodule becomes one `lift.call` of a function of its own.
Calls of equal Modules on arguments of equal types share that function, so that tracing, lowering and the
passes take a time that does not grow with depth. What a user can see stays as if each call had been traced:
the tree of variables, the keys (each is drawn outside, at its own path, and handed to the function), names,
counters and error messages. A call that cannot be shared is traced in place: one that fails, has effects,
hands Modules or its own name around, or is watched by an interceptor.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from stablelift.errors import LiftArgumentError
from stablelift.frontend.filters import hashable_filter
from stablelift.frontend.frames import current_frame
from stablelift.frontend.lifts.fingerprint import add_counts, counts, counts_since, fingerprint
from stablelift.frontend.lifts.modules import LiftedModules, holds_modules
from stablelift.frontend.lifts.outside_keys import Draw, drawn_key, keys_from_outside
from stablelift.frontend.lifts.pack import Groups, Packed
from stablelift.frontend.module_state import stacks
from stablelift.frontend.scope import Scope
from stablelift.frontend.spmd import get_logical_axis_rules
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, traced_leaves
from stablelift.lowering.session import session_memo

NOT_SHARED = object()
"""What `shared_call` returns where the call is to be traced in place."""

Counts = dict[tuple[Any, ...], int]


def shared_call(
    module: Any, run: Callable[..., Any], method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The value of `run(module, *args, **kwargs)` by a function that equal calls share; or NOT_SHARED.

    `method` is what the call runs, for comparing calls: the method's function.
    """
    memo = session_memo()
    if memo is None or not _can_be_shared(module, method):
        return NOT_SHARED
    try:
        call = _Call(module, args, kwargs)
        if not call.is_traced:
            return NOT_SHARED
        key = call.key(method)
        known = memo.get(key)
    except (LiftArgumentError, TypeError):  # a field or an argument that cannot be compared
        return NOT_SHARED
    if known is None:
        known = _trace_or_not(call, run)
        is_its_own = known is not NOT_SHARED and any(known.keys)
        memo[key] = NOT_SHARED if is_its_own else known
    return NOT_SHARED if known is NOT_SHARED else known.replay(call)


def unshared(function: Any) -> Any:
    """Let each call of a method, or of every method of a Module class, be traced on its own.

    For code whose trace depends on more than its Module's fields, its variables and its arguments: on a
    global that changes, on the Module's name.
    """
    function.unshared = True
    return function


def _can_be_shared(module: Any, method: Any) -> bool:
    """Whether the call is one of a submodule, from outside of it, that nobody watches."""
    scope = module.scope
    if scope is None or scope.parent is None or scope.frame is not current_frame():
        return False  # the top of a tree, or closed over by a lifted body
    if stacks.interceptors or stacks.captures[-1] or stacks.recordings:
        return False
    if getattr(method, "unshared", False) or getattr(type(module), "unshared", False):
        return False
    caller = stacks.modules[-1]
    settling = module._state.in_setup or (caller is not None and caller._state.in_setup)
    return not settling and not any(one is module for one in stacks.modules)


class _Call:
    """One call, taken apart: what its trace depends on, and the arrays that go into the shared function."""

    def __init__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.modules = LiftedModules(module, args, kwargs, settle=False)
        self.packed = Packed(self.modules.scopes, (True,), (True,), (True,), None)
        variables, structure = jax.tree_util.tree_flatten(self.packed.variable_groups)
        given, self.structure = jax.tree_util.tree_flatten((self.modules.args, self.modules.kwargs))
        self.variable_structure = structure
        self.num_variables = len(variables)
        self.fixed = [None if jax_compat.is_tracer(leaf) else leaf for leaf in given]
        self.arrays = [*variables, *filter(jax_compat.is_tracer, given)]
        self.avals = [jax_compat.aval_of(array) for array in self.arrays]
        self.is_traced = any(map(jax_compat.is_tracer, self.arrays))

    def key(self, method: Any) -> Any:
        """What a trace of the call depends on. Raises: LiftArgumentError, TypeError if it cannot be told."""
        packed, modules = self.packed, self.modules
        return (
            method,
            fingerprint([modules.module, *modules.in_slots, get_logical_axis_rules()]),
            tuple(hashable_filter(root.mutable) for root in packed.roots),
            tuple(frozenset(root.rngs) for root in packed.roots),
            tuple(packed.paths),
            (self.variable_structure, self.structure, tuple(self.avals)),
            tuple(None if leaf is None else _Fixed(leaf) for leaf in self.fixed),
            jax_compat.trace_settings(),
        )

    def unflatten(self, arrays: Sequence[Any]) -> tuple[Groups, tuple[Any, ...], dict[str, Any]]:
        """Variables and arguments, with `arrays` for those that the function takes."""
        variables = jax.tree_util.tree_unflatten(self.variable_structure, arrays[: self.num_variables])
        traced = iter(arrays[self.num_variables :])
        given = [next(traced) if leaf is None else leaf for leaf in self.fixed]
        args, kwargs = jax.tree_util.tree_unflatten(self.structure, given)
        return variables, args, kwargs


class _Fixed:
    """An argument that is no tracer: compared by type and value, an array by its identity."""

    def __init__(self, leaf: Any):
        self.leaf = leaf
        self._by_value = not hasattr(leaf, "dtype")
        self._hash = hash((type(leaf), leaf)) if self._by_value else id(leaf)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Fixed):
            return False
        if self._by_value and type(self.leaf) is type(other.leaf):
            return fingerprint(self.leaf) == fingerprint(other.leaf)
        return self.leaf is other.leaf


@dataclasses.dataclass(frozen=True)
class _Shared:
    """A function that calls share: its jaxpr, and what its trace did beside computing."""

    callee: Callee
    constants: tuple[Any, ...]  # a Draw for each key that it takes, else the array itself
    keys: tuple[bool, ...]  # which keys of its streams it takes: if any, it is the first call's alone
    taken: tuple[bool, ...]  # which of a call's arrays it takes
    results: Any  # the structure of the value and the groups, with what is no array in place
    draws: tuple[Counts, ...]
    autoname_cursor: dict[str, int]

    def replay(self, call: _Call) -> Any:
        """The value of the call; what it wrote and counted is noted where a trace would have noted it."""
        roots = call.packed.roots
        constants = [
            drawn_key(roots[one.root], one.stream, one.path) if isinstance(one, Draw) else one
            for one in self.constants
        ]
        layer = type(call.modules.module).__name__
        given = [*jax.tree.leaves(call.packed.rng_groups), *call.arrays]
        arrays = [one for one, is_taken in zip(given, (*self.keys, *self.taken), strict=True) if is_taken]
        found = self.callee.bind_on(constants, "lift.call", arrays, self.callee.out_avals, layer=layer)
        value, groups = self.results(found)
        call.packed.publish(groups)
        for root, more in zip(roots, self.draws, strict=True):
            add_counts(root, more)
        call.modules.module._state.autoname_cursor = dict(self.autoname_cursor)
        return value


def _trace_or_not(call: _Call, run: Callable[..., Any]) -> Any:
    """The shared function, or NOT_SHARED: then nothing has happened that a trace in place would notice."""
    before = [counts(root) for root in call.packed.roots]
    with _undone_counts(call.packed.roots, before):
        try:
            return _traced(call, run, before)
        except Exception:  # whatever it is, the trace in place raises it where the user expects it
            return NOT_SHARED


@contextlib.contextmanager
def _undone_counts(roots: Sequence[Scope], before: Sequence[Counts]) -> Iterator[None]:
    try:
        yield
    finally:
        for root, old in zip(roots, before, strict=True):
            add_counts(root, {path: -number for path, number in counts_since(root, old).items()})


def _traced(call: _Call, run: Callable[..., Any], before: Sequence[Counts]) -> Any:
    packed, modules = call.packed, call.modules
    state = modules.module._state.export()
    draws: dict[Draw, Any] = {}
    packed.draw_outside = keys_from_outside(packed.roots, draws)
    results: Any = None
    cursor: dict[str, int] = {}

    def body(scopes: list[Scope | None], *args: Any, **kwargs: Any) -> Any:
        inner, args, kwargs = modules.rebuild(type(modules.module), scopes, args, kwargs)
        object.__setattr__(inner, "_state", state)
        value = run(inner, *args, **kwargs)
        cursor.update(inner._state.autoname_cursor)
        return value

    keys, key_structure = jax.tree.flatten(packed.rng_groups)

    def flat(*given: Any) -> list[Any]:
        nonlocal results
        variables, args, kwargs = call.unflatten(given[len(keys) :])
        streams = key_structure.unflatten(given[: len(keys)])
        out = packed.run(body, variables, streams, *args, **kwargs)
        if holds_modules(out):
            raise TypeError("a Module leaves the call")
        arrays, results = traced_leaves(out)
        return arrays

    flat.__name__ = type(modules.module).__name__
    in_tree = jax.tree.structure(((*keys, *call.arrays), {}))
    callee = Callee(flat, in_tree, [*map(jax_compat.aval_of, keys), *call.avals])
    if jax_compat.effects(callee.jaxpr):
        return NOT_SHARED
    callee.jaxpr, used = jax_compat.restrict(callee.jaxpr, range(len(callee.out_avals)))
    first = len(callee.constants)
    # A lift inside folds a path that is this call's into such a key.
    taken_keys, taken = tuple(used[first : first + len(keys)]), tuple(used[first + len(keys) :])
    by_key = {id(key): draw for draw, key in draws.items()}
    closed_over = [constant for constant, is_used in zip(callee.constants, used, strict=False) if is_used]
    constants = tuple(by_key.get(id(constant), constant) for constant in closed_over)
    if any(map(jax_compat.is_tracer, constants)):  # it closes over what another call does not have
        return NOT_SHARED
    callee.constants = []  # keys of this trace, which must not outlive it
    made = tuple(counts_since(root, old) for root, old in zip(packed.roots, before, strict=True))
    return _Shared(callee, constants, taken_keys, taken, results, made, cursor)
