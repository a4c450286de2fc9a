"""Checks the bodies of methods and functions: what each name is, types, params, and the result."""

from __future__ import annotations

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import kind_fits
from stablelift.frontend.language.calls import check_initializer
from stablelift.frontend.language.expressions import Expressions
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import agree
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    array_of,
    dtype_fits,
    size_of,
)
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES, DTYPES, FIELD_KINDS


class Body:
    """Checks one method or `fn`. `fixed` says what the names are that a `let` may not bind again."""

    def __init__(self, report: Report, declared: syntax.Callable, module: syntax.Module | None):
        self.report, self.declared, self.module = report, declared, module
        self.scope = Expressions(report, pure=module is None)
        self.fixed: dict[str, tuple[str, syntax.Name]] = {}
        self.variables: set[str] = set()

    def check(self) -> None:
        """Checks everything, in the order of the text."""
        for field in self.module.fields if self.module else ():
            kind, size = field.kind.text, field.name.text if field.kind.text == "int" else None
            self._fix(field.name, "a field", Static(kind, size=size) if kind in FIELD_KINDS else UNKNOWN)
        self._bind_dimensions()
        for parameter in self.declared.parameters:
            name = parameter.name.text
            self._no_dtype(parameter.name)
            if name in self.fixed:
                self._declared_twice(parameter.name)
            elif name in self.scope.names or name in self.scope.rests:
                self.report.error(parameter.name.span, f"`{name}` is an argument and a dimension")
            self.scope.names[name] = self._array(parameter.type) if parameter.type else Array(None, None)
        for result in self.declared.results:
            self.check_type(result)
        for variable in self.module.variables if self.module else ():
            self._variable(variable)
        for statement in self.declared.body:
            self._statement(statement)
        self._ends_with_return()

    # Types

    def _bind_dimensions(self) -> None:
        """The dimensions that the types of the arguments name."""
        types = [parameter.type for parameter in self.declared.parameters if parameter.type]
        for dimension in (dimension for type_ in types for dimension in type_.dimensions):
            if isinstance(dimension, syntax.Rest):
                self.scope.rests.add(dimension.name.text)
            elif isinstance(dimension, syntax.Name) and dimension.text not in self.fixed:
                self._no_dtype(dimension)
                self.scope.names[dimension.text] = Static("int", size=dimension.text)
        for name, value in list(self.scope.names.items()):
            if name in self.scope.rests:
                self._clashing_rest(name, value)
        for parameter in self.declared.parameters:
            if parameter.type:
                self.check_type(parameter.type)

    def _clashing_rest(self, name: str, value: Value) -> None:
        places = [d for p in self.declared.parameters if p.type for d in p.type.dimensions]
        place = next(d for d in places if isinstance(d, syntax.Rest) and d.name.text == name)
        self.report.error(place.span, f"`*{name}` is any number of sizes, and `{name}` is {value}")

    def check_type(self, type_: syntax.Type) -> None:
        """Checks the dtype and the dimensions of a type."""
        if type_.dtype.text not in DTYPES and type_.dtype.text not in DTYPE_CLASSES:
            self._unknown_dtype(type_.dtype)
        rests = [d for d in type_.dimensions if isinstance(d, syntax.Rest)]
        for rest in rests[1:]:
            self.report.error(rest.span, "a type has one rest at most: two could not be told apart")
        for dimension in type_.dimensions:
            if isinstance(dimension, syntax.Rest):
                self.scope.known_rest(dimension)
            else:
                self._dimension(dimension)

    def _unknown_dtype(self, dtype: syntax.Name) -> None:
        words = {name: word for word, name in DTYPES.items()}
        if dtype.text in words:
            message = f"unknown dtype `{dtype.text}`"
            self.report.error(dtype.span, message, f"it is written `{words[dtype.text]}`")
        else:
            self.report.unknown("dtype", dtype, [*DTYPES, *DTYPE_CLASSES])

    def _dimension(self, dimension: syntax.Expression) -> None:
        match dimension:
            case syntax.Name(text=text) if text not in self.scope.names:
                if text in self.scope.rests:
                    self.report.error(dimension.span, f"`{text}` is any number of sizes", f"write `*{text}`")
                else:
                    known = [name for name, value in self.scope.names.items() if _is_size(value)]
                    self.report.unknown("dimension", dimension, known, "the dimensions here are")
            case syntax.Name(text=text):
                value = self.scope.names[text]
                if not _is_size(value) and value != UNKNOWN:
                    message = f"expected a dimension, found `{text}`, which is {value}"
                    self.report.error(dimension.span, message)
            case syntax.Literal(value=value) if isinstance(value, int) and not isinstance(value, bool):
                pass
            case syntax.Binary(operator="+" | "-" | "*" | "//", left=left, right=right):
                self._dimension(left)
                self._dimension(right)
            case _:
                hint = "a dimension is made of integers, names, `+`, `-`, `*` and `//`"
                self.report.error(dimension.span, "expected a dimension", hint)

    def _array(self, type_: syntax.Type) -> Array:
        return array_of(type_, {name: size_of(value) for name, value in self.scope.names.items()})

    # Statements

    def _statement(self, statement: syntax.Statement) -> None:
        match statement:
            case syntax.Let():
                self._let(statement)
            case syntax.Param() | syntax.Variable():
                self._variable(statement)
            case syntax.Update():
                self._update(statement)
            case syntax.Return():
                self._return(statement)

    def _let(self, let: syntax.Let) -> None:
        value = self.scope.infer(let.value)
        if let.annotation:
            self.check_type(let.annotation)
            declared = self._array(let.annotation)
            self._wants(let.value, f"`{let.targets[0].text}` is declared {declared}", declared, value)
            value = declared
        values: tuple[Value, ...] = (value,)
        if len(let.targets) > 1:
            values = self._items(let, value)
        seen: set[str] = set()
        for target, item in zip(let.targets, values, strict=True):
            if target.text in seen:
                self.report.error(target.span, f"`{target.text}` stands twice on the left")
            seen.add(target.text)
            self._bind(target, item)

    def _items(self, let: syntax.Let, value: Value) -> tuple[Value, ...]:
        count = len(let.targets)
        items = value.items if isinstance(value, Several) else None
        if items is not None and len(items) != count and not any(map(_is_rest, items)):
            self.report.error(let.value.span, f"{count} names on the left, {len(items)} values on the right")
        elif isinstance(value, (Static, Instance)):
            self.report.error(let.value.span, f"{count} names on the left, found {value}")
        if items is None or len(items) != count or any(map(_is_rest, items)):
            # An array is split along its first axis.
            return (UNKNOWN,) * count
        return items

    def _bind(self, target: syntax.Name, value: Value) -> None:
        self._no_dtype(target)
        if target.text in self.fixed:
            what, place = self.fixed[target.text]
            self.report.error(
                target.span, f"`{target.text}` is {what}, declared at {place.span}", "choose another name"
            )
        elif isinstance(self.scope.names.get(target.text), Static) and target.text in self._dimensions():
            self.report.error(target.span, f"`{target.text}` is a dimension", "choose another name")
        elif isinstance(value, Instance) and self.report.what_is(target.text):
            what = self.report.what_is(target.text)
            message = f"`{target.text}` is {what}, and would hold {value}"
            self.report.error(target.span, message, "choose another name")
        else:
            self.scope.names[target.text] = value

    def _dimensions(self) -> set[str]:
        types = [parameter.type for parameter in self.declared.parameters if parameter.type]
        return {d.text for type_ in types for d in type_.dimensions if isinstance(d, syntax.Name)}

    def _variable(self, variable: syntax.Param | syntax.Variable) -> None:
        kind = "param" if isinstance(variable, syntax.Param) else "variable"
        if self.scope.pure:
            hint = "declare it in a module and pass its value"
            self.report.error(variable.span, f"a `fn` is pure: it cannot have a {kind}", hint)
        self.check_type(variable.type)
        if variable.type.dtype.text in DTYPE_CLASSES:
            message = f"a {kind} has one dtype, found the class `{variable.type.dtype.text}`"
            self.report.error(variable.type.dtype.span, message, "write `f32`, for example")
        check_initializer(self.scope, variable.initializer)
        if variable.name.text in self.fixed or variable.name.text in self.scope.names:
            self._declared_twice(variable.name)
        if isinstance(variable, syntax.Variable):
            self.variables.add(variable.name.text)
            if variable.collection.text == "params":
                hint = f"write `param {variable.name.text}: ...`"
                self.report.error(variable.collection.span, "the collection `params` is made of params", hint)
        self._fix(variable.name, f"a {kind}", self._array(variable.type))

    def _update(self, update: syntax.Update) -> None:
        value = self.scope.infer(update.value)
        name = update.target.text
        if name not in self.variables:
            what = self.fixed[name][0] if name in self.fixed else "none"
            known = ", ".join(f"`{name}`" for name in sorted(self.variables))
            hint = (
                f"the variables are {known}" if known else f"declare it: `variable batch_stats.{name}: ...`"
            )
            self.report.error(update.target.span, f"expected a variable, `{name}` is {what}", hint)
            return
        declared = self.scope.names[name]
        if isinstance(declared, Array):
            self._wants(update.value, f"`{name}` is {declared}", declared, value)

    def _return(self, statement: syntax.Return) -> None:
        value, results = self.scope.infer(statement.value), self.declared.results
        name = self.declared.name.text
        if not results:
            self._undeclared(statement.value, value)
        elif isinstance(value, Instance):
            self.report.error(statement.value.span, f"`{name}` returns {value}", "call it: `module(x)`")
            return
        if len(results) > 1:
            items = value.items if isinstance(value, Several) else None
            if isinstance(value, Unknown) or (isinstance(value, Several) and items is None):
                return
            if items is None or len(items) != len(results):
                message = f"`{name}` returns {value}, declared a tuple of {len(results)}"
                self.report.error(statement.value.span, message)
                return
            whole = (statement.value,) * len(items)
            places = statement.value.items if isinstance(statement.value, syntax.Tuple) else whole
            for place, result, item in zip(places, map(self._array, results), items, strict=True):
                self._wants(place, f"`{name}` is declared to return {result}", result, item)
        elif results:
            declared = self._array(results[0])
            self._wants(statement.value, f"`{name}` is declared to return {declared}", declared, value)

    def _undeclared(self, written: syntax.Expression, value: Value) -> None:
        """A result of which nothing is declared is an array, or a tuple of arrays that is written out."""
        items = value.items if isinstance(written, syntax.Tuple) and isinstance(value, Several) else (value,)
        places = written.items if isinstance(written, syntax.Tuple) else (written,)
        for place, item in zip(places, items or (), strict=True):
            if not kind_fits("array", item):
                hints = {Several: "return its items: `return a, b`", Instance: "call it: `module(x)`"}
                message = f"expected an array as the result, found {item}"
                self.report.error(place.span, message, hints.get(type(item), ""))

    def _wants(self, place: syntax.Node, message: str, declared: Array, found: Value) -> None:
        """Notes an error unless the value may be the declared array."""
        number = isinstance(found, Static) and found.kind in ("int", "float", "bool")
        if isinstance(found, Unknown) or (number and declared.shape == ()):
            return
        fits = isinstance(found, Array) and dtype_fits(declared.dtype, found.dtype)
        if not fits or not agree(declared.shape or (), found.shape if isinstance(found, Array) else None):
            self.report.error(place.span, f"{message}, found {found}")

    def _ends_with_return(self) -> None:
        body = self.declared.body
        for before, after in zip(body, body[1:], strict=False):
            if isinstance(before, syntax.Return):
                self.report.error(after.span, "this line is never reached: the line before returns")
        if not any(isinstance(statement, syntax.Return) for statement in body):
            name = self.declared.name
            self.report.error(name.span, f"`{name.text}` returns nothing", "end its body with `return ...`")

    # Names

    def _no_dtype(self, name: syntax.Name) -> None:
        if name.text in DTYPES:
            self.report.error(name.span, f"`{name.text}` is a dtype", "choose another name")

    def _fix(self, name: syntax.Name, what: str, value: Value) -> None:
        self._no_dtype(name)
        self.fixed.setdefault(name.text, (what, name))
        self.scope.names[name.text] = value

    def _declared_twice(self, name: syntax.Name) -> None:
        what, place = self.fixed.get(name.text, (None, None))
        hint = f"it is {what} at {place.span}" if place else "it is a dimension, an argument or a local here"
        self.report.error(name.span, f"`{name.text}` is declared twice", hint)


def _is_size(value: Value) -> bool:
    return isinstance(value, Static) and value.kind == "int"


def _is_rest(value: Value) -> bool:
    return isinstance(value, Static) and value.kind == "rest"
