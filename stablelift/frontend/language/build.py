"""From a checked file to ordinary Modules, lifted Modules and pure functions."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import jax.numpy as jnp

from stablelift.errors import StableliftError
from stablelift.frontend.language import syntax
from stablelift.frontend.language.binding import expect, result
from stablelift.frontend.language.bound_functions import member
from stablelift.frontend.language.constants import lift_arguments
from stablelift.frontend.language.diagnostics import LiftCheckError, Source, diagnose
from stablelift.frontend.language.lift_code import lifted_function, lifted_module
from stablelift.frontend.language.lifted_functions import lift
from stablelift.frontend.language.module_code import module_class
from stablelift.frontend.language.python_expressions import ExpressionCode
from stablelift.frontend.language.running import RunningBody
from stablelift.frontend.language.static import (
    OPERATORS,
    RunMismatch,
    count,
    counted,
    decide,
    each,
    held,
    length,
)
from stablelift.frontend.language.vocabulary import (
    CONSTANTS,
    DTYPES,
    FUNCTION_LIFTS,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    LIFTS,
    RESERVED_FIELDS,
    Word,
)
from stablelift.frontend.language.vocabulary.arrays import OF_MODULE, OWN
from stablelift.frontend.lifts import axes
from stablelift.frontend.module import Module


def build(file: syntax.File, source: Source, name: str, given: Mapping[str, Any] = {}) -> ModuleType:
    """A namespace called `name` that holds what the file declares. The file must have passed the checker.

    `given` is what the file imports from others, and the Python Modules for those that it calls external.
    """
    space = ModuleType(name, file.doc or None)
    space.__file__ = source.filename
    known = _vocabulary() | {f"@{key}": value for key, value in given.items()}
    callables = frozenset(declaration.name.text for declaration in file.declarations) | frozenset(given)
    declared = {declaration.name.text: declaration for declaration in file.declarations}
    modules = frozenset(each for each in callables if _is_module(each, declared, known))
    for declaration in _innermost_first(declared):
        match declaration:
            case syntax.Module(external=True):
                continue
            case syntax.Module():
                built: Any = module_class(declaration, source, known, callables, modules, name)
            case syntax.Callable():
                built = _function(declaration, source, known, callables, name)
            case syntax.Lift():
                built = _lift(declaration, declared, known, source, name)
        known[f"@{declaration.name.text}"] = built
        setattr(space, declaration.name.text, built)
    names = [d.name.text for d in file.declarations if not (isinstance(d, syntax.Module) and d.external)]
    vars(space)["__all__"] = names
    return space


def _vocabulary() -> dict[str, Any]:
    """The globals of every body: the words of the language, and nothing of Python's."""
    known: dict[str, Any] = {"__builtins__": {"__import__": _already_imported}}
    known |= {"@expect": expect, "@result": result, "@keyed": _keyed}
    known |= {"@count": count, "@each": each, "@decide": decide, "@held": held, "@method": _method}
    known |= {"@lift": lift, "@member": member, "@range": counted, "@len": length}
    known |= {"@In": axes.In, "@Out": axes.Out}
    known |= {f"@{word}": getattr(jnp, name if name != "bool" else "bool_") for word, name in DTYPES.items()}
    known |= {f"@{name}": number for name, number in CONSTANTS.items()}
    known |= {f"@{operator}": function for operator, function in OPERATORS.items()}
    there = (LAYERS | FUNCTIONS).items()
    known |= {f"@{name}": _home(word) for name, word in there if word.home not in (OWN, OF_MODULE)}
    known["@unstack"] = _unstack
    known |= {f"@initializer {name}": _home(word) for name, word in INITIALIZERS.items()}
    return known


def _already_imported(name: str, *_: Any) -> ModuleType:
    """For jaxlib: what it calls for the first time from a body looks numpy up with the body's builtins."""
    return sys.modules[name]


def _home(word: Word) -> Any:
    return getattr(importlib.import_module(word.home), word.attribute)


def _unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The slices along an axis, each of which is an operation. Raises RunMismatch for very many."""
    x = jnp.asarray(x)
    if -x.ndim <= axis < x.ndim:
        count(x.shape[axis])
    return jnp.unstack(x, axis=axis)


def _keyed(module: Any, initializer: Callable[..., Any]) -> Callable[..., Any]:
    """A random initializer for a variable, which is given no key: it draws one of the stream `params`."""
    return lambda _key, shape, dtype: initializer(module.make_rng("params"), shape, dtype)


def _method(module: Any, name: str) -> Callable[..., Any]:
    """A method that a file calls: one of a Module, and of its own class. Raises RunMismatch."""
    if not isinstance(module, Module):
        raise RunMismatch(f"only modules have methods, found a value of type `{type(module).__name__}`")
    attribute = "__call__" if name == "call" else name
    private = name.startswith("_") or name in RESERVED_FIELDS
    if private or not callable(getattr(type(module), attribute, None)):
        raise RunMismatch(f"module `{type(module).__name__}` has no method `{name}`")
    return getattr(module, attribute)


def _function(
    declared: syntax.Callable, source: Source, known: dict[str, Any], callables: frozenset[str], home: str
) -> FunctionType:
    body = RunningBody(declared, source, ExpressionCode(source, callables), known, (), ())

    def function(*arguments: Any, **keywords: Any) -> Any:
        return body(None, arguments, keywords, {})

    body.dress(function, declared.name.text, declared.name.text, home, receiver=False)
    return function


def _lift(
    declaration: syntax.Lift,
    declared: Mapping[str, syntax.Declaration],
    known: dict[str, Any],
    source: Source,
    home: str,
) -> Any:
    """The lifted Module or function; what the lift refuses, such as missing lengths, is an error here."""
    try:
        if _of_functions(declaration.value, declared, known):
            return lifted_function(declaration, known, home)
        return lifted_module(declaration, known)
    except (RunMismatch, StableliftError, TypeError, ValueError) as error:
        message = (
            f"`{declaration.name.text}` cannot be made: {str(error).splitlines()[0].split('error: ')[-1]}"
        )
        raise LiftCheckError([diagnose(source, declaration.value.span, message)]) from error


# The order of declarations


def _innermost_first(declared: dict[str, syntax.Declaration]) -> Iterator[syntax.Declaration]:
    """The declarations in an order in which lifts find their targets, and fields their defaults."""
    done: set[str] = set()
    for first in declared:
        waiting = [first]
        while waiting:
            name = waiting[-1]
            needed = [each for each in _needed(declared[name]) if each in declared and each not in done]
            if name in done or not needed:
                waiting.pop()
                if name not in done:
                    done.add(name)
                    yield declared[name]
            else:
                waiting += needed


def _needed(declaration: syntax.Declaration) -> Iterator[str]:
    """What must exist before a declaration is built; bodies look their names up when they run."""
    roots: tuple[Any, ...] = ()
    if isinstance(declaration, syntax.Lift):
        roots = (declaration.value,)
    elif isinstance(declaration, syntax.Module):
        roots = tuple(field.default for field in declaration.fields)
    for node in syntax.below(roots):
        if isinstance(node, syntax.Name):
            yield node.text


def _of_functions(
    value: syntax.Expression, declared: Mapping[str, syntax.Declaration], known: Mapping[str, Any]
) -> bool:
    """Whether a lift is one of functions: by its word or, where that lifts both, by its target."""
    while True:
        match value:
            case syntax.Call(function=syntax.Name(text=word)) if (
                word not in LIFTS or word not in FUNCTION_LIFTS
            ):
                return word not in LIFTS
            case syntax.Call(function=syntax.Name(text=word)):
                given = lift_arguments(value, LIFTS[word])
                value = given["target"] if "target" in given else given["f"]
            case syntax.Name(text=text):
                target = declared.get(text)
                if not isinstance(target, syntax.Lift):
                    return not _is_module(text, declared, known)
                value = target.value
            case _:
                return False


def _is_module(name: str, declared: Mapping[str, syntax.Declaration], known: Mapping[str, Any]) -> bool:
    """Whether the name is a module of the file, a lifted one, an imported one, or a layer."""
    match declared.get(name):
        case syntax.Module():
            return True
        case syntax.Callable():
            return False
        case syntax.Lift(value=value):
            return not _of_functions(value, declared, known)
    return isinstance(known.get(f"@{name}"), type)
