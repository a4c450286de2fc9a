"""Errors of a running body, with the place in the `.lift` file at which they arose."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import jax

from stablelift.errors import StableliftError
from stablelift.frontend.language import syntax
from stablelift.frontend.language.binding import ArgumentMismatch, describe
from stablelift.frontend.language.diagnostics import LiftTraceError, Source, Span, diagnose
from stablelift.frontend.language.static import RunMismatch

# What array functions raise for shapes, dtypes and values that they do not take.
_REFUSALS = (
    TypeError,
    ValueError,
    IndexError,
    ArithmeticError,
    NotImplementedError,
    jax.errors.JaxRuntimeError,
)


class LiftArgumentError(LiftTraceError):
    """An argument that does not fit; shown at the call if the call stands in a `.lift` file."""


def run_located(
    source: Source, run: Callable[[], Any], nodes: dict[Span, syntax.Node], declared: Span
) -> Any:
    """What `run` returns; what it raises becomes a LiftTraceError at the running line of the `.lift` file.

    `nodes` are the calls and operators of the body by place: they name what failed. `declared` is where the
    body is, for what fails before its first line.
    """
    try:
        return run()
    except LiftArgumentError as error:
        place = _place(error.__traceback__, source)
        if place is None:
            raise
        span, _ = place
        (inner,) = error.diagnostics
        hint = f"declared at {inner.filename}:{inner.span}"
        raise LiftTraceError([diagnose(source, span, inner.message, *inner.hints, hint)]) from None
    except RunMismatch as error:
        span, _ = _place(error.__traceback__, source) or (declared, {})
        raise LiftTraceError([diagnose(source, span, str(error), *error.hints)]) from None
    except StableliftError:
        raise
    except RecursionError as error:
        span, _ = _place(error.__traceback__, source) or (declared, {})
        message = "modules and functions are nested too deep for Python's stack"
        raise LiftTraceError([diagnose(source, span, message)]) from None
    except _REFUSALS as error:
        place = _place(error.__traceback__, source)
        if place is None:
            raise
        span, values = place
        raise LiftTraceError([_refusal(source, span, values, nodes.get(span), error)]) from error


def argument_error(source: Source, mismatch: ArgumentMismatch) -> LiftArgumentError:
    """The error at the declaration of the parameter."""
    problem = diagnose(source, mismatch.parameter.span, mismatch.message, *mismatch.hints)
    return LiftArgumentError([problem])


def nodes_by_place(root: object) -> dict[Span, syntax.Node]:
    """The calls, operators and subscripts below `root` by place."""
    found: dict[Span, syntax.Node] = {}
    for node in syntax.below(root):
        if isinstance(node, (syntax.Call, syntax.Binary, syntax.Subscript, syntax.Negation)):
            found[node.span] = node
    return found


def _refusal(
    source: Source, span: Span, values: dict[str, Any], node: syntax.Node | None, error: Exception
) -> Any:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    names = [n for n in syntax.below(node) if isinstance(n, syntax.Name)] if node else []
    names.sort(key=lambda name: (name.span.line, name.span.column))
    words = dict.fromkeys(name.text for name in names)
    arrays = [word for word in words if isinstance(values.get(word), jax.Array)]
    hints = [f"`{name}` is {describe(values[name])}" for name in arrays]
    return diagnose(source, span, f"{_subject(node)} failed: {reason.rstrip('.')}", *hints)


def _subject(node: syntax.Node | None) -> str:
    if isinstance(node, syntax.Binary):
        return f"`{node.operator}`"
    if isinstance(node, syntax.Call):
        name = node.function
        while isinstance(name, syntax.Call):
            name = name.function
        return f"`{name.text}`" if isinstance(name, syntax.Name) else "the call"
    return "the subscript" if isinstance(node, syntax.Subscript) else "the expression"


def _place(traceback: TracebackType | None, source: Source) -> tuple[Span, dict[str, Any]] | None:
    """Where the innermost frame of the file was, and its values."""
    found = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == source.filename:
            found = traceback
        traceback = traceback.tb_next
    if found is None:
        return None
    positions = list(found.tb_frame.f_code.co_positions())[found.tb_lasti // 2]
    line, end_line, column, end_column = (0 if part is None else part for part in positions)
    span = Span(line, _column(source, line, column), end_line, _column(source, end_line, end_column))
    return span, found.tb_frame.f_locals


def _column(source: Source, line: int, offset: int) -> int:
    """The column, one-based, of a byte offset."""
    return len(source.line(line).encode()[:offset].decode(errors="ignore")) + 1
