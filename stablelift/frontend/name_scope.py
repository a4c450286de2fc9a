"""compact_name_scope: methods that make submodules where they use them, each at a level of its own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from stablelift.errors import UnboundModuleError
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.module import Module
from stablelift.frontend.sharing import unshared

F = TypeVar("F", bound=Callable[..., Any])


def compact_name_scope(fun: F) -> F:
    """Let a method create submodules where it uses them, under the method's name in the tree of variables.

    Unlike `compact`, any number of a class's methods may have it. The method's `self` is the Module; the
    submodules it creates are those of a Module of its own, which lasts as long as `self`.
    """
    name = fun.__name__

    @nowrap
    @functools.wraps(fun)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.scope is None:
            raise UnboundModuleError(f"call the method `{name}`", type(self).__name__)
        self._try_setup()
        return self._name_scopes[name](self, *args, **kwargs)

    method.name_scope = functools.partial(CompactNameScope, fun)  # type: ignore[attr-defined]
    return method  # type: ignore[return-value]


@unshared
class CompactNameScope(Module):
    """The level in the tree of one method."""

    fn: Callable[..., Any]

    @compact
    def __call__(self, module: Any, *args: Any, **kwargs: Any) -> Any:
        """The method of `module`, with this as the parent of what it creates."""
        return self.fn(module, *args, **kwargs)
