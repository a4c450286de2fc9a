"""From Lark's parse tree to the abstract syntax: one method for each rule of the grammar."""

from __future__ import annotations

from typing import Any

from lark import Token, Tree
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive, v_args

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Diagnostic, Source, Span, diagnose
from stablelift.frontend.language.doc_comments import doc_above, doc_of_file

MAX_DEPTH = 100
KEYWORDS = frozenset(
    """
    import module external lift fn param variable update sow return static if elif else for and or not
    true false none
    """.split()
)
INT64_MAX = 2**63 - 1


def span_of(place: Token | Meta) -> Span:
    """The stretch that a token, or a subtree by its meta, covers."""
    line, column = place.line or 1, place.column or 1
    return Span(line, column, place.end_line or line, place.end_column or column)


def too_deep(tree: Tree[Token], source: Source) -> Diagnostic | None:
    """An error for the first expression nested deeper than MAX_DEPTH; the passes over the tree recurse."""
    pending: list[tuple[Tree[Token], int]] = [(tree, 0)]
    while pending:
        subtree, depth = pending.pop()
        if depth > MAX_DEPTH:
            message = f"expression nested more than {MAX_DEPTH} levels deep"
            return diagnose(source, span_of(subtree.meta), message, "name parts of it with `name = ...`")
        pending += [(child, depth + 1) for child in subtree.children if isinstance(child, Tree)]
    return None


@v_args(meta=True)
class SyntaxBuilder(Transformer_NonRecursive[Token, Any]):
    """Builds the syntax bottom up, without recursion; `problems` collects numbers that do not fit."""

    def __init__(self, source: Source):
        super().__init__()
        self.source = source
        self.problems: list[Diagnostic] = []

    # Declarations

    def start(self, meta: Meta, children: list[Any]) -> syntax.File:
        imports = tuple(child for child in children if isinstance(child, syntax.Import))
        declarations = tuple(child for child in children if not isinstance(child, syntax.Import))
        return syntax.File(span_of(meta), declarations, doc_of_file(self.source, children), imports)

    def imports(self, meta: Meta, children: list[Any]) -> syntax.Import:
        *names, path = children
        return syntax.Import(span_of(meta), tuple(names), path)

    def module(self, meta: Meta, children: list[Any]) -> syntax.Module:
        return self._module(meta, children, external=False)

    def external(self, meta: Meta, children: list[Any]) -> syntax.Module:
        return self._module(meta, children, external=True)

    def _module(self, meta: Meta, children: list[Any], *, external: bool) -> syntax.Module:
        name, *parts = children

        def of(*kinds: type) -> tuple[Any, ...]:
            return tuple(part for part in parts if isinstance(part, kinds))

        return syntax.Module(
            span_of(meta),
            name,
            of(syntax.Field),
            of(syntax.Param, syntax.Variable, syntax.Submodule),
            of(syntax.Callable),
            doc_above(self.source, span_of(meta).line),
            external,
        )

    def lift(self, meta: Meta, children: list[Any]) -> syntax.Lift:
        name, value = children
        return syntax.Lift(span_of(meta), name, value, doc_above(self.source, span_of(meta).line))

    def fn(self, meta: Meta, children: list[Any]) -> syntax.Callable:
        name, parameters, declared, *body = children
        several = isinstance(declared, syntax.TupleType) and len(declared.items) != 1
        results = declared.items if several else _present([declared])
        doc = doc_above(self.source, span_of(meta).line)
        return syntax.Callable(span_of(meta), name, parameters, results, body[0] if body else (), doc)

    method = signature = fn

    def submodule(self, meta: Meta, children: list[Any]) -> syntax.Submodule:
        return syntax.Submodule(span_of(meta), *children)

    def field(self, meta: Meta, children: list[Any]) -> syntax.Field:
        name, kind, *default = children
        doc = doc_above(self.source, span_of(meta).line)
        return syntax.Field(span_of(meta), name, kind, default[0] if default else None, doc)

    def param(self, meta: Meta, children: list[Any]) -> syntax.Param:
        return syntax.Param(span_of(meta), *children)

    def variable(self, meta: Meta, children: list[Any]) -> syntax.Variable:
        return syntax.Variable(span_of(meta), *children)

    def parameters(self, _meta: Meta, children: list[Any]) -> tuple[syntax.Parameter, ...]:
        return _present(children)

    def parameter(self, meta: Meta, children: list[Any]) -> syntax.Parameter:
        return syntax.Parameter(span_of(meta), *children)

    def static(self, meta: Meta, children: list[Any]) -> syntax.Parameter:
        name, kind, default = children
        return syntax.Parameter(span_of(meta), name, None, default, kind)

    # Types

    def array(self, meta: Meta, children: list[Any]) -> syntax.Type:
        dtype, dimensions = children
        return syntax.Type(span_of(meta), dtype, dimensions or ())

    def tuple_type(self, meta: Meta, children: list[Any]) -> syntax.TupleType:
        return syntax.TupleType(span_of(meta), tuple(children))

    def dimensions(self, _meta: Meta, children: list[Any]) -> tuple[Any, ...]:
        return _present(children)

    def rest(self, meta: Meta, children: list[Any]) -> syntax.Rest:
        return syntax.Rest(span_of(meta), children[-1])

    # Kinds

    def kind(self, meta: Meta, children: list[Any]) -> syntax.Kind:
        return syntax.Kind(span_of(meta), children[0].text, (), False)

    def module_kind(self, meta: Meta, _children: list[Any]) -> syntax.Kind:
        return syntax.Kind(span_of(meta), "module", (), False)

    def tuple_kind(self, meta: Meta, children: list[Any]) -> syntax.Kind:
        items = tuple(child for child in children if isinstance(child, syntax.Kind))
        repeated = any(isinstance(child, syntax.Ellipsis) for child in children)
        if repeated and len(items) > 1:
            self._problem(children[-1].span, "`...` repeats one kind, found " + str(len(items)))
        return syntax.Kind(span_of(meta), "tuple", items, repeated)

    # Statements

    def block(self, _meta: Meta, children: list[Any]) -> tuple[syntax.Statement, ...]:
        return tuple(children)

    def let(self, meta: Meta, children: list[Any]) -> syntax.Let:
        *targets, value = children
        return syntax.Let(span_of(meta), tuple(targets), None, value)

    def annotated(self, meta: Meta, children: list[Any]) -> syntax.Let:
        target, annotation, value = children
        return syntax.Let(span_of(meta), (target,), annotation, value)

    def update(self, meta: Meta, children: list[Any]) -> syntax.Update:
        return syntax.Update(span_of(meta), *children)

    def sow(self, meta: Meta, children: list[Any]) -> syntax.Sow:
        return syntax.Sow(span_of(meta), *children)

    def branch(self, meta: Meta, children: list[Any]) -> syntax.If:
        *pairs, otherwise = children
        branches = tuple(zip(pairs[::2], pairs[1::2], strict=True))
        return syntax.If(span_of(meta), branches, otherwise or ())

    def loop(self, meta: Meta, children: list[Any]) -> syntax.For:
        *targets, iterable, body = children
        return syntax.For(span_of(meta), tuple(targets), iterable, body)

    def result(self, meta: Meta, children: list[Any]) -> syntax.Return:
        return syntax.Return(span_of(meta), *children)

    # Expressions

    def comparison(self, meta: Meta, children: list[Any]) -> syntax.Binary:
        left, operator, right = children
        return syntax.Binary(span_of(meta), str(operator), span_of(operator), left, right)

    sum = product = power = either = both = comparison

    def conditional(self, meta: Meta, children: list[Any]) -> syntax.Conditional:
        return syntax.Conditional(span_of(meta), *children)

    def inverse(self, meta: Meta, children: list[Any]) -> syntax.Not:
        return syntax.Not(span_of(meta), children[-1])

    def comprehension(self, meta: Meta, children: list[Any]) -> syntax.Comprehension:
        value, *targets, iterable = children
        return syntax.Comprehension(span_of(meta), value, tuple(targets), iterable)

    def attribute(self, meta: Meta, children: list[Any]) -> syntax.Attribute:
        return syntax.Attribute(span_of(meta), *children)

    def negation(self, meta: Meta, children: list[Any]) -> syntax.Negation:
        return syntax.Negation(span_of(meta), children[-1])

    def call(self, meta: Meta, children: list[Any]) -> syntax.Call:
        function, arguments = children
        keywords = tuple(item for item in arguments if isinstance(item, syntax.Keyword))
        positional = tuple(item for item in arguments if not isinstance(item, syntax.Keyword))
        return syntax.Call(span_of(meta), function, positional, keywords)

    def arguments(self, _meta: Meta, children: list[Any]) -> tuple[Any, ...]:
        found = _present(children)
        named = [isinstance(item, syntax.Keyword) for item in found]
        if named != sorted(named):
            late = found[len(named) - 1 - named[::-1].index(False)]
            message = "expected a keyword argument after keyword arguments, found a positional one"
            self._problem(late.span, message)
        return found

    def keyword(self, meta: Meta, children: list[Any]) -> syntax.Keyword:
        return syntax.Keyword(span_of(meta), *children)

    def subscript(self, meta: Meta, children: list[Any]) -> syntax.Subscript:
        value, *indices = children
        return syntax.Subscript(span_of(meta), value, tuple(indices))

    def slice(self, meta: Meta, children: list[Any]) -> syntax.Slice:
        return syntax.Slice(span_of(meta), *children)

    def bound(self, _meta: Meta, children: list[Any]) -> syntax.Expression:
        return children[0]

    def ellipsis(self, meta: Meta, _children: list[Any]) -> syntax.Ellipsis:
        return syntax.Ellipsis(span_of(meta))

    def tuple(self, meta: Meta, children: list[Any]) -> syntax.Tuple:
        return syntax.Tuple(span_of(meta), _present(children))

    tuple_bare = tuple

    def dictionary(self, meta: Meta, children: list[Any]) -> syntax.Dictionary:
        return syntax.Dictionary(span_of(meta), _present(children))

    def entry(self, _meta: Meta, children: list[Any]) -> Any:
        key, value = children
        if isinstance(key, syntax.Literal):
            key = syntax.Name(key.span, str(key.value))
        return key, value

    # Tokens

    def NAME(self, token: Token) -> syntax.Name:
        span = span_of(token)
        if token in KEYWORDS:
            self._problem(span, f"expected a name, found the keyword `{token}`")
        return syntax.Name(span, str(token))

    def INTEGER(self, token: Token) -> syntax.Literal:
        return syntax.Literal(span_of(token), self._value(token))

    FLOAT = STRING = TRUE = FALSE = NONE = INTEGER

    def _value(self, token: Token) -> Any:
        if token.type == "STRING":
            return str(token)[1:-1]
        if token.type == "FLOAT":
            return self._number(token, float(token), float("inf"))
        if token.type == "INTEGER":
            digits = token.lstrip("0") or "0"
            return self._number(token, int(digits[:20]), INT64_MAX + 1)
        return {"true": True, "false": False, "none": None}[str(token)]

    def _number(self, token: Token, value: int | float, limit: int | float) -> int | float:
        if value < limit:
            return value
        self._problem(span_of(token), f"`{token}` does not fit into 64 bits")
        return 0

    def _problem(self, span: Span, message: str) -> None:
        self.problems.append(diagnose(self.source, span, message))


def _present(children: list[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None)
