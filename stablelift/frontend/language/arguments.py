"""Which argument of a call belongs to which parameter: arity, keywords, repetitions."""

from __future__ import annotations

from collections.abc import Iterator

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import suggest
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.values import Array, Instance, Several, Static, Unknown, Value, array_of
from stablelift.frontend.language.vocabulary import Parameter, Word

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
        hint = suggest(name, names) or (f"its {noun}s are {', '.join(names)}" if names else "")
        report.error(keyword.name.span, f"{callee} has no {noun} `{name}`", hint)
    elif name in taken:
        report.error(keyword.name.span, f"{callee} got `{name}` twice")
    else:
        taken.add(name)
    return parameter


def kind_fits(kind: str, value: Value) -> bool:
    """Whether a value may stand where a parameter of this kind is declared."""
    if isinstance(value, Unknown):
        return True
    if kind == "value":
        return not isinstance(value, Instance)
    if not isinstance(value, Static):
        return isinstance(value, Array) if kind == "array" else isinstance(value, Several) and kind == "count"
    accepted = {
        "array": ("int", "float", "bool"),
        "count": ("int",),
        "float": ("int", "float"),
        "dtype": ("dtype", "none"),
        "str": ("str", "none"),
    }
    return value.kind in accepted.get(kind, (kind,))


def show_kind(kind: str) -> str:
    """What a parameter of this kind wants, in words."""
    words = {
        "value": "an array",
        "array": "an array",
        "int": "an int",
        "count": "an int or a tuple",
        "str": "a string",
        "initializer": "an initializer",
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


def target_name(value: syntax.Expression) -> str:
    """The name of the module under the lifts of one declaration, or an empty string."""
    while isinstance(value, syntax.Call):
        named = [keyword.value for keyword in value.keywords if keyword.name.text == "target"]
        targets = [*value.arguments[:1], *named]
        if not targets:
            return ""
        value = targets[0]
    return value.text if isinstance(value, syntax.Name) else ""


def parameters_of(declared: syntax.Callable) -> tuple[Parameter, ...]:
    """The parameters of a method or `fn`."""
    return tuple(
        Parameter(p.name.text, required=True, keyword_only=False, variadic=False, kind="array")
        for p in declared.parameters
    )


def results_of(declared: syntax.Callable) -> tuple[Array, ...]:
    """The results of a method or `fn`: as declared, or as many as its `return` writes out."""
    if declared.results:
        return tuple(array_of(result) for result in declared.results)
    last = declared.body[-1]
    if isinstance(last, syntax.Return) and isinstance(last.value, syntax.Tuple):
        return (Array(None, None),) * len(last.value.items)
    return (Array(None, None),)


def name_of(callee: syntax.Module | syntax.Lift | Word) -> str:
    """The name by which a module was declared."""
    return callee.name if isinstance(callee, Word) else callee.name.text


def method(module: syntax.Module, name: str = "call") -> syntax.Callable | None:
    """The method of that name."""
    return next((m for m in module.methods if m.name.text == name), None)


def show_values(given: dict[str, Value]) -> str:
    """The arrays among the arguments, for a message."""
    shown = [str(value) for value in given.values() if isinstance(value, (Array, Several, Static))]
    return " and ".join(shown)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
