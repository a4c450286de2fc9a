"""jit, a Module compiled once for all equal instances, and fold_rngs, the same keys without compiling.

Before the call each scope's streams are forked: a key is drawn from every stream and becomes the root of that
stream inside. So keys do not depend on the Module's path, and one trace serves instances at different places.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from stablelift.errors import LiftArgumentError
from stablelift.frontend import functional
from stablelift.frontend.filters import Filter, hashable_filter, in_filter
from stablelift.frontend.lifts.fingerprint import add_counts, counts, counts_since, fingerprint
from stablelift.frontend.lifts.pack import Groups, Packed, pack
from stablelift.frontend.lifts.transform import LiftedCall, lift_transform
from stablelift.frontend.module_state import ModuleState, stacks
from stablelift.frontend.rng import LazyRng
from stablelift.frontend.spmd import get_logical_axis_rules


def jit(
    target: Any,
    variables: Filter = True,
    rngs: Filter = True,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
    donate_argnums: int | Iterable[int] = (),
    device: Any = None,
    backend: str | None = None,
    methods: Any = None,
) -> Any:
    """Compile a Module class or a function of a Module, as in Linen.

    `static_argnums` and `donate_argnums` count the Module as 0. Equal instances share one trace. `device`
    and `backend` must be None.
    Raises: LiftArgumentError for a Module field that cannot be hashed.
    """
    _refuse_placement(device, backend)
    options = {
        "variables": variables,
        "rngs": rngs,
        "static_argnums": static_argnums,
        "static_argnames": static_argnames,
        "donate_argnums": donate_argnums,
    }
    return lift_transform("jit", Jitted, target, methods, **options)


def fold_rngs(target: Any, variables: Filter = True, rngs: Filter = True) -> Any:
    """Fork the streams of a Module class or a function of a Module as `jit` does, and compile nothing."""
    return lift_transform("fold_rngs", _make_fold, target, variables=variables, rngs=rngs)


def _make_fold(variables: Filter = True, rngs: Filter = True) -> Any:
    def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        def folded(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
            groups, streams = packed.variable_groups, forked_streams(packed, rngs)
            return packed.run(call.body, groups, streams, *args, traced=False, **kwargs)

        lifted = pack(folded, (variables,), (variables,), (rngs,), "fold_rngs", enable_kwargs=True)
        return lifted(call.scopes, *args, **kwargs)

    return run


def forked_streams(packed: Packed, rngs: Filter) -> Groups:
    """New roots for the streams of every lifted scope; those that `rngs` keeps out are drawn from too."""
    forked = []
    for root in packed.roots:
        drawn = {stream: LazyRng.create(root.make_rng(stream)) for stream in root.rngs}
        forked.append({stream: rng for stream, rng in drawn.items() if in_filter(rngs, stream)})
    return (tuple(forked),)


@dataclasses.dataclass(frozen=True)
class _Effects:
    """What a trace did beside returning: keys it drew from each scope, names it gave."""

    draws: tuple[dict[tuple[Any, ...], int], ...]
    autoname_cursor: dict[str, int]


@dataclasses.dataclass(frozen=True)
class _Call:
    """One call of something jitted. A trace of `body` depends on `known`; it counts names in `state`."""

    body: Callable[..., Any]
    known: list[Any]
    state: ModuleState


class _Running(threading.local):
    call: tuple[Packed, _Call] | None = None
    traced: bool = False


class Jitted:
    """One lifted method or function: its compiled form, and what its traces did.

    The compiled function must not hold on to the call that traced it, so it finds the running call in
    `_running`.
    """

    def __init__(
        self,
        variables: Filter = True,
        rngs: Filter = True,
        static_argnums: int | Iterable[int] = (),
        static_argnames: str | Iterable[str] = (),
        donate_argnums: int | Iterable[int] = (),
    ):
        self._variables, self._rngs = variables, rngs
        self._running = _Running()
        self._effects: dict[Any, _Effects] = {}
        self._compiled = functional.jit(
            self._body,
            static_argnums=(0, *_shifted(static_argnums)),
            static_argnames=static_argnames or None,
            donate_argnums=_shifted(donate_argnums) or None,
        )

    def __call__(self, lifted: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        module = lifted.modules.module
        call = _Call(lifted.body, [module, *lifted.modules.in_slots], module._state)

        def compiled(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
            return self._call(packed, call, forked_streams(packed, self._rngs), args, kwargs)

        return self._packed(compiled)(lifted.scopes, *args, **kwargs)

    def on_scopes(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """`fn(scopes, key, *args)`, compiled; a trace also depends on `key`, which is hashable."""

        def run(scope_tree: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
            body = functools.wraps(fn)(lambda scopes, *args, **kwargs: fn(scopes, key, *args, **kwargs))
            call = _Call(body, [key], ModuleState())

            def compiled(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
                return self._call(packed, call, _without_paths(packed.rng_groups), args, kwargs)

            return self._packed(compiled)(scope_tree, *args, **kwargs)

        return run

    def _packed(self, compiled: Callable[..., Any]) -> Callable[..., Any]:
        variables, rngs = (self._variables,), (self._rngs,)
        return pack(compiled, variables, variables, rngs, "jit", enable_kwargs=True)

    def _body(self, key: Any, variables: Groups, rngs: Groups, *args: Any, **kwargs: Any) -> Any:
        assert self._running.call is not None
        packed, call = self._running.call
        before = [counts(root) for root in packed.roots]
        result = packed.run(call.body, variables, rngs, *args, **kwargs)
        draws = tuple(counts_since(root, old) for root, old in zip(packed.roots, before, strict=True))
        cursor = dict(call.state.autoname_cursor)
        self._effects[_with_types(key, variables, rngs, args, kwargs)] = _Effects(draws, cursor)
        self._running.traced = True
        return result

    def _call(
        self, packed: Packed, call: _Call, streams: Groups, args: Any, kwargs: Any
    ) -> tuple[Any, Groups]:
        key = _trace_key(packed, call)
        outer = self._running.call, self._running.traced
        self._running.call, self._running.traced = (packed, call), False
        # A call that is recorded is traced each time: from a trace that is reused nothing could be recorded.
        compiled = self._body if stacks.recordings else self._compiled
        try:
            result = compiled(key, packed.variable_groups, streams, *args, **kwargs)
            replay = not self._running.traced
        finally:
            self._running.call, self._running.traced = outer
        if replay:
            effects = self._effects.get(_with_types(key, packed.variable_groups, streams, args, kwargs))
            if effects is not None:
                for root, draws in zip(packed.roots, effects.draws, strict=True):
                    add_counts(root, draws)
                call.state.autoname_cursor = dict(effects.autoname_cursor)
        return result


def jit_scopes(
    fn: Callable[..., Any],
    variables: Filter = True,
    rngs: Filter = True,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
    donate_argnums: int | Iterable[int] = (),
    device: Any = None,
    backend: str | None = None,
) -> Callable[..., Any]:
    """The same for `fn(scopes, key, *args)`, as a function of `(scopes, key, *args)`.

    Calls with equal keys share a trace. Inside, the path of the scopes is no part of the random keys.
    """
    _refuse_placement(device, backend)
    jitted = Jitted(variables, rngs, static_argnums, static_argnames, donate_argnums)
    return functools.wraps(fn)(jitted.on_scopes(fn))


def fold_rngs_scopes(
    fn: Callable[..., Any], variables: Filter = True, rngs: Filter = True
) -> Callable[..., Any]:
    """`fn(scopes, key, *args)` with the random keys that it has under `jit_scopes`."""

    @functools.wraps(fn)
    def run(scope_tree: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
        def folded(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
            groups, streams = packed.variable_groups, _without_paths(packed.rng_groups)
            body = functools.wraps(fn)(lambda scopes, *args, **kwargs: fn(scopes, key, *args, **kwargs))
            return packed.run(body, groups, streams, *args, traced=False, **kwargs)

        lifted = pack(folded, (variables,), (variables,), (rngs,), "fold_rngs", enable_kwargs=True)
        return lifted(scope_tree, *args, **kwargs)

    return run


def _without_paths(rng_groups: Groups) -> Groups:
    return tuple(
        tuple({stream: LazyRng.create(rng.rng) for stream, rng in streams.items()} for streams in group)
        for group in rng_groups
    )


def _refuse_placement(device: Any, backend: str | None) -> None:
    if device is not None or backend is not None:
        raise LiftArgumentError(
            "`jit` takes neither `device` nor `backend`", hint="place the arguments with `jax.device_put`"
        )


def _trace_key(packed: Packed, call: _Call) -> Any:
    """What a trace depends on beside the types of its arguments."""
    mutable = tuple(hashable_filter(packed.mutable(root)) for root in packed.roots)
    return fingerprint([*call.known, get_logical_axis_rules()]), mutable, tuple(packed.paths)


def _with_types(key: Any, *arguments: Any) -> Any:
    leaves, structure = jax.tree_util.tree_flatten(arguments)
    return key, structure, tuple(_type_of(leaf) for leaf in leaves)


def _type_of(leaf: Any) -> Any:
    return (np.shape(leaf), leaf.dtype) if hasattr(leaf, "dtype") else type(leaf)


def _shifted(numbers: int | Iterable[int]) -> tuple[int, ...]:
    """Positions in the compiled function, where the trace key, variables and streams stand for the Module."""
    given = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return tuple(number + 2 for number in given if number > 0)
