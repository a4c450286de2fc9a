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
from stablelift.frontend.language.constants import lift_arguments
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.python_expressions import PARAM, SUBMODULE, VARIABLE, ExpressionCode
from stablelift.frontend.language.python_nodes import SELF
from stablelift.frontend.language.types import new_dimensions
from stablelift.frontend.language.vocabulary import INITIALIZERS


def translate(
    code: ExpressionCode,
    declared: syntax.Callable,
    members: tuple[syntax.Member, ...],
    sizes: tuple[str, ...],
) -> CodeType:
    """The code of a module that defines the body as a function of self, the arguments, and `sizes`.

    `members` are the params and variables of the module that the body makes; a rest among `sizes` is spelt
    `*name`.
    """
    parameters = [parameter.name.text for parameter in declared.parameters]
    code.arrays |= {
        p.name.text
        for p in declared.parameters
        if p.kind is None and not isinstance(p.type, syntax.TupleType)
    }
    new = new_dimensions(declared, [*code.attributes, *(member.name.text for member in members)])
    code.locals |= {
        *parameters,
        *(name for names in new.values() for name in names),
        *sizes,
        *syntax.bound_names(declared.body),
        *(member.name.text for member in members),
    }
    writer = _BodyCode(code, declared.name, declared.results, new_dimensions=new)
    return writer.compile([*members, *declared.body], [SELF, *parameters, *sizes])


def translate_setup(
    code: ExpressionCode, module: syntax.Module, members: tuple[syntax.Member, ...]
) -> CodeType:
    """The code of a module that defines `setup`, which makes the members as attributes of self."""
    return _BodyCode(code, module.name, (), setup=True).compile(list(members), [SELF])


@dataclass
class _BodyCode:
    """Translates the statements of one body; in `setup` what is declared becomes an attribute."""

    code: ExpressionCode
    name: syntax.Name
    results: tuple[syntax.AnyType, ...]
    setup: bool = False
    types: dict[str, syntax.AnyType] = field(default_factory=dict)
    new_dimensions: dict[Span, list[str]] = field(default_factory=dict)

    def compile(self, statements: list[syntax.Statement | syntax.Submodule], names: list[str]) -> CodeType:
        """The code object of a module that defines the function."""
        arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
        body = [line for statement in statements for line in self.statement(statement)]
        function = ast.parse("def call(): pass").body[0]
        assert isinstance(function, ast.FunctionDef)
        function.name, function.args, function.body = self.name.text, arguments, body
        for node in (function, *arguments.args):
            self.code.at(node, self.name.span)
        module = ast.fix_missing_locations(ast.Module([function], []))
        return compile(module, self.code.source.filename, "exec", dont_inherit=True)

    def statement(self, statement: syntax.Statement | syntax.Submodule) -> list[ast.stmt]:
        match statement:
            case syntax.Let():
                return self._let(statement)
            case syntax.Submodule(name=name, value=value):
                self.code.attributes[name.text] = SUBMODULE
                return [self._assign(name, self.code.expression(value))]
            case syntax.Param(name=name):
                self._declare(statement, PARAM)
                return [self._assign(name, self._param(statement))]
            case syntax.Variable(name=name):
                self._declare(statement, VARIABLE)
                return [self._assign(name, self._variable(statement)), self._expect_variable(statement)]
            case syntax.Update(target=target, value=value):
                return [self._update(target, value)]
            case syntax.Sow(collection=collection, name=name, value=value):
                words = [self.code.constant(word.text, word.span) for word in (collection, name)]
                sown = self.code.invoke_self("sow", [*words, self.code.expression(value)], statement.span)
                return [self.code.at(ast.Expr(sown), statement.span)]
            case syntax.Return(value=value):
                return self._return(value)
            case syntax.If():
                return [self._if(statement)]
            case syntax.For():
                return [self._for(statement)]

    def _declare(self, variable: syntax.Param | syntax.Variable, what: str) -> None:
        name = variable.name.text
        if self.setup:
            self.code.attributes[name] = what
        elif what == VARIABLE:
            self.code.variables.add(name)
        else:
            self.code.arrays.add(name)
        self.types[name] = variable.type

    def _update(self, target: syntax.Name, value: syntax.Expression) -> ast.stmt:
        new = self.code.expression(value)
        if target.text in self.types:
            type_ = self.types[target.text]
            new = self._expect(f"`{target.text}` is declared", type_, new, value.span)
        held = self.code.expression(target)
        assert isinstance(held, ast.Attribute)
        held.ctx = ast.Store()
        return self.code.at(ast.Assign([held], new), target.span)

    def _let(self, let: syntax.Let) -> list[ast.stmt]:
        value = self.code.expression(let.value)
        new = self.new_dimensions.get(let.span)
        if new and isinstance(let.annotation, syntax.Type):
            return self._naming(let, let.annotation, value, new)
        if let.annotation:
            what = f"`{let.targets[0].text}` is declared"
            value = self._expect(what, let.annotation, value, let.value.span)
        self._remember(let)
        if len(let.targets) == 1:
            return [self._assign(let.targets[0], value)]
        return [self.code.at(ast.Assign([self.code.targets(let.targets)], value), let.value.span)]

    def _naming(self, let: syntax.Let, type_: syntax.Type, value: ast.expr, new: list[str]) -> list[ast.stmt]:
        """A value whose type names dimensions: what is known is checked, they are named, all is checked."""
        target, span = let.targets[0], let.value.span
        what = f"`{target.text}` is declared"
        open_ = [_mentions(dimension, new) for dimension in type_.dimensions]
        lines = [self._assign(target, self._expect(what, type_, value, span, open_))]
        self._remember(let)
        rest = next((i for i, each in enumerate(type_.dimensions) if isinstance(each, syntax.Rest)), None)
        for index, dimension in enumerate(type_.dimensions):
            if isinstance(dimension, syntax.Name) and dimension.text in new:
                new = [name for name in new if name != dimension.text]
                place = index if rest is None or index < rest else index - len(type_.dimensions)
                shape = self.code.at(ast.Attribute(self.code.expression(target), "shape", ast.Load()), span)
                size = self.code.at(ast.Subscript(shape, self.code.constant(place, span), ast.Load()), span)
                lines.append(self._assign(dimension, size))
        checked = self._expect(what, type_, self.code.expression(target), span)
        return [*lines, self.code.at(ast.Expr(checked), span)]

    def _remember(self, let: syntax.Let) -> None:
        """Which targets are surely arrays."""
        single = len(let.targets) == 1
        array = isinstance(let.annotation, syntax.Type) or (single and self.code.is_array(let.value))
        for target in let.targets:
            (self.code.arrays.add if single and array else self.code.arrays.discard)(target.text)

    def _assign(self, target: syntax.Name, value: ast.expr) -> ast.stmt:
        if not self.setup:
            return self.code.at(ast.Assign([self.code.local(target, ast.Store())], value), target.span)
        attribute = ast.Attribute(self.code.name(SELF, target.span), target.text, ast.Store())
        return self.code.at(ast.Assign([self.code.at(attribute, target.span)], value), target.span)

    def _param(self, param: syntax.Param) -> ast.expr:
        shape, dtype = self._shape(param.type), self._dtype(param.type)
        name = self.code.constant(param.name.text, param.name.span)
        arguments = [name, self.code.initializer(param.initializer), shape, dtype]
        return self.code.invoke_self("param", arguments, param.initializer.span)

    def _variable(self, variable: syntax.Variable) -> ast.expr:
        span = variable.initializer.span
        initializer = self.code.initializer(variable.initializer)
        if _is_random(variable.initializer):
            initializer = self.code.invoke("@keyed", [self.code.name(SELF, span), initializer], span)
        words = (variable.collection.text, variable.name.text)
        collection, name, key = (self.code.constant(word, span) for word in (*words, None))
        shape, dtype = self._shape(variable.type), self._dtype(variable.type)
        return self.code.invoke_self("variable", [collection, name, initializer, key, shape, dtype], span)

    def _expect_variable(self, variable: syntax.Variable) -> ast.stmt:
        what = f"the variable `{variable.collection.text}.{variable.name.text}` is declared"
        checked = self._expect(what, variable.type, self.code.expression(variable.name), variable.name.span)
        return self.code.at(ast.Expr(checked), variable.name.span)

    # Control flow

    def _if(self, statement: syntax.If) -> ast.stmt:
        """One `if` of Python; after it only what every branch leaves an array surely is one."""
        before = set(self.code.arrays)
        blocks: list[list[ast.stmt]] = []
        left: list[set[str]] = []
        for block in (*(block for _, block in statement.branches), statement.otherwise):
            self.code.arrays = set(before)
            blocks.append([line for each in block for line in self.statement(each)])
            left.append(self.code.arrays)
        self.code.arrays = set.intersection(*left)
        result: list[ast.stmt] = blocks.pop()
        for (test, _), block in zip(reversed(statement.branches), reversed(blocks), strict=True):
            result = [self.code.at(ast.If(self.code.test(test), block, result), test.span)]
        return result[0]

    def _for(self, loop: syntax.For) -> ast.stmt:
        # What a later round finds in a name may be no array, whatever it is in the first.
        self.code.arrays -= {*syntax.bound_names((loop,))}
        before = set(self.code.arrays)
        span = loop.iterable.span
        items = self.code.invoke("@each", [self.code.expression(loop.iterable)], span)
        body = [line for each in loop.body for line in self.statement(each)]
        self.code.arrays &= before
        return self.code.at(ast.For(self.code.targets(loop.targets), items, body, []), span)

    # Results

    def _return(self, value: syntax.Expression) -> list[ast.stmt]:
        results, span = self.results, value.span
        written = value.items if isinstance(value, syntax.Tuple) else ()
        if written and len(results) != 1 and not any(isinstance(item, syntax.Rest) for item in written):
            items = [(self.code.expression(item), item.span) for item in written]
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
        what = f"`{self.name.text}` is declared to return"
        if self.results:
            typed = zip(self.results, items, strict=True)
            checked = [self._expect(what, type_, value, place) for type_, (value, place) in typed]
        else:
            checked = [self.code.invoke("@result", [value], place) for value, place in items]
        one = checked[0] if len(checked) == 1 else self.code.at(ast.Tuple(checked, ast.Load()), span)
        return self.code.at(ast.Return(one), span)

    # Types

    def _expect(
        self, what: str, type_: syntax.AnyType, value: ast.expr, span: Span, open_: list[bool] | None = None
    ) -> ast.expr:
        """A call that gives `value` back if it has the type, and is an error at `span` if not.

        The dimensions that are `open_` may have any size.
        """
        text = self.code.constant(f"{what} {self.code.source.text(type_.span)}", span)
        spec = self._spec(type_, span)
        if open_ is not None and isinstance(spec, ast.Tuple) and isinstance(spec.elts[1], ast.Tuple):
            sizes = spec.elts[1]
            pairs = zip(sizes.elts, open_, strict=True)
            sizes.elts = [self.code.constant(None, span) if each else size for size, each in pairs]
        return self.code.invoke("@expect", [value, text, spec], span)

    def _spec(self, type_: syntax.AnyType, span: Span) -> ast.expr:
        """The type as a value: a pair of dtype and shape, or a list of such."""
        if isinstance(type_, syntax.TupleType):
            items = [self._spec(item, span) for item in type_.items]
            return self.code.at(ast.List(items, ast.Load()), span)
        dtype = self.code.constant(type_.dtype.text, span)
        return self.code.at(ast.Tuple([dtype, self._shape(type_)], ast.Load()), span)

    def _shape(self, type_: syntax.AnyType) -> ast.expr:
        dimensions = type_.dimensions if isinstance(type_, syntax.Type) else ()
        return self.code.tuple(dimensions, type_.span)

    def _dtype(self, type_: syntax.AnyType) -> ast.expr:
        assert isinstance(type_, syntax.Type)
        return self.code.name(f"@{type_.dtype.text}", type_.dtype.span)


def _mentions(dimension: syntax.Expression | syntax.Rest, names: list[str]) -> bool:
    return any(isinstance(node, syntax.Name) and node.text in names for node in syntax.below(dimension))


def _is_random(initializer: syntax.Expression) -> bool:
    """Whether the initializer, or the one that it is made of, draws a random key."""
    assert isinstance(initializer, syntax.Call) and isinstance(initializer.function, syntax.Name)
    word = INITIALIZERS[initializer.function.text]
    if word.rule == "boxed":
        return _is_random(lift_arguments(initializer, word)["init"])
    return word.rule == "random"
