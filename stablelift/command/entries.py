"""Entry points: the functions and modules of a `.lift` file, or of Python, as functions of arrays.

row_norm                    a function, of its arguments
MLP, MLP(hidden=8), MLP.encode   a module's `call`, or a method: (variables, *arguments) -> results
MLP.init                    (key, *arguments) -> variables; of the arguments, those that these depend on
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import click

from stablelift.command.arguments import ArrayType, read_value


@dataclass(frozen=True)
class Method:
    """A method of a Module; `init` is how its variables come about."""

    module: Any
    name: str


def entry_in(space: ModuleType, text: str | None) -> tuple[Any, str]:
    """The function or Method that `--entry` names in a namespace, and what to call its program.

    Raises: UsageError if there is none, which lists those there are.
    """
    known = entries_of(space)
    if text is None:
        if len(known) != 1:
            raise click.UsageError(f"which entry is meant? Give --entry one of\n{_listing(known)}")
        (text,) = known
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _checked(_resolved(tree, space, known), text), _name(tree)
    except (SyntaxError, ValueError, RecursionError):
        expected = "expected a name, a method, or fields: MLP, MLP.encode, MLP(hidden=8), MLP.init"
        raise click.BadParameter(f"{expected}; found {text!r}", param_hint="--entry") from None


def _name(tree: ast.expr) -> str:
    """The name of an entry: `MLP_init` of `MLP(hidden=8).init`."""
    match tree:
        case ast.Call(func=function):
            return _name(function)
        case ast.Attribute(value=value, attr=name):
            return f"{_name(value)}_{name}"
    return ast.unparse(tree)


def entries_of(space: ModuleType) -> dict[str, str]:
    """The entries of a namespace by name, each as it would be called."""
    from stablelift.frontend.module import Module

    found: dict[str, str] = {}
    for name, value in vars(space).items():
        own = name in getattr(space, "__all__", ()) or getattr(value, "__module__", None) == space.__name__
        if name.startswith("_") or not own:
            continue
        if inspect.isfunction(value):
            found[name] = f"{name}{spelled(inspect.signature(value))}"
        elif isinstance(value, Module):
            found[name] = f"{name}, a {type(value).__name__}"
        elif isinstance(value, type) and issubclass(value, Module):
            found[name] = f"{name}{spelled(_configuration(value))}, a module"
    return found


def spelled(signature: inspect.Signature) -> str:
    """A signature without its result, types as they are written in `.lift` files."""
    parts = []
    for each in signature.parameters.values():
        prefix = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        note = (
            each.annotation if isinstance(each.annotation, str) else getattr(each.annotation, "__name__", "")
        )
        text = prefix + each.name + ("" if each.annotation is each.empty else f": {note}")
        plain = isinstance(each.default, int | float | str | tuple | None)
        shown = repr(each.default) if plain else "..."
        parts.append(text if each.default is each.empty else f"{text} = {shown}")
    return f"({', '.join(parts)})"


def _listing(known: dict[str, str]) -> str:
    return "\n".join(f"  {text}" for text in known.values()) or "  (there is none)"


def _resolved(node: ast.expr, space: ModuleType, known: dict[str, str]) -> Any:
    from stablelift.frontend.language.diagnostics import suggest
    from stablelift.frontend.module import Module

    match node:
        case ast.Name(id=name) if name in known or name in vars(space):
            return vars(space)[name]
        case ast.Name(id=name):
            hint = suggest(name, known)
            what = f"there is no `{name}` in {space.__name__}{hint and f' ({hint})'}; its entries are"
            raise click.BadParameter(f"{what}\n{_listing(known)}", param_hint="--entry")
        case ast.Attribute(value=value, attr=name):
            owner = _resolved(value, space, known)
            if isinstance(owner, Module) or isinstance(owner, type) and issubclass(owner, Module):
                return Method(owner, name)
            if not hasattr(owner, name):
                raise click.BadParameter(f"`{ast.unparse(value)}` has no `{name}`", param_hint="--entry")
            return getattr(owner, name)
        case ast.Call(func=function, args=[], keywords=keywords):
            maker = _resolved(function, space, known)
            fields = {str(each.arg): _field(read_value(ast.unparse(each.value))) for each in keywords}
            return _made(maker, fields, ast.unparse(function))
    raise ValueError(ast.unparse(node))


def _field(value: Any) -> Any:
    """A field's value: a dtype by its name, anything else as it is."""
    import jax.numpy as jnp

    from stablelift.frontend.language.vocabulary import DTYPES

    return getattr(jnp, DTYPES.get(value.dtype, "")) if isinstance(value, ArrayType) else value


def _made(maker: Any, fields: dict[str, Any], name: str) -> Any:
    signature = _configuration(maker)
    try:
        signature.bind_partial(**fields)
    except TypeError:
        unknown = ", ".join(f"`{each}`" for each in fields if each not in signature.parameters)
        what = f"`{name}` has no {unknown}; it is {name}{spelled(signature)}"
        raise click.BadParameter(what, param_hint="--entry") from None
    return maker(**fields)


def _configuration(maker: Any) -> inspect.Signature:
    """The fields of a Module class, without those that all have; what another function takes."""
    signature = inspect.signature(maker)
    if not isinstance(maker, type):
        return signature
    parameters = signature.parameters.values()
    return inspect.Signature([each for each in parameters if each.kind != each.KEYWORD_ONLY])


def _checked(found: Any, text: str) -> Any:
    """A function, a Module instance, or a Method of one."""
    from stablelift.frontend.module import Module

    owner = found.module if isinstance(found, Method) else found
    if isinstance(owner, type) and issubclass(owner, Module):
        fields = _configuration(owner).parameters.values()
        required = [each.name for each in fields if each.default is each.empty]
        if required:
            example = ", ".join(f"{name}=..." for name in required)
            what = f"`{owner.__name__}` needs its fields: {owner.__name__}({example})"
            raise click.BadParameter(what, param_hint="--entry")
        owner = owner()
    if isinstance(owner, Module):
        method = found.name if isinstance(found, Method) else "__call__"
        if not callable(getattr(owner, method, None)):
            what = f"`{type(owner).__name__}` has no method `{method}`"
            raise click.BadParameter(what, param_hint="--entry")
        return Method(owner, method)
    if not callable(owner) or isinstance(owner, type):
        what = f"expected a function or a module, found `{text}`, which is {type(owner).__name__}"
        raise click.BadParameter(what, param_hint="--entry")
    return owner
