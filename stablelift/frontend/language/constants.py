"""Options of lifts and defaults of fields as Python values: literals, tuples and dictionaries of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stablelift.frontend.language import syntax
from stablelift.frontend.language.vocabulary import CONSTANTS, LIFTS, Parameter, Word
from stablelift.ir.policy import Policy, PolicyError, named


@dataclass(frozen=True, slots=True)
class Named:
    """A name, or a call of one with constants, such as `broadcast` or `In(0)`."""

    name: str
    arguments: tuple[Any, ...] | None = None
    keywords: dict[str, Any] = field(default_factory=dict)


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
        case syntax.Negation(operand=operand) if isinstance(value := constant(operand), (int, float)):
            return -value
        case syntax.Name(text=text):
            return CONSTANTS[text] if text in CONSTANTS else Named(text)
        case syntax.Tuple(items=items):
            return tuple(map(constant, items))
        case syntax.Dictionary(entries=entries):
            return {key.text: constant(value) for key, value in entries}
        case syntax.Call(function=syntax.Name(text=text), arguments=arguments, keywords=keywords):
            given = {keyword.name.text: constant(keyword.value) for keyword in keywords}
            return Named(text, tuple(map(constant, arguments)), given)
    raise NotConstant(expression)


def lift_arguments(call: syntax.Call, word: Word) -> dict[str, syntax.Expression]:
    """The arguments of a lift, by parameter."""
    names = (parameter.name for parameter in word.positional)
    given: dict[str, syntax.Expression] = dict(zip(names, call.arguments, strict=False))
    return given | {keyword.name.text: keyword.value for keyword in call.keywords}


def policy(expression: syntax.Expression) -> Policy:
    """The policy that an expression spells. Raises NotConstant, PolicyError."""
    found = _policy(constant(expression))
    if not isinstance(found, Policy):
        raise PolicyError("expected a policy such as dots_saveable")
    return found


def _policy(value: Any) -> Any:
    """A constant with its names replaced by policies. Raises PolicyError."""
    match value:
        case Named(name=name, arguments=arguments, keywords=keywords):
            given = {key: _policy(item) for key, item in keywords.items()}
            return named(name, tuple(map(_policy, arguments or ())), given)
        case tuple():
            return tuple(map(_policy, value))
    return value


def option(parameter: Parameter | None, expression: syntax.Expression) -> Any:
    """The value of an option; a policy is its text. Raises NotConstant."""
    if parameter is None or parameter.kind != "policy":
        return constant(expression)
    try:
        return str(policy(expression))
    except PolicyError:
        raise NotConstant(expression) from None


def lift_options(call: syntax.Call, word: Word) -> dict[str, Any]:
    """The options of a lift that are constants."""
    options: dict[str, Any] = {}
    for name, value in lift_arguments(call, word).items():
        try:
            options[name] = option(word.parameter(name), value)
        except NotConstant:
            continue
    return options


def target_of_lift(value: syntax.Expression) -> syntax.Expression | None:
    """What a lift of modules is applied to: the first argument, or the one called `target`."""
    if not isinstance(value, syntax.Call) or not isinstance(value.function, syntax.Name):
        return None
    word = LIFTS.get(value.function.text)
    return lift_arguments(value, word).get("target") if word else None
