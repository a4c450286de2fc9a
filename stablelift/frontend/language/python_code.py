"""From checked bodies to Python code objects whose positions are those of the `.lift` file.

JAX records where in Python an operation was traced. A body becomes a code object of ours with the name, lines
and columns of the `.lift` file, so that operations, tracebacks and errors point there. It holds calls of the
names that the checker allowed, and nothing else.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from types import CodeType

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.python_expressions import SELF, ExpressionCode
from stablelift.frontend.language.vocabulary import INITIALIZERS


def translate(
    code: ExpressionCode,
    declared: syntax.Callable,
    members: tuple[syntax.Param | syntax.Variable, ...],
    sizes: tuple[str, ...],
) -> CodeType:
    """The code of a module that defines the body as a function of self, the arguments, and `sizes`.

    `members` are the params and variables of the module; a rest among `sizes` is spelt `*name`.
    """
    code.static |= {size for size in sizes if not size.startswith("*")}
    code.static |= {name for name, kind in code.fields.items() if kind in ("int", "float", "bool")}
    names = [SELF, *(parameter.name.text for parameter in declared.parameters), *sizes]
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    writer = _BodyCode(code, declared)
    body = [line for statement in (*members, *declared.body) for line in writer.statement(statement)]
    function = ast.parse("def call(): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.name, function.args, function.body = declared.name.text, arguments, body
    for node in (function, *arguments.args):
        code.at(node, declared.name.span)
    module = ast.fix_missing_locations(ast.Module([function], []))
    return compile(module, code.source.filename, "exec", dont_inherit=True)


@dataclass
class _BodyCode:
    """Translates the statements of one body."""

    code: ExpressionCode
    declared: syntax.Callable
    types: dict[str, syntax.Type] = field(default_factory=dict)

    def statement(self, statement: syntax.Statement) -> list[ast.stmt]:
        match statement:
            case syntax.Let():
                return self._let(statement)
            case syntax.Param(name=name):
                return [self._assign(name, self._param(statement))]
            case syntax.Variable(name=name):
                self.code.variables.add(name.text)
                self.types[name.text] = statement.type
                return [self._assign(name, self._variable(statement)), self._expect_variable(statement)]
            case syntax.Update(target=target, value=value):
                return [self._update(target, value)]
            case syntax.Return(value=value):
                return self._return(value)

    def _update(self, target: syntax.Name, value: syntax.Expression) -> ast.stmt:
        type_, new = self.types[target.text], self.code.expression(value)
        checked = self._expect(f"`{target.text}` is declared", type_, new, value.span)
        attribute = ast.Attribute(self.code.local(target, ast.Load()), "value", ast.Store())
        return self.code.at(ast.Assign([self.code.at(attribute, target.span)], checked), target.span)

    def _let(self, let: syntax.Let) -> list[ast.stmt]:
        value = self.code.expression(let.value)
        if let.annotation:
            what = f"`{let.targets[0].text}` is declared"
            value = self._expect(what, let.annotation, value, let.value.span)
        self._remember(let)
        if len(let.targets) == 1:
            return [self._assign(let.targets[0], value)]
        targets = [self.code.local(target, ast.Store()) for target in let.targets]
        left = self.code.at(ast.Tuple(targets, ast.Store()), let.targets[0].span.to(let.targets[-1].span))
        return [self.code.at(ast.Assign([left], value), let.value.span)]

    def _remember(self, let: syntax.Let) -> None:
        """Which targets are numbers before tracing, or tuples that may hold such."""
        value, several = let.value, len(let.targets) > 1
        written = value.items if isinstance(value, syntax.Tuple) else (value,)
        matched = len(written) == len(let.targets) and not any(isinstance(x, syntax.Rest) for x in written)
        taken_apart = several and self.code.is_tuple(value)
        for index, target in enumerate(let.targets):
            item = written[index] if matched else value
            static = self.code.is_static(item) if matched else taken_apart
            held = self.code.is_tuple(item) if matched or not several else taken_apart
            for names, belongs in ((self.code.static, static), (self.code.tuples, held)):
                (names.add if belongs and not let.annotation else names.discard)(target.text)

    def _assign(self, target: syntax.Name, value: ast.expr) -> ast.stmt:
        return self.code.at(ast.Assign([self.code.local(target, ast.Store())], value), target.span)

    def _param(self, param: syntax.Param) -> ast.expr:
        shape, dtype = self._shape(param.type), self._dtype(param.type)
        name = self.code.constant(param.name.text, param.name.span)
        arguments = [name, self.code.initializer(param.initializer), shape, dtype]
        return self.code.invoke_self("param", arguments, param.initializer.span)

    def _variable(self, variable: syntax.Variable) -> ast.expr:
        span = variable.initializer.span
        initializer = self.code.initializer(variable.initializer)
        assert isinstance(variable.initializer, syntax.Call)
        assert isinstance(variable.initializer.function, syntax.Name)
        if INITIALIZERS[variable.initializer.function.text].rule == "random":
            initializer = self.code.invoke("@keyed", [self.code.name(SELF, span), initializer], span)
        words = (variable.collection.text, variable.name.text)
        collection, name, key = (self.code.constant(word, span) for word in (*words, None))
        arguments = [
            collection,
            name,
            initializer,
            key,
            self._shape(variable.type),
            self._dtype(variable.type),
        ]
        return self.code.invoke_self("variable", arguments, span)

    def _expect_variable(self, variable: syntax.Variable) -> ast.stmt:
        what = f"the variable `{variable.collection.text}.{variable.name.text}` is declared"
        checked = self._expect(what, variable.type, self.code.expression(variable.name), variable.name.span)
        return self.code.at(ast.Expr(checked), variable.name.span)

    def _return(self, value: syntax.Expression) -> list[ast.stmt]:
        results, span = self.declared.results, value.span
        if isinstance(value, syntax.Tuple) and len(results) != 1:
            items = [(self.code.expression(item), item.span) for item in value.items]
            return [self._returned(items, span)]
        if len(results) < 2:
            return [self._returned([(self.code.expression(value), span)], span)]
        names = [f"@result {index}" for index in range(len(results))]
        targets: list[ast.expr] = [self.code.at(ast.Name(name, ast.Store()), span) for name in names]
        left = self.code.at(ast.Tuple(targets, ast.Store()), span)
        taken = self.code.at(ast.Assign([left], self.code.expression(value)), span)
        return [taken, self._returned([(self.code.name(name, span), span) for name in names], span)]

    def _returned(self, items: list[tuple[ast.expr, Span]], span: Span) -> ast.stmt:
        """Returns the items, each as it is declared, or as an array where nothing is."""
        what = f"`{self.declared.name.text}` is declared to return"
        if self.declared.results:
            typed = zip(self.declared.results, items, strict=True)
            checked = [self._expect(what, type_, value, place) for type_, (value, place) in typed]
        else:
            checked = [self.code.invoke("@result", [value], place) for value, place in items]
        one = checked[0] if len(checked) == 1 else self.code.at(ast.Tuple(checked, ast.Load()), span)
        return self.code.at(ast.Return(one), span)

    # Types

    def _expect(self, what: str, type_: syntax.Type, value: ast.expr, span: Span) -> ast.expr:
        """A call that gives `value` back if it has the type, and is an error at `span` if not."""
        text = self.code.constant(f"{what} {self.code.source.text(type_.span)}", span)
        dtype = self.code.constant(type_.dtype.text, span)
        return self.code.invoke("@expect", [value, text, dtype, self._shape(type_)], span)

    def _shape(self, type_: syntax.Type) -> ast.expr:
        return self.code.expression(syntax.Tuple(type_.span, type_.dimensions))

    def _dtype(self, type_: syntax.Type) -> ast.expr:
        return self.code.name(f"@{type_.dtype.text}", type_.dtype.span)
