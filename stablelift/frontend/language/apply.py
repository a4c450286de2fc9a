"""What a function, method or module gives for arguments of known types. Everything here raises Mismatch."""

from __future__ import annotations

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import method, name_of, parameters_of, result_of
from stablelift.frontend.language.constants import lift_options, target_of_lift
from stablelift.frontend.language.lift_rules import LIFT_RULES
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.rules import RULES
from stablelift.frontend.language.shapes import Bindings, Mismatch, substitute, unify
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    dtype_fits,
    literal,
    value_of,
)
from stablelift.frontend.language.vocabulary import LAYER_METHODS, LIFTS, Word

Values = tuple[Value, ...]


def infer_callable(declared: syntax.Callable, fields: dict[str, Value], values: Values) -> Value:
    """The result of a `fn` or method for these arguments."""
    wanted = parameters_of(declared)
    required = sum(parameter.required for parameter in wanted)
    if not required <= len(values) <= len(wanted):
        raise Mismatch(f"`{declared.name.text}` takes {len(wanted)} arguments, got {len(values)}")
    bound = bindings(fields)
    # Twice: a computed dimension may need a name that a later argument binds.
    for parameter, value in list(zip(declared.parameters, values, strict=False)) * 2:
        if parameter.type is not None and not fits(parameter.type, value, bound):
            raise Mismatch(f"`{parameter.name.text}` is {value_of(parameter.type)}, found {value}")
    return substituted(result_of(declared), bound)


def bindings(fields: dict[str, Value]) -> Bindings:
    """The sizes that the fields of a module are."""
    return {name: value.size for name, value in fields.items() if isinstance(value, Static)}


def fits(type_: syntax.AnyType, found: Value, bound: Bindings) -> bool:
    """Whether a value may be of the type; binds its dimensions. Raises Mismatch where sizes disagree."""
    if isinstance(found, Unknown):
        return True
    if isinstance(type_, syntax.TupleType):
        items = found.items if isinstance(found, Several) else ()
        if items is None:
            return True
        same = isinstance(found, Several) and len(items) == len(type_.items)
        return same and all(fits(each, item, bound) for each, item in zip(type_.items, items, strict=True))
    wanted = value_of(type_)
    assert isinstance(wanted, Array)
    if isinstance(found, Static):
        return found.kind in ("int", "float", "bool", "none")
    if not isinstance(found, Array) or not dtype_fits(wanted.dtype, found.dtype):
        return False
    unify(wanted.shape or (), found.shape, bound)
    return True


def substituted(value: Value, bound: Bindings) -> Value:
    """A declared result, its names replaced by what they are bound to."""
    if isinstance(value, Several) and value.items is not None:
        return Several(tuple(substituted(item, bound) for item in value.items))
    if isinstance(value, Array) and value.shape is not None:
        return Array(value.dtype, substitute(value.shape, bound))
    return value


def configuration(module: syntax.Module, given: dict[str, Value]) -> dict[str, Value]:
    """The values of the fields, given or by default."""
    defaults = {
        f.name.text: literal(f.default.value) if isinstance(f.default, syntax.Literal) else UNKNOWN
        for f in module.fields
    }
    return {**defaults, **given}


def infer_instance(report: Report, instance: Instance, name: str, values: Values) -> Value:
    """The result of a method of a module."""
    return _infer_method(report, instance.callee, instance.fields, name, values)


def _infer_method(
    report: Report,
    callee: syntax.Module | syntax.Lift | Word,
    fields: dict[str, Value],
    name: str,
    values: Values,
) -> Value:
    match callee:
        case Word():
            return infer_layer(callee, name, fields, values)
        case syntax.Module():
            declared = method(callee, name)
            if declared is None:
                raise Mismatch(f"module `{name_of(callee)}` has no method `{name}`")
            return infer_callable(declared, configuration(callee, fields), values)
    if not report.may_look_into(callee.name.text):
        return UNKNOWN
    report.open_lifts.add(callee.name.text)
    try:
        return _infer_lifted(report, callee.value, fields, name, values)
    finally:
        report.open_lifts.discard(callee.name.text)


def layer_method(layer: Word, name: str) -> Word | None:
    """A method of a stock layer, with its inputs as parameters."""
    if name == "call":
        return Word(layer.name, layer.home, layer.inputs, layer.rule)
    return LAYER_METHODS.get(layer.name, {}).get(name)


def infer_layer(layer: Word, name: str, fields: dict[str, Value], values: Values) -> Value:
    """The result of a method of a stock layer."""
    method_ = layer_method(layer, name)
    if method_ is None:
        raise Mismatch(f"module `{layer.name}` has no method `{name}`")
    names = (p.name for p in method_.parameters if not p.variadic)
    return infer_word(method_, {**dict(zip(names, values, strict=False))}, fields)


def infer_word(word: Word, given: dict[str, Value], fields: dict[str, Value]) -> Value:
    """The result of a method of a layer; rules know its first input as `x`."""
    first = next(iter(given.values()), UNKNOWN)
    return RULES[word.rule](word.name, {"x": first, **given, **fields})


def _infer_lifted(
    report: Report, value: syntax.Expression | None, fields: dict[str, Value], name: str, values: Values
) -> Value:
    """The result of a method under lifts: only the method that a lift is of is changed by it."""
    lifted = "call"
    if isinstance(value, syntax.Call) and isinstance(value.function, syntax.Name):
        word = LIFTS.get(value.function.text)
        if word is None:
            return UNKNOWN
        target = target_of_lift(value)
        if isinstance(target, syntax.Attribute):
            lifted, target = target.name.text, target.value

        def inner(inner_values: Values) -> Value:
            return _infer_lifted(report, target, fields, name, inner_values)

        if name != lifted:
            return inner(values)
        return LIFT_RULES[word.rule]([inner], lift_options(value, word), values)
    found = report.module(value.text) if isinstance(value, syntax.Name) else None
    return UNKNOWN if found is None else _infer_method(report, found, fields, name, values)
