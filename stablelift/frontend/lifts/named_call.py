"""named_call: a method whose ops carry the Module's name in profiles."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from stablelift.frontend.calling import function_name
from stablelift.frontend.profiling import named_after

F = TypeVar("F", bound=Callable[..., Any])


def named_call(class_fn: F, force: bool = True) -> F:
    """The method with its ops under the name of its Module; without `force` only where `disable_named_call`
    does not say otherwise.

    Methods are named as they are called, so there is rarely a need; `jax.named_scope` names other code.
    """

    @functools.wraps(class_fn)
    def named(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._state.in_setup:
            return class_fn(self, *args, **kwargs)
        with named_after(self, function_name(class_fn), force):
            return class_fn(self, *args, **kwargs)

    return named  # type: ignore[return-value]
