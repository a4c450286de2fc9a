"""named_call: a method whose ops carry the Module's name in profiles."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax

from stablelift.frontend.calling import function_name

F = TypeVar("F", bound=Callable[..., Any])


def named_call(class_fn: F, force: bool = True) -> F:
    """The method with its ops under the name of its Module. `force` is taken for compatibility.

    Methods are named as they are called, so there is rarely a need; `jax.named_scope` names other code.
    """
    del force

    @functools.wraps(class_fn)
    def named(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._state.in_setup:
            return class_fn(self, *args, **kwargs)
        method = function_name(class_fn)
        name = self.name or type(self).__name__
        with jax.named_scope(name if method == "__call__" else f"{name}.{method}"):
            return class_fn(self, *args, **kwargs)

    return named  # type: ignore[return-value]
