"""A method or `fn`, ready to run: binds sizes, runs the code object, and places what goes wrong."""

from __future__ import annotations

import inspect
from types import CodeType
from typing import Any

from stablelift.frontend.language import syntax
from stablelift.frontend.language.binding import ArgumentMismatch, Binder, Sizes
from stablelift.frontend.language.constants import NotConstant, constant
from stablelift.frontend.language.diagnostics import LiftTraceError, Source, diagnose
from stablelift.frontend.language.located import argument_error, nodes_by_place, run_located
from stablelift.frontend.language.python_code import translate
from stablelift.frontend.language.python_expressions import ExpressionCode
from stablelift.frontend.language.static import budgeted
from stablelift.frontend.language.types import named_dimensions

Parameter = inspect.Parameter


def run_code(code: CodeType, name: str, known: dict[str, Any]) -> Any:
    """The function that a code object defines, among the words of the language and nothing of Python's."""
    made: dict[str, Any] = {}
    exec(code, known, made)
    return made[name]


class RunningBody:
    """One body of the file as a Python function. `fields` are the names of integers that sizes may be."""

    def __init__(
        self,
        declared: syntax.Callable,
        source: Source,
        code: ExpressionCode,
        known: dict[str, Any],
        members: tuple[syntax.Member, ...],
        fields: tuple[str, ...],
    ):
        self.declared, self.source = declared, source
        self.sizes = tuple(named_dimensions(declared, fields))
        self.texts = tuple(source.text(p.type.span) if p.type else "" for p in declared.parameters)
        self.nodes = nodes_by_place(declared.body)
        names = [
            Parameter(p.name.text, Parameter.POSITIONAL_OR_KEYWORD, default=_default(p))
            for p in declared.parameters
        ]
        self.signature = inspect.Signature(names)
        self.run = run_code(translate(code, declared, members, self.sizes), declared.name.text, known)

    def __call__(
        self, module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], fields: Sizes
    ) -> Any:
        binder = Binder(self.declared, self.texts, dict(fields))
        try:
            values = binder.bind(self._arguments(arguments, keywords))
        except ArgumentMismatch as mismatch:
            raise argument_error(self.source, mismatch) from None
        # A dimension of an argument that was left out has no size.
        extra = [binder.sizes.get(name.lstrip("*")) for name in self.sizes]

        def run() -> Any:
            with budgeted():
                return self.run(module, *values, *extra)

        return run_located(self.source, run, self.nodes, self.declared.name.span)

    def _arguments(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        try:
            given = self.signature.bind(*arguments, **keywords)
        except TypeError as error:
            name = self.declared.name
            wanted = ", ".join(self.signature.parameters) or "no arguments"
            message = f"`{name.text}` takes {wanted}: {error}"
            raise LiftTraceError([diagnose(self.source, name.span, message)]) from None
        given.apply_defaults()
        return given.args

    def dress(self, function: Any, name: str, qualified: str, home: str, *, receiver: bool) -> None:
        """Gives the Python function the name, doc comment and signature that `help` shows."""
        function.__name__, function.__qualname__, function.__module__ = name, qualified, home
        own = [Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)] if receiver else []
        kinds = [
            p.kind.text if p.kind else text
            for p, text in zip(self.declared.parameters, self.texts, strict=True)
        ]
        typed = zip(self.signature.parameters.values(), kinds, strict=True)
        shown = [parameter.replace(annotation=text or Parameter.empty) for parameter, text in typed]
        results = ", ".join(self.source.text(result.span) for result in self.declared.results)
        returned = f"({results})" if len(self.declared.results) > 1 else results
        signature = inspect.Signature([*own, *shown], return_annotation=returned or inspect.Signature.empty)
        function.__signature__ = signature
        function.__doc__ = self.declared.doc or None


def _default(parameter: syntax.Parameter) -> Any:
    """What an argument is that is left out."""
    if parameter.default is None:
        return Parameter.empty
    try:
        return constant(parameter.default)
    except NotConstant:
        return None
