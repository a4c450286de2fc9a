"""Checks a whole `.lift` file before anything runs: names, fields, bodies, lifts, and circles among them."""

from __future__ import annotations

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import match_arguments, method, show_kind
from stablelift.frontend.language.bodies import Body
from stablelift.frontend.language.diagnostics import LiftCheckError, Source
from stablelift.frontend.language.expressions import Expressions
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.uses import check_uses
from stablelift.frontend.language.values import Static
from stablelift.frontend.language.vocabulary import FIELD_KINDS, LIFTS, RESERVED_FIELDS


def check(file: syntax.File, source: Source) -> None:
    """Raises LiftCheckError, which holds every error found, in the order of the text."""
    report = Report(source)
    _declare(file, report)
    for declaration in file.declarations:
        match declaration:
            case syntax.Module():
                _check_module(declaration, report)
            case syntax.Callable():
                _check_parameters(declaration, report)
                Body(report, declaration, None).check()
            case syntax.Lift():
                _check_lift(declaration.value, report)
    check_uses(file, report)
    if report.diagnostics:
        raise LiftCheckError(report.diagnostics)


def _declare(file: syntax.File, report: Report) -> None:
    places: dict[str, syntax.Name] = {}
    for declaration in file.declarations:
        name = declaration.name
        what = report.what_is(name.text)
        if name.text in places:
            hint = f"it is declared at {places[name.text].span}"
            report.error(name.span, f"`{name.text}` is declared twice", hint)
            continue
        if what:
            report.error(name.span, f"`{name.text}` is {what} of the language", "choose another name")
        places[name.text] = name
        if isinstance(declaration, syntax.Callable):
            report.functions[name.text] = declaration
        else:
            report.modules[name.text] = declaration


def _check_module(module: syntax.Module, report: Report) -> None:
    _check_fields(module, report)
    for extra in module.methods:
        if extra.name.text != "call":
            message = f"expected the method `call`, found `{extra.name.text}`"
            report.error(extra.name.span, message, "a module has one method, `call`")
    calls = [m for m in module.methods if m.name.text == "call"]
    for again in calls[1:]:
        report.error(again.name.span, "`call` is declared twice", f"it is declared at {calls[0].name.span}")
    if method(module) is None:
        report.error(module.name.span, f"module `{module.name.text}` has no method `call`")
    for each in calls[:1]:
        _check_parameters(each, report)
        Body(report, each, module).check()


def _check_parameters(declared: syntax.Callable, report: Report) -> None:
    seen: dict[str, syntax.Name] = {}
    for parameter in declared.parameters:
        name = parameter.name
        if name.text in seen:
            hint = f"it is an argument at {seen[name.text].span}"
            report.error(name.span, f"`{name.text}` is declared twice", hint)
        seen.setdefault(name.text, name)


def _check_fields(module: syntax.Module, report: Report) -> None:
    seen: dict[str, syntax.Field] = {}
    for field in module.fields:
        name = field.name
        if name.text in seen:
            hint = f"it is a field at {seen[name.text].name.span}"
            report.error(name.span, f"`{name.text}` is declared twice", hint)
        elif name.text in RESERVED_FIELDS:
            report.error(name.span, f"`{name.text}` is an attribute of every module", "choose another name")
        elif field.default is None and any(earlier.default for earlier in seen.values()):
            hint = "give it a default, or put it first"
            message = f"field `{name.text}` has no default and follows a field that has one"
            report.error(name.span, message, hint)
        seen.setdefault(name.text, field)
        if field.kind.text not in FIELD_KINDS:
            report.unknown("kind of field", field.kind, [*FIELD_KINDS])
        elif field.default is not None:
            _check_default(field, field.default, report)


def _check_default(field: syntax.Field, default: syntax.Expression, report: Report) -> None:
    value = Expressions(report).infer(default) if _is_constant(default) else None
    kind = field.kind.text
    fits = isinstance(value, Static) and value.kind in {"float": ("float", "int")}.get(kind, (kind,))
    if not fits:
        found = "an expression" if value is None else str(value)
        hint = "a default is a literal or a dtype" if value is None else ""
        report.error(default.span, f"field `{field.name.text}` wants {show_kind(kind)}, found {found}", hint)


def _is_constant(expression: syntax.Expression) -> bool:
    if isinstance(expression, syntax.Negation):
        return isinstance(expression.operand, syntax.Literal)
    return isinstance(expression, (syntax.Literal, syntax.Name))


# Lifts


def _check_lift(value: syntax.Expression, report: Report) -> None:
    """Checks `vmap(MODULE, ...)`, where MODULE may be another lift, written out or by name."""
    if not isinstance(value, syntax.Call) or not isinstance(value.function, syntax.Name):
        report.error(value.span, "expected a lift such as `vmap(MODULE, ...)`")
        return
    name = value.function
    if name.text not in LIFTS:
        report.unknown("lift", name, [*LIFTS])
        return
    for parameter, argument in match_arguments(report, value, f"`{name.text}`", LIFTS[name.text].parameters):
        if parameter is None:
            continue
        if parameter.kind == "module":
            _check_target(argument, report)
        elif not _fits(parameter.kind, argument):
            wanted = _LIFT_KINDS[parameter.kind]
            report.error(argument.span, f"`{name.text}` wants {wanted} for `{parameter.name}`")


_LIFT_KINDS = {
    "axes": "an axis or `none` for each collection, as in `{params: 0}`,",
    "switches": "`true` or `false` for each random stream, as in `{params: true}`,",
    "prefix": "an axis, `none`, or a tuple of them",
    "int": "a positive int",
    "str": "a string",
}


def _check_target(target: syntax.Expression, report: Report) -> None:
    if isinstance(target, syntax.Call):
        _check_lift(target, report)
    elif not isinstance(target, syntax.Name):
        report.error(target.span, "expected the name of a module, or a lift of one")
    elif target.text in report.functions:
        report.error(target.span, f"expected a module, `{target.text}` is a function")
    elif report.module(target.text) is None:
        report.unknown("module", target, report.callables)


def _fits(kind: str, value: syntax.Expression) -> bool:
    if kind in ("axes", "switches"):
        single = "axis" if kind == "axes" else "switch"
        return isinstance(value, syntax.Dictionary) and all(_fits(single, item) for _, item in value.entries)
    if isinstance(value, syntax.Negation) and kind != "int":
        return _fits("integer", value.operand) and kind in ("axis", "prefix")
    if isinstance(value, syntax.Tuple):
        return kind == "prefix" and all(
            not isinstance(item, syntax.Rest) and _fits("prefix", item) for item in value.items
        )
    if not isinstance(value, syntax.Literal):
        return False
    found = value.value
    integer = isinstance(found, int) and not isinstance(found, bool)
    match kind:
        case "axis" | "prefix":
            return integer or found is None
        case "switch":
            return isinstance(found, bool)
        case "int":
            return integer and found != 0
        case "integer":
            return integer
    return isinstance(found, str)
