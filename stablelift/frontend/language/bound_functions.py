"""Functions while a body runs: pure ones, methods, and modules, alike; each with the module it is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import Any

from stablelift.frontend.language.static import RunMismatch
from stablelift.frontend.language.vocabulary import VARIABLE_OPTIONS
from stablelift.frontend.module import Module


@dataclass(frozen=True)
class Bound:
    """A function of a module and arguments, and that module; None for a pure function."""

    body: Callable[..., Any]
    module: Module | None

    def __call__(self, *arguments: Any) -> Any:
        return self.body(self.module, *arguments)


def bound(function: Any) -> Bound:
    """Any function as a function of the module whose variables it uses. Raises RunMismatch."""
    if isinstance(function, Bound):
        return function
    if isinstance(function, Module):
        return Bound(lambda module, *arguments: module(*arguments), function)
    if isinstance(function, MethodType) and isinstance(function.__self__, Module):
        name = function.__name__
        return Bound(lambda module, *arguments: getattr(module, name)(*arguments), function.__self__)
    if not callable(function):
        raise RunMismatch(f"expected a function, found a value of type `{type(function).__name__}`")
    return Bound(lambda _module, *arguments: function(*arguments), None)


def member(module: Module, path: str) -> Bound:
    """A method or submodule of the running module, found anew in whatever stands for it inside of a lift."""

    def body(module: Any, *arguments: Any) -> Any:
        for name in path.split("."):
            module = getattr(module, name)
        return module(*arguments)

    value = getattr(module, path) if "." not in path else None
    pure = callable(value) and not isinstance(value, (Module, MethodType))
    return bound(value) if pure else Bound(body, module)


def owner_of(functions: tuple[Bound, ...]) -> Module | None:
    """The module that the functions are of. Raises RunMismatch if there are several."""
    owners = [function.module for function in functions if function.module is not None]
    if any(owner is not owners[0] for owner in owners):
        hint = "declare the submodules above the methods, and hand methods to the lift"
        raise RunMismatch("the functions of a lift use the variables of different modules", hint)
    return owners[0] if owners else None


def refuse_variables(word: str, options: dict[str, Any]) -> None:
    """Options that say what becomes of variables are of no use to a pure function. Raises RunMismatch."""
    for name in options:
        if name in VARIABLE_OPTIONS:
            raise RunMismatch(f"`{word}`: a function without variables has no use for `{name}`")
