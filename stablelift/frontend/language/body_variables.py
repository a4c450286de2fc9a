"""Checks what bodies do with variables: params and variables declared, written, and values sown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stablelift.frontend.language import syntax
from stablelift.frontend.language.given_values import check_initializer
from stablelift.frontend.language.results import check_declared
from stablelift.frontend.language.types import arrays_in, check_type
from stablelift.frontend.language.values import UNKNOWN, Array, Function, Instance, Static
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES

if TYPE_CHECKING:
    from stablelift.frontend.language.bodies import Body


def check_variable(body: Body, variable: syntax.Param | syntax.Variable) -> None:
    """Checks a param or variable, and gives its name its value."""
    kind = "param" if isinstance(variable, syntax.Param) else "variable"
    if body.scope.pure:
        hint = "declare it in a module and pass its value"
        body.report.error(variable.span, f"a `fn` is pure: it cannot have a {kind}", hint)
    check_type(body.scope, variable.type)
    for array in arrays_in(variable.type):
        if array.dtype.text in DTYPE_CLASSES:
            message = f"a {kind} has one dtype, found the class `{array.dtype.text}`"
            body.report.error(array.dtype.span, message, "write `f32`, for example")
    if isinstance(variable.type, syntax.TupleType):
        body.report.error(variable.type.span, f"a {kind} is one array, found a tuple")
    check_initializer(body.scope, variable.initializer)
    if body.in_loop:
        hint = "make a module of the body: each has variables of its own"
        body.report.error(variable.span, f"a loop would declare the {kind} again and again", hint)
    elif variable.name.text in body.fixed or variable.name.text in body.scope.names:
        body.declared_twice(variable.name)
    if isinstance(variable, syntax.Variable):
        body.variables.add(variable.name.text)
        if variable.collection.text == "params":
            hint = f"write `param {variable.name.text}: ...`"
            body.report.error(variable.collection.span, "the collection `params` is made of params", hint)
    body.fix(variable.name, f"a {kind}", body.array(variable.type))


def check_update(body: Body, update: syntax.Update) -> None:
    """Checks what is written to a variable."""
    value = body.scope.infer(update.value)
    name = update.target.text
    if name not in body.variables:
        what = body.fixed[name][0] if name in body.fixed else "none"
        known = ", ".join(f"`{name}`" for name in sorted(body.variables))
        hint = f"the variables are {known}" if known else f"declare it: `variable batch_stats.{name}: ...`"
        body.report.error(update.target.span, f"expected a variable, `{name}` is {what}", hint)
        return
    declared = body.scope.names.get(name, UNKNOWN)
    if isinstance(declared, Array):
        check_declared(body.report, update.value, f"`{name}` is {declared}", declared, value)


def check_sow(body: Body, sow: syntax.Sow) -> None:
    """Checks what is added to a collection."""
    value = body.scope.infer(sow.value)
    if body.module is None:
        hint = "return the value, and sow it in a method"
        body.report.error(sow.span, "a `fn` is pure: it cannot sow", hint)
    if sow.collection.text == "params":
        hint = "a collection such as `intermediates` gathers values"
        body.report.error(sow.collection.span, "the collection `params` is made of params", hint)
    if isinstance(value, (Instance, Function)) or (
        isinstance(value, Static) and value.kind not in ("int", "float", "bool")
    ):
        body.report.error(sow.value.span, f"expected an array, or a tuple of arrays, found {value}")
    named = body.fixed.get(sow.name.text, ("", None))[0]
    if named in ("a param", "a variable", "a submodule"):
        message = f"`{sow.name.text}` is {named} of this module"
        body.report.error(sow.name.span, message, "sow by another name")
