"""Which argument of a call belongs to which parameter: arity, keywords, repetitions, kinds."""

from __future__ import annotations

from collections.abc import Iterator

from stablelift.frontend.language import syntax
from stablelift.frontend.language.constants import target_of_lift
from stablelift.frontend.language.diagnostics import suggest
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Function,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    value_of,
)
from stablelift.frontend.language.vocabulary import Parameter, Word
from stablelift.frontend.language.vocabulary.left_out import LEFT_OUT

Matched = tuple[Parameter | None, syntax.Expression]
NAME_FIELD = Parameter("name", required=False, keyword_only=True, variadic=False, kind="str")


def match_arguments(
    report: Report,
    call: syntax.Call,
    callee: str,
    parameters: tuple[Parameter, ...] | None,
    noun: str = "parameter",
) -> Iterator[Matched]:
    """Each argument with its parameter, or with None where it has none; what is wrong goes to `report`.

    Where `parameters` is None nothing is known of the callee, and any argument is right.
    """
    if parameters is None:
        yield from ((None, argument) for argument in call.arguments)
        yield from ((None, keyword.value) for keyword in call.keywords)
        return
    positional = [p for p in parameters if not p.keyword_only]
    variadic = next((p for p in positional if p.variadic), None)
    taken: set[str] = set()
    for index, argument in enumerate(call.arguments):
        parameter = positional[index] if index < len(positional) else variadic
        if parameter is None:
            most = _count(len(positional), "positional argument")
            report.error(argument.span, f"{callee} takes {most}, got {len(call.arguments)}")
        else:
            taken.add(parameter.name)
        yield parameter, argument
    for keyword in call.keywords:
        known = [p for p in parameters if not p.variadic]
        yield _match_keyword(report, keyword, callee, known, taken, noun), keyword.value
    missing = [p.name for p in parameters if p.required and p.name not in taken]
    if missing:
        report.error(call.span, f"{callee} needs {' and '.join(f'`{name}`' for name in missing)}")


def _match_keyword(
    report: Report,
    keyword: syntax.Keyword,
    callee: str,
    known: list[Parameter],
    taken: set[str],
    noun: str,
) -> Parameter | None:
    name = keyword.name.text
    parameter = next((p for p in known if p.name == name), None)
    if parameter is None:
        names = [p.name for p in known]
        hint = suggest(name, names) or LEFT_OUT.get(name, "")
        hint = hint or (f"its {noun}s are {', '.join(names)}" if names else "")
        report.error(keyword.name.span, f"{callee} has no {noun} `{name}`", hint)
    elif name in taken:
        report.error(keyword.name.span, f"{callee} got `{name}` twice")
    else:
        taken.add(name)
    return parameter


def kind_fits(kind: str, value: Value) -> bool:
    """Whether a value may stand where a parameter of this kind is declared."""
    match value:
        case Unknown():
            return True
        case Static():
            accepted = {
                "array": ("int", "float", "bool"),
                "arrays": ("int", "float", "bool"),
                "count": ("int",),
                "float": ("int", "float"),
                "dtype": ("dtype", "none"),
                "str": ("str", "none"),
            }
            return kind == "value" or value.kind in accepted.get(kind, (kind,))
        case Instance():
            return kind in ("module", "function")
        case Function():
            return kind == "function"
        case Array(dtype=dtype):
            return kind in ("array", "arrays", "value") or kind == "key" and dtype in (None, "key")
        case Several():
            return kind in ("arrays", "value", "count", "tuple", "modules")


def field_fits(kind: syntax.Kind, value: Value) -> bool:
    """Whether a value may be that of a field of this kind."""
    if kind.word != "tuple":
        return kind_fits(kind.word, value)
    if not isinstance(value, Several):
        return isinstance(value, Unknown)
    if value.items is None or kind.repeated:
        return all(field_fits(kind.items[0], item) for item in value.items or (value.item,))
    same = len(kind.items) == len(value.items)
    return same and all(map(field_fits, kind.items, value.items))


def show_kind(kind: str) -> str:
    """What a parameter of this kind wants, in words."""
    words = {
        "value": "an array",
        "array": "an array",
        "arrays": "an array or a tuple of arrays",
        "int": "an int",
        "count": "an int or a tuple",
        "str": "a string",
        "initializer": "an initializer",
        "modules": "a tuple of modules",
        "key": "a random key",
    }
    return words.get(kind, f"a {kind}")


def fields_of(callee: syntax.Module | syntax.Lift | Word, report: Report) -> tuple[Parameter, ...] | None:
    """The fields that configure a module, `name` among them; None where they are not known."""
    if isinstance(callee, Word):
        return callee.parameters
    module = target_of(callee, report)
    if module is None or isinstance(module, Word):
        return module.parameters if module else None
    return (
        *(
            Parameter(f.name.text, f.default is None, keyword_only=False, variadic=False, kind=f.kind.text)
            for f in module.fields
        ),
        NAME_FIELD,
    )


def target_of(callee: syntax.Module | syntax.Lift, report: Report) -> syntax.Module | Word | None:
    """The module under any number of lifts; None where it is not declared or lifts itself."""
    seen: set[str] = set()
    while isinstance(callee, syntax.Lift) and callee.name.text not in seen:
        seen.add(callee.name.text)
        found = report.module(target_name(callee.value))
        if found is None or isinstance(found, Word):
            return found
        callee = found
    return callee if isinstance(callee, syntax.Module) else None


def target_name(value: syntax.Expression | None) -> str:
    """The name of the module under the lifts of one declaration, or an empty string."""
    while isinstance(value, syntax.Call):
        value = target_of_lift(value)
    if isinstance(value, syntax.Attribute):
        value = value.value
    return value.text if isinstance(value, syntax.Name) else ""


def parameters_of(declared: syntax.Callable) -> tuple[Parameter, ...]:
    """The parameters of a method or `fn`."""
    return tuple(
        Parameter(p.name.text, p.default is None, keyword_only=False, variadic=False, kind=_kind_of(p))
        for p in declared.parameters
    )


def _kind_of(parameter: syntax.Parameter) -> str:
    if parameter.kind is not None:
        return parameter.kind.text
    return "arrays" if isinstance(parameter.type, syntax.TupleType) else "array"


def result_of(declared: syntax.Callable) -> Value:
    """The result of a method or `fn`: as declared, or as many as its `return` writes out."""
    if len(declared.results) == 1:
        return value_of(declared.results[0])
    if declared.results:
        return Several(tuple(map(value_of, declared.results)))
    last = declared.body[-1] if declared.body else None
    if isinstance(last, syntax.Return) and isinstance(last.value, syntax.Tuple):
        if any(isinstance(item, syntax.Rest) for item in last.value.items):
            return Several(None)
        return Several((UNKNOWN,) * len(last.value.items))
    return Array(None, None) if isinstance(last, syntax.Return) else UNKNOWN


def name_of(callee: syntax.Module | syntax.Lift | Word) -> str:
    """The name by which a module was declared."""
    return callee.name if isinstance(callee, Word) else callee.name.text


def method(module: syntax.Module, name: str = "call") -> syntax.Callable | None:
    """The method of that name."""
    return next((m for m in module.methods if m.name.text == name), None)


def show_values(given: dict[str, Value]) -> str:
    """The arrays among the arguments, for a message."""
    numbers = ("int", "float", "bool")
    shown = [
        str(value)
        for value in given.values()
        if isinstance(value, (Array, Several)) or (isinstance(value, Static) and value.kind in numbers)
    ]
    return " and ".join(shown)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
