"""From a checked file to ordinary Modules, lifted Modules and pure functions."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import target_name
from stablelift.frontend.language.binding import ArgumentMismatch, Binder, Sizes, expect, result
from stablelift.frontend.language.diagnostics import LiftTraceError, Source, diagnose
from stablelift.frontend.language.located import argument_error, nodes_by_place, run_located
from stablelift.frontend.language.python_code import translate
from stablelift.frontend.language.python_expressions import ExpressionCode
from stablelift.frontend.language.static import OPERATORS, count
from stablelift.frontend.language.vocabulary import (
    DTYPES,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    LIFTS,
    Word,
)

_KINDS: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str, "dtype": Any}


def build(file: syntax.File, source: Source, name: str) -> ModuleType:
    """A namespace called `name` that holds what the file declares. The file must have passed the checker."""
    space = ModuleType(name, file.doc or None)
    space.__file__ = source.filename
    known = _vocabulary()
    callables = frozenset(declaration.name.text for declaration in file.declarations)
    lifts: list[syntax.Lift] = []
    for declaration in file.declarations:
        match declaration:
            case syntax.Module():
                built: Any = _module(declaration, source, known, callables, name)
            case syntax.Callable():
                built = _function(declaration, source, known, callables, name)
            case syntax.Lift():
                lifts.append(declaration)
                continue
        _declare(space, known, declaration.name.text, built)
    for lift in _innermost_first(lifts):
        _declare(space, known, lift.name.text, _lift(lift, known))
    vars(space)["__all__"] = [declaration.name.text for declaration in file.declarations]
    return space


def _declare(space: ModuleType, known: dict[str, Any], name: str, built: Any) -> None:
    known[f"@{name}"] = built
    setattr(space, name, built)


def _vocabulary() -> dict[str, Any]:
    """The globals of every body: the words of the language, and nothing of Python's."""
    known: dict[str, Any] = {"__builtins__": {}, "@expect": expect, "@result": result}
    known |= {"@keyed": _keyed, "@count": count}
    known |= {f"@{word}": getattr(jnp, name if name != "bool" else "bool_") for word, name in DTYPES.items()}
    known |= {f"@{operator}": function for operator, function in OPERATORS.items()}
    known |= {f"@{name}": _home(word) for name, word in (LAYERS | FUNCTIONS).items()}
    known |= {f"@initializer {name}": _home(word) for name, word in INITIALIZERS.items()}
    return known


def _home(word: Word) -> Any:
    return getattr(importlib.import_module(word.home), word.name)


def _keyed(module: Any, initializer: Callable[..., Any]) -> Callable[..., Any]:
    """A random initializer for a variable, which is given no key: it draws one of the stream `params`."""
    return lambda _key, shape, dtype: initializer(module.make_rng("params"), shape, dtype)


# Modules


def _module(
    declared: syntax.Module, source: Source, known: dict[str, Any], callables: frozenset[str], home: str
) -> type:
    from stablelift.frontend.calling import compact
    from stablelift.frontend.module import Module

    kinds = {field.name.text: field.kind.text for field in declared.fields}
    (call,) = declared.methods
    code = ExpressionCode(source, callables, fields=dict(kinds))
    integers = [name for name, kind in kinds.items() if kind == "int"]
    body = _Body(call, source, code, known, declared.variables, tuple(integers))

    def __call__(self: Any, *arguments: Any, **keywords: Any) -> Any:
        _check_fields(self, declared, source)
        return body(self, arguments, keywords, {name: getattr(self, name) for name in integers})

    body.dress(__call__, "__call__", f"{declared.name.text}.__call__", home, receiver=True)
    namespace = {
        "__module__": home,
        "__qualname__": declared.name.text,
        "__doc__": _doc_of(declared),
        "__annotations__": {name: _KINDS[kind] for name, kind in kinds.items()},
        "__call__": compact(__call__),
        **{f.name.text: _default(f.default) for f in declared.fields if f.default is not None},
    }
    return type(declared.name.text, (Module,), namespace)


def _default(default: syntax.Expression) -> Any:
    """The value of a field's default: a literal, its negation, or a dtype."""
    match default:
        case syntax.Literal(value=value):
            return value
        case syntax.Negation(operand=syntax.Literal(value=int() | float() as value)):
            return -value
        case syntax.Name(text=text):
            return getattr(jnp, DTYPES[text] if text != "bool" else "bool_")
    raise AssertionError("the checker lets no other default pass")


def _doc_of(declared: syntax.Module) -> str:
    """The doc comment, and those of the fields."""
    fields = [f"    {f.name.text}: {' '.join(f.doc.split())}" for f in declared.fields if f.doc]
    parts = [declared.doc, "\n".join(["Fields:", *fields]) if fields else ""]
    return "\n\n".join(filter(None, parts)) or declared.name.text


def _check_fields(module: Any, declared: syntax.Module, source: Source) -> None:
    """A Module made in Python may have been given anything."""
    for field in declared.fields:
        kind, value = field.kind.text, getattr(module, field.name.text)
        accepted = {"int": int, "float": (int, float), "bool": bool, "str": str}.get(kind)
        if accepted and (not isinstance(value, accepted) or (kind == "int" and isinstance(value, bool))):
            message = f"field `{field.name.text}` of `{declared.name.text}` wants a value of kind `{kind}`"
            raise LiftTraceError([diagnose(source, field.span, f"{message}, got {value!r}")])


# Functions


def _function(
    declared: syntax.Callable, source: Source, known: dict[str, Any], callables: frozenset[str], home: str
) -> FunctionType:
    body = _Body(declared, source, ExpressionCode(source, callables), known, (), ())

    def function(*arguments: Any, **keywords: Any) -> Any:
        return body(None, arguments, keywords, {})

    body.dress(function, declared.name.text, declared.name.text, home, receiver=False)
    return function


class _Body:
    """A method or `fn`, ready to run: binds sizes, runs the code object, and places what goes wrong."""

    def __init__(
        self,
        declared: syntax.Callable,
        source: Source,
        code: ExpressionCode,
        known: dict[str, Any],
        members: tuple[syntax.Param | syntax.Variable, ...],
        fields: tuple[str, ...],
    ):
        self.declared, self.source = declared, source
        self.sizes = tuple(name for name in _dimensions(declared) if name.lstrip("*") not in fields)
        self.texts = tuple(source.text(p.type.span) if p.type else "" for p in declared.parameters)
        self.nodes = nodes_by_place(declared)
        names = (Parameter(p.name.text, Parameter.POSITIONAL_OR_KEYWORD) for p in declared.parameters)
        self.signature = inspect.Signature(list(names))
        made: dict[str, Any] = {}
        exec(translate(code, declared, members, self.sizes), known, made)
        self.run = made[declared.name.text]

    def __call__(
        self, module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], fields: Sizes
    ) -> Any:
        binder = Binder(self.declared, self.texts, fields)
        try:
            values = binder.bind(self._arguments(arguments, keywords))
        except ArgumentMismatch as mismatch:
            raise argument_error(self.source, mismatch) from None
        extra = [binder.sizes[name.lstrip("*")] for name in self.sizes]
        return run_located(self.source, lambda: self.run(module, *values, *extra), self.nodes)

    def _arguments(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        try:
            return self.signature.bind(*arguments, **keywords).args
        except TypeError as error:
            name = self.declared.name
            wanted = ", ".join(self.signature.parameters) or "no arguments"
            message = f"`{name.text}` takes {wanted}: {error}"
            raise LiftTraceError([diagnose(self.source, name.span, message)]) from None

    def dress(self, function: Any, name: str, qualified: str, home: str, *, receiver: bool) -> None:
        """Gives the Python function the name, doc comment and signature that `help` shows."""
        function.__name__, function.__qualname__, function.__module__ = name, qualified, home
        own = [Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)] if receiver else []
        typed = zip(self.signature.parameters.values(), self.texts, strict=True)
        shown = [parameter.replace(annotation=text or Parameter.empty) for parameter, text in typed]
        results = ", ".join(self.source.text(result.span) for result in self.declared.results)
        returned = f"({results})" if len(self.declared.results) > 1 else results
        signature = inspect.Signature([*own, *shown], return_annotation=returned or inspect.Signature.empty)
        function.__signature__ = signature
        function.__doc__ = self.declared.doc or None


Parameter = inspect.Parameter


def _dimensions(declared: syntax.Callable) -> dict[str, None]:
    """The names that the types of the arguments bind, rests as `*name`, in order."""
    found: dict[str, None] = {}
    for dimension in (d for p in declared.parameters if p.type for d in p.type.dimensions):
        if isinstance(dimension, syntax.Rest):
            found[f"*{dimension.name.text}"] = None
        elif isinstance(dimension, syntax.Name):
            found[dimension.text] = None
    return found


# Lifts


def _lift(declared: syntax.Lift, known: dict[str, Any]) -> Any:
    lifted = _lifted(declared.value, known)
    lifted.__doc__ = declared.doc or lifted.__doc__
    return lifted


def _lifted(value: syntax.Expression, known: dict[str, Any]) -> Any:
    if isinstance(value, syntax.Name):
        return known[f"@{value.text}"]
    assert isinstance(value, syntax.Call) and isinstance(value.function, syntax.Name)
    word = LIFTS[value.function.text]
    given: dict[str, syntax.Expression] = dict(
        zip((p.name for p in word.positional), value.arguments, strict=False)
    )
    given |= {keyword.name.text: keyword.value for keyword in value.keywords}
    target = _lifted(given.pop("target"), known)
    return _home(word)(target, **{name: _constant(argument) for name, argument in given.items()})


def _innermost_first(lifts: list[syntax.Lift]) -> list[syntax.Lift]:
    """The lifts in an order in which each finds its target."""
    waiting = {lift.name.text: lift for lift in lifts}
    order: list[syntax.Lift] = []
    for lift in lifts:
        chain = [lift.name.text]
        while chain[-1] in waiting:
            chain.append(target_name(waiting[chain[-1]].value))
        order += [waiting.pop(name) for name in reversed(chain[:-1])]
    return order


def _constant(value: syntax.Expression) -> Any:
    """The options of a lift: literals, tuples and dictionaries of them."""
    match value:
        case syntax.Literal(value=found):
            return found
        case syntax.Negation(operand=syntax.Literal(value=int() as found)):
            return -found
        case syntax.Tuple(items=items):
            return tuple(_constant(item) for item in items if not isinstance(item, syntax.Rest))
        case syntax.Dictionary(entries=entries):
            return {key.text: _constant(item) for key, item in entries}
    raise AssertionError("the checker lets nothing else pass")
