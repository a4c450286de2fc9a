"""The names of Modules on what their methods compute, which profiles show, and a switch for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import jax

_is_on = True


def enable_named_call() -> None:
    """Let methods' ops carry the names of their Modules in profiles, from now on; so they do at first."""
    global _is_on
    _is_on = True


def disable_named_call() -> None:
    """Let ops carry no names of Modules in profiles, from now on, but for methods under `named_call`."""
    global _is_on
    _is_on = False


@contextlib.contextmanager
def override_named_call(enable: bool = True) -> Iterator[None]:
    """As long as the context is entered, let ops carry the names of their Modules in profiles, or not."""
    global _is_on
    before, _is_on = _is_on, enable
    try:
        yield
    finally:
        _is_on = before


def named_after(module: Any, method: str, force: bool = False) -> contextlib.AbstractContextManager[Any]:
    """The context in which ops carry a Module's name and, but for `__call__`, the method's."""
    if not (_is_on or force):
        return contextlib.nullcontext()
    name = module.name or type(module).__name__
    return jax.named_scope(name if method == "__call__" else f"{name}.{method}")
