"""The functional core: `bind`, `apply` and `init` turn a function of a Scope into a function of variables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from stablelift import errors
from stablelift.frontend.filters import Filter, in_filter
from stablelift.frontend.frozen_dict import FrozenDict, unfreeze
from stablelift.frontend.rng import as_streams
from stablelift.frontend.scope import Scope
from stablelift.runtime.carried import Carried


def bind(
    variables: Mapping[str, Any],
    rngs: Any = None,
    mutable: Filter = False,
    flags: Mapping[str, Any] | None = None,
) -> Scope:
    """A root scope over `variables`; mutable collections are copied, the caller's dicts stay as they are.

    Raises: ApplyScopeInvalidVariablesTypeError, InvalidRngError.
    """
    variables = _checked(variables)
    streams = as_streams(rngs, "bind") if rngs is not None else {}
    copied = {col: unfreeze(xs) if in_filter(mutable, col) else xs for col, xs in variables.items()}
    return Scope(copied, streams, mutable=mutable, flags=flags)


def apply(
    fn: Callable[..., Any], mutable: Filter = False, flags: Mapping[str, Any] | None = None
) -> Callable[..., Any]:
    """`fn(scope, *args, **kwargs)` as a function of `(variables, *args, rngs=None, **kwargs)`.

    Returns `fn`'s value, and the mutable variables beside it unless `mutable` is False.
    """

    @functools.wraps(fn)
    def applied(variables: Mapping[str, Any], *args: Any, rngs: Any = None, **kwargs: Any) -> Any:
        variables = _checked(variables)
        if "params" in variables and "params" in variables["params"]:
            raise errors.ApplyScopeInvalidVariablesStructureError(variables)
        with bind(variables, rngs, mutable, flags).temporary() as root:
            value = fn(root, *args, **kwargs)
        return value if mutable is False else (value, root.mutable_variables())

    return applied


def init(
    fn: Callable[..., Any], mutable: Filter = True, flags: Mapping[str, Any] | None = None
) -> Callable[..., Any]:
    """`fn(scope, *args, **kwargs)` as a function of `(rngs, *args, **kwargs)`: value and variables."""

    @functools.wraps(fn)
    def initialised(rngs: Any, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        streams = as_streams(rngs, "init")
        run = apply(fn, mutable=mutable, flags={**(flags or {}), "initializing": True})
        return run({}, *args, rngs=streams, **kwargs)

    return initialised


def lazy_init(
    fn: Callable[..., Any], mutable: Filter = True, flags: Mapping[str, Any] | None = None
) -> Callable[..., dict[str, Any]]:
    """`init` for the variables alone; a ShapeDtypeStruct may stand for an array that they do not depend on.

    The function raises LazyInitError if an initial value depends on one.
    """
    run = init(fn, mutable, flags)

    @functools.wraps(fn)
    def initialised(rngs: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        from stablelift.frontend.initialising import lazily_initialised

        return lazily_initialised(lambda *a, **k: run(*a, **k)[1], as_streams(rngs, "init"), args, kwargs)

    return initialised


def _checked(variables: Any) -> Mapping[str, Any]:
    """The collections, once their dicts and keys are known to be some: what they hold is up to the Modules.

    Frozen dicts of Flax's, which checkpoints and training states may hold, become dicts, and what a compiled
    step carries its tree.
    """
    own = _thawed(variables)
    if isinstance(own, dict | FrozenDict):
        if any(_is_foreign(xs) for xs in own.values()):
            own = {col: _thawed(xs) for col, xs in own.items()}
        if all(
            isinstance(col, str) and isinstance(xs, dict | FrozenDict) and all(isinstance(k, str) for k in xs)
            for col, xs in own.items()
        ):
            return own
    raise errors.ApplyScopeInvalidVariablesTypeError(variables)


def _is_foreign(tree: Any) -> bool:
    """Whether a tree is what a compiled step carries, or a frozen dict of another library's."""
    if isinstance(tree, dict | FrozenDict):
        return False
    return isinstance(tree, Carried) or (isinstance(tree, Mapping) and hasattr(tree, "unfreeze"))


def _thawed(tree: Any) -> Any:
    if isinstance(tree, Carried):
        return _thawed(tree.tree)
    return tree.unfreeze() if _is_foreign(tree) else tree
