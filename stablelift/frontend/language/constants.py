"""Options of lifts and defaults of fields as Python values: literals, tuples and dictionaries of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stablelift.frontend.language import syntax
from stablelift.frontend.language.vocabulary import LIFTS, Word


@dataclass(frozen=True, slots=True)
class Named:
    """A name, or a call of one with constants, such as `broadcast` or `In(0)`."""

    name: str
    arguments: tuple[Any, ...] | None = None


class NotConstant(Exception):
    """An expression that is none; `node` is the part at fault."""

    def __init__(self, node: syntax.Node):
        super().__init__()
        self.node = node


def constant(expression: syntax.Expression | syntax.Rest) -> Any:
    """The value of a constant expression; names become `Named`. Raises NotConstant."""
    match expression:
        case syntax.Literal(value=value):
            return value
        case syntax.Negation(operand=syntax.Literal(value=int() | float() as value)):
            return -value
        case syntax.Name(text=text):
            return Named(text)
        case syntax.Tuple(items=items):
            return tuple(map(constant, items))
        case syntax.Dictionary(entries=entries):
            return {key.text: constant(value) for key, value in entries}
        case syntax.Call(function=syntax.Name(text=text), arguments=arguments, keywords=()):
            return Named(text, tuple(map(constant, arguments)))
    raise NotConstant(expression)


def lift_arguments(call: syntax.Call, word: Word) -> dict[str, syntax.Expression]:
    """The arguments of a lift, by parameter."""
    names = (parameter.name for parameter in word.positional)
    given: dict[str, syntax.Expression] = dict(zip(names, call.arguments, strict=False))
    return given | {keyword.name.text: keyword.value for keyword in call.keywords}


def lift_options(call: syntax.Call, word: Word) -> dict[str, Any]:
    """The options of a lift that are constants."""
    options: dict[str, Any] = {}
    for name, value in lift_arguments(call, word).items():
        try:
            options[name] = constant(value)
        except NotConstant:
            continue
    return options


def target_of_lift(value: syntax.Expression) -> syntax.Expression | None:
    """What a lift of modules is applied to: the first argument, or the one called `target`."""
    if not isinstance(value, syntax.Call) or not isinstance(value.function, syntax.Name):
        return None
    word = LIFTS.get(value.function.text)
    return lift_arguments(value, word).get("target") if word else None
