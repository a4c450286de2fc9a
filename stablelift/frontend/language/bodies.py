"""Checks the bodies of methods and functions: what each name is, params, control flow, and the result."""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language import syntax
from stablelift.frontend.language.apply import fits
from stablelift.frontend.language.expressions import Expressions
from stablelift.frontend.language.given_values import check_initializer
from stablelift.frontend.language.members import check_members, fields_in_scope
from stablelift.frontend.language.parameters import bind_parameters
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.results import check_declared, check_returned
from stablelift.frontend.language.shapes import Mismatch
from stablelift.frontend.language.types import (
    arrays_in,
    check_type,
    named_dimensions,
    new_dimensions,
)
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Function,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    join,
    size_of,
    value_of,
)
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES, DTYPES

MAX_LOOKED_TWICE = 2
MAX_BRANCHES = 100


@dataclass
class _Names:
    """What the names are at one place of the body."""

    values: dict[str, Value]
    fixed: dict[str, tuple[str, syntax.Name]]
    variables: set[str]
    partial: dict[str, str]


class Body:
    """Checks one method or `fn`. `fixed` says what the names are that a `let` may not bind again."""

    def __init__(self, report: Report, declared: syntax.Callable, module: syntax.Module | None):
        self.report, self.declared, self.module = report, declared, module
        self.scope = Expressions(report, module=module)
        self.fixed: dict[str, tuple[str, syntax.Name]] = {}
        self.variables: set[str] = set()
        self.loops = 0
        self.new_dimensions: dict[syntax.Span, list[str]] = {}

    @property
    def in_loop(self) -> bool:
        return self.loops > 0

    def check(self) -> None:
        """Checks everything, in the order of the text."""
        if self.module:
            for name, value in fields_in_scope(self.module):
                self.fix(name, "a field", value)
        bind_parameters(self)
        for result in self.declared.results:
            check_type(self.scope, result)
        if self.module:
            check_members(self, self.module)
        self.new_dimensions = new_dimensions(self.declared, _names_of(self.module))
        if self.module is None or not self.module.external:
            returned = self._block(self.declared.body)
            self._ends_with_return(returned)

    def array(self, type_: syntax.AnyType) -> Value:
        """The value that a type describes, in the sizes of this body."""
        return value_of(type_, {name: size_of(value) for name, value in self.scope.names.items()})

    # Statements

    def _block(self, statements: syntax.Block) -> bool:
        """Checks the statements; whether the last of them always returns."""
        returned = False
        for before, statement in zip((None, *statements), statements, strict=False):
            if returned and before is not None:
                words = (
                    "the line before returns" if isinstance(before, syntax.Return) else "all branches return"
                )
                self.report.error(statement.span, f"this line is never reached: {words}")
            returned = self._statement(statement) or returned
        return returned

    def _statement(self, statement: syntax.Statement) -> bool:
        match statement:
            case syntax.Let():
                self._let(statement)
            case syntax.Param() | syntax.Variable():
                self.variable(statement)
            case syntax.Update():
                self._update(statement)
            case syntax.Sow():
                self._sow(statement)
            case syntax.Return():
                if self.in_loop:
                    hint = "keep the value in a name, and return it after the loop"
                    self.report.error(statement.span, "a loop does not return", hint)
                check_returned(
                    self.report, self.declared, self.scope.infer(statement.value), statement, self.array
                )
                return True
            case syntax.If():
                return self._if(statement)
            case syntax.For():
                self._for(statement)
        return False

    def _let(self, let: syntax.Let) -> None:
        value = self.scope.infer(let.value)
        if let.annotation:
            self._name_dimensions(let, value)
            check_type(self.scope, let.annotation)
            declared = self.array(let.annotation)
            message = f"`{let.targets[0].text}` is declared {declared}"
            check_declared(self.report, let.value, message, declared, value)
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

    def _name_dimensions(self, let: syntax.Let, value: Value) -> None:
        """Brings the dimensions that the annotation names first into scope."""
        new = self.new_dimensions.get(let.span, [])
        if not new or not isinstance(let.annotation, syntax.Type):
            return
        bound = {name: size_of(known) for name, known in self.scope.names.items()}
        try:
            fits(let.annotation, value, bound)
        except Mismatch:
            bound = {}
        for dimension in let.annotation.dimensions:
            if isinstance(dimension, syntax.Name) and dimension.text in new:
                size = bound.get(dimension.text)
                shown = dimension.text if size is None else size
                self.fix(dimension, "a dimension", Static("int", size=shown))

    def _items(self, let: syntax.Let, value: Value) -> tuple[Value, ...]:
        count = len(let.targets)
        items = value.items if isinstance(value, Several) else None
        if items is not None and len(items) != count and not any(map(_is_rest, items)):
            self.report.error(let.value.span, f"{count} names on the left, {len(items)} values on the right")
        elif not isinstance(value, (Several, Array, Unknown)):
            self.report.error(let.value.span, f"{count} names on the left, found {value}")
        if items is None and isinstance(value, Several):
            return (value.item,) * count
        if items is None or len(items) != count or any(map(_is_rest, items)):
            # An array is split along its first axis.
            return (UNKNOWN,) * count
        return items

    def _bind(self, target: syntax.Name, value: Value) -> None:
        self.no_dtype(target)
        name = target.text
        self.scope.partial.pop(name, None)
        if name in self.fixed:
            what, place = self.fixed[name]
            message = f"`{name}` is {what}, declared at {place.span}"
            self.report.error(target.span, message, "choose another name")
        elif isinstance(self.scope.names.get(name), Static) and name in named_dimensions(self.declared):
            self.report.error(target.span, f"`{name}` is a dimension", "choose another name")
        elif isinstance(value, Instance) and self.report.what_is(name):
            message = f"`{name}` is {self.report.what_is(name)}, and would hold {value}"
            self.report.error(target.span, message, "choose another name")
        else:
            self.scope.names[name] = value

    def variable(self, variable: syntax.Param | syntax.Variable) -> None:
        """Checks a param or variable, and gives its name its value."""
        kind = "param" if isinstance(variable, syntax.Param) else "variable"
        if self.scope.pure:
            hint = "declare it in a module and pass its value"
            self.report.error(variable.span, f"a `fn` is pure: it cannot have a {kind}", hint)
        check_type(self.scope, variable.type)
        for array in arrays_in(variable.type):
            if array.dtype.text in DTYPE_CLASSES:
                message = f"a {kind} has one dtype, found the class `{array.dtype.text}`"
                self.report.error(array.dtype.span, message, "write `f32`, for example")
        if isinstance(variable.type, syntax.TupleType):
            self.report.error(variable.type.span, f"a {kind} is one array, found a tuple")
        check_initializer(self.scope, variable.initializer)
        if self.in_loop:
            hint = "make a module of the body: each has variables of its own"
            self.report.error(variable.span, f"a loop would declare the {kind} again and again", hint)
        elif variable.name.text in self.fixed or variable.name.text in self.scope.names:
            self.declared_twice(variable.name)
        if isinstance(variable, syntax.Variable):
            self.variables.add(variable.name.text)
            if variable.collection.text == "params":
                hint = f"write `param {variable.name.text}: ...`"
                self.report.error(variable.collection.span, "the collection `params` is made of params", hint)
        self.fix(variable.name, f"a {kind}", self.array(variable.type))

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
        declared = self.scope.names.get(name, UNKNOWN)
        if isinstance(declared, Array):
            check_declared(self.report, update.value, f"`{name}` is {declared}", declared, value)

    def _sow(self, sow: syntax.Sow) -> None:
        value = self.scope.infer(sow.value)
        if self.module is None:
            hint = "return the value, and sow it in a method"
            self.report.error(sow.span, "a `fn` is pure: it cannot sow", hint)
        if sow.collection.text == "params":
            hint = "a collection such as `intermediates` gathers values"
            self.report.error(sow.collection.span, "the collection `params` is made of params", hint)
        if isinstance(value, (Instance, Function)) or (
            isinstance(value, Static) and value.kind not in ("int", "float", "bool")
        ):
            self.report.error(sow.value.span, f"expected an array, or a tuple of arrays, found {value}")
        named = self.fixed.get(sow.name.text, ("", None))[0]
        if named in ("a param", "a variable", "a submodule"):
            message = f"`{sow.name.text}` is {named} of this module"
            self.report.error(sow.name.span, message, "sow by another name")

    # Control flow

    def _names(self) -> _Names:
        scope = self.scope
        return _Names(dict(scope.names), dict(self.fixed), set(self.variables), dict(scope.partial))

    def _restore(self, names: _Names) -> None:
        self.scope.names, self.fixed = dict(names.values), dict(names.fixed)
        self.variables, self.scope.partial = set(names.variables), dict(names.partial)

    def _if(self, statement: syntax.If) -> bool:
        if len(statement.branches) > MAX_BRANCHES:
            self.report.error(statement.span, f"an `if` has at most {MAX_BRANCHES} branches")
        before = self._names()
        left: list[_Names] = []
        for test, block in statement.branches:
            self.scope.decide(test)
            self._restore(before)
            if not self._block(block):
                left.append(self._names())
        self._restore(before)
        if not self._block(statement.otherwise):
            left.append(self._names())
        if not left:
            return True
        self._merge(left, f"only some branches of the `if` at {statement.span} give it a value")
        return False

    def _merge(self, outcomes: list[_Names], reason: str) -> None:
        """The names that exist in all outcomes, and what is known of each."""
        first, *others = outcomes
        values = dict(first.values)
        for other in others:
            common = values.keys() & other.values.keys()
            missing = (values.keys() | other.values.keys()) - common
            first.partial |= other.partial | dict.fromkeys(missing, reason)
            values = {name: join(values[name], other.values[name]) for name in values if name in common}
            first.fixed |= other.fixed
            first.variables |= other.variables
        self._restore(_Names(values, first.fixed, first.variables, first.partial))

    def _for(self, loop: syntax.For) -> None:
        item = self.scope.items_of(loop.iterable)
        before = self._names()
        self.loops += 1
        reason = f"only the loop at {loop.span} gives it a value"
        # What a name is at the beginning of a round depends on the rounds before: look twice, but not in
        # loops inside of loops, where that takes long.
        if self.loops <= MAX_LOOKED_TWICE:
            with self.report.muted():
                self._round(loop, item)
            self._merge([before, self._names()], reason)
        else:
            changed = self.scope.names.keys() & set(syntax.bound_names((loop,))) - self.fixed.keys()
            self.scope.names |= dict.fromkeys(changed, UNKNOWN)
        start = self._names()
        self._round(loop, item)
        self._merge([start, self._names()], reason)
        self.loops -= 1

    def _round(self, loop: syntax.For, item: Value) -> None:
        for target, value in zip(loop.targets, self.scope.take_apart(loop.targets, item), strict=True):
            self._bind(target, value)
        self._block(loop.body)

    def _ends_with_return(self, returned: bool) -> None:
        if returned:
            return
        name = self.declared.name
        last = self.declared.body[-1]
        if isinstance(last, syntax.If):
            message = f"`{name.text}` returns in some branches only"
            self.report.error(last.span, message, "add `else`, or a `return` after the branches")
        else:
            self.report.error(name.span, f"`{name.text}` returns nothing", "end its body with `return ...`")

    # Names

    def no_dtype(self, name: syntax.Name) -> None:
        """Notes an error for a name that is a dtype's."""
        if name.text in DTYPES:
            self.report.error(name.span, f"`{name.text}` is a dtype", "choose another name")

    def fix(self, name: syntax.Name, what: str, value: Value) -> None:
        """Gives a name a value that no `let` may change."""
        self.no_dtype(name)
        self.fixed.setdefault(name.text, (what, name))
        self.scope.names[name.text] = value
        self.scope.partial.pop(name.text, None)

    def declared_twice(self, name: syntax.Name) -> None:
        """Notes an error for a name that has a meaning already."""
        what, place = self.fixed.get(name.text, (None, None))
        hint = f"it is {what} at {place.span}" if place else "it is a dimension, an argument or a local here"
        self.report.error(name.span, f"`{name.text}` is declared twice", hint)


def _names_of(module: syntax.Module | None) -> list[str]:
    """Fields, members and methods."""
    parts = (*module.fields, *module.members, *module.methods) if module else ()
    return [part.name.text for part in parts]


def _is_rest(value: Value) -> bool:
    return isinstance(value, Static) and value.kind == "rest"
