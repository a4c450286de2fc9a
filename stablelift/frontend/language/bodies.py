"""Checks the bodies of methods and functions: what each name is, params, control flow, and the result."""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language import syntax
from stablelift.frontend.language.body_variables import check_sow, check_update, check_variable
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.expressions import Expressions
from stablelift.frontend.language.lets import bind, check_let
from stablelift.frontend.language.members import check_members, fields_in_scope
from stablelift.frontend.language.parameters import bind_parameters
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.results import check_returned
from stablelift.frontend.language.types import (
    check_type,
    new_dimensions,
)
from stablelift.frontend.language.values import (
    UNKNOWN,
    Value,
    join,
    size_of,
    value_of,
)
from stablelift.frontend.language.vocabulary import DTYPES

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
        self.new_dimensions: dict[Span, list[str]] = {}

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
                check_let(self, statement)
            case syntax.Param() | syntax.Variable():
                check_variable(self, statement)
            case syntax.Update():
                check_update(self, statement)
            case syntax.Sow():
                check_sow(self, statement)
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
            bind(self, target, value)
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
