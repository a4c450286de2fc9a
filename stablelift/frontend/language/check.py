"""Checks a whole `.lift` file before anything runs: names, fields, bodies, lifts, and circles among them."""

from __future__ import annotations

from collections.abc import Container, Mapping

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import match_arguments, method, target_name
from stablelift.frontend.language.bodies import Body
from stablelift.frontend.language.diagnostics import LiftCheckError, Source
from stablelift.frontend.language.functions import file_scope, lifted_function
from stablelift.frontend.language.lift_options import check_option
from stablelift.frontend.language.members import check_fields
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.uses import check_uses
from stablelift.frontend.language.vocabulary import FUNCTION_LIFTS, LAYERS, LIFTS, RESERVED_FIELDS


def check(file: syntax.File, source: Source, imported: Mapping[str, syntax.Declaration] = {}) -> None:
    """Raises LiftCheckError, which holds every error found, in the order of the text.

    `imported` are declarations of other files, checked before, which this one names.
    """
    report = Report(source)
    _declare(file, report, imported)
    for declaration in file.declarations:
        match declaration:
            case syntax.Module():
                _check_module(declaration, report)
            case syntax.Callable():
                _check_parameters(declaration, report)
                Body(report, declaration, None).check()
            case syntax.Lift():
                if declaration.name.text in report.functions:
                    assert isinstance(declaration.value, syntax.Call)
                    lifted_function(file_scope(report), declaration.value)
                else:
                    _check_lift(declaration.value, report)
    check_uses(file, report, imported)
    if report.diagnostics:
        raise LiftCheckError(report.diagnostics)


def _declare(file: syntax.File, report: Report, imported: Mapping[str, syntax.Declaration]) -> None:
    places: dict[str, syntax.Name] = {}
    lifts: dict[str, syntax.Lift] = {}
    named = [name for each in file.imports for name in each.names]
    for name in named:
        _declare_name(name, places, report)
    for name, declaration in imported.items():
        _sort(name, declaration, report, lifts)
    for declaration in file.declarations:
        if _declare_name(declaration.name, places, report):
            _sort(declaration.name.text, declaration, report, lifts)
    for name, lift in lifts.items():
        kind = _is_of_functions(lift.value, report, lifts)
        (report.functions if kind else report.modules)[name] = lift


def _declare_name(name: syntax.Name, places: dict[str, syntax.Name], report: Report) -> bool:
    if name.text in places:
        hint = f"it is declared at {places[name.text].span}"
        report.error(name.span, f"`{name.text}` is declared twice", hint)
        return False
    what = report.what_is(name.text)
    if what:
        report.error(name.span, f"`{name.text}` is {what} of the language", "choose another name")
    places[name.text] = name
    return True


def _sort(name: str, declaration: syntax.Declaration, report: Report, lifts: dict[str, syntax.Lift]) -> None:
    match declaration:
        case syntax.Module():
            report.modules[name] = declaration
        case syntax.Callable():
            report.functions[name] = declaration
        case syntax.Lift():
            lifts[name] = declaration


def _is_of_functions(value: syntax.Expression, report: Report, lifts: dict[str, syntax.Lift]) -> bool:
    """Whether a lift is one of functions: by its word or, where that lifts both, by its target."""
    seen: set[str] = set()
    while True:
        match value:
            case syntax.Call(function=syntax.Name(text=word)) if word not in LIFTS:
                return word in FUNCTION_LIFTS
            case syntax.Call(function=syntax.Name(text=word)) if word not in FUNCTION_LIFTS:
                return False
            case syntax.Call(arguments=(target, *_)):
                value = target
            case syntax.Name(text=text) if text in lifts and text not in seen:
                seen.add(text)
                value = lifts[text].value
            case syntax.Name(text=text):
                return text in report.functions
            case _:
                return False


def _check_module(module: syntax.Module, report: Report) -> None:
    check_fields(module, report)
    seen: dict[str, syntax.Callable] = {}
    names = {field.name.text: field for field in module.fields} | {m.name.text: m for m in module.members}
    for each in module.methods:
        name = each.name
        if name.text in seen:
            report.error(
                name.span,
                f"`{name.text}` is declared twice",
                f"it is declared at {seen[name.text].name.span}",
            )
            continue
        seen[name.text] = each
        what = report.what_is(name.text)
        if what:
            report.error(name.span, f"`{name.text}` is {what}", "choose another name for the method")
        elif name.text in RESERVED_FIELDS:
            report.error(name.span, f"`{name.text}` is a method of every module", "choose another name")
        elif name.text in names:
            hint = f"it is declared at {names[name.text].name.span}"
            report.error(name.span, f"`{name.text}` is declared twice", hint)
        _check_parameters(each, report)
        Body(report, each, module).check()
    if method(module) is None and not module.external:
        report.error(module.name.span, f"module `{module.name.text}` has no method `call`")
    _check_makers(module, report)


def _check_makers(module: syntax.Module, report: Report) -> None:
    """Where there are several methods, one of them at most makes submodules, params or variables."""
    if len(module.methods) < 2:
        return
    makers = [each for each in module.methods if makes(each, report.modules)]
    for again in makers[1:]:
        message = f"`{again.name.text}` and `{makers[0].name.text}` both make submodules, params or variables"
        hint = "declare them above the methods: `encoder = Dense(8)`"
        report.error(again.name.span, message, hint)


def makes(declared: syntax.Callable, modules: Container[str]) -> bool:
    """Whether the body makes submodules, params or variables of its own."""
    for node in syntax.below(declared.body):
        if isinstance(node, (syntax.Param, syntax.Variable)):
            return True
        if isinstance(node, syntax.Call) and isinstance(node.function, syntax.Name):
            if node.function.text in modules or node.function.text in LAYERS:
                return True
    return False


def _check_parameters(declared: syntax.Callable, report: Report) -> None:
    seen: dict[str, syntax.Name] = {}
    for parameter in declared.parameters:
        name = parameter.name
        if name.text in seen:
            hint = f"it is an argument at {seen[name.text].span}"
            report.error(name.span, f"`{name.text}` is declared twice", hint)
        elif name.text == "self":
            hint = "fields, members and methods go by their names"
            report.error(name.span, "a method takes no `self`", hint)
        seen.setdefault(name.text, name)


# Lifts of modules


def _check_lift(value: syntax.Expression, report: Report) -> None:
    """Checks `vmap(MODULE, ...)`, where MODULE may be another lift, written out or by name."""
    if not isinstance(value, syntax.Call) or not isinstance(value.function, syntax.Name):
        report.error(value.span, "expected a lift such as `vmap(MODULE, ...)`")
        return
    name = value.function
    if name.text not in LIFTS:
        report.unknown("lift", name, [*LIFTS, *FUNCTION_LIFTS])
        return
    for parameter, argument in match_arguments(report, value, f"`{name.text}`", LIFTS[name.text].parameters):
        if parameter is None:
            continue
        if parameter.kind == "module":
            _check_target(argument, report)
        else:
            check_option(report, name.text, parameter, argument)


def _check_target(target: syntax.Expression, report: Report) -> None:
    if isinstance(target, syntax.Call):
        _check_lift(target, report)
    elif isinstance(target, syntax.Attribute):
        _check_target(target.value, report)
        _check_method(target, report)
    elif not isinstance(target, syntax.Name):
        report.error(target.span, "expected the name of a module, or a lift of one")
    elif target.text in report.functions:
        report.error(target.span, f"expected a module, `{target.text}` is a function")
    elif report.module(target.text) is None:
        report.unknown("module", target, report.callables)


def _check_method(target: syntax.Attribute, report: Report) -> None:
    """`vmap(Autoencoder.encode)` lifts one method."""
    found = report.module(target_name(target))
    seen: set[str] = set()
    while isinstance(found, syntax.Lift) and found.name.text not in seen:
        seen.add(found.name.text)
        found = report.module(target_name(found.value))
    if isinstance(found, syntax.Module) and method(found, target.name.text) is None:
        if not found.external or found.methods:
            known = [each.name.text for each in found.methods]
            report.unknown(
                f"method of the module `{found.name.text}`:", target.name, known, "its methods are"
            )
