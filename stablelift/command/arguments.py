"""What `--arg` says: `x=f32[8,64]`, `params={w: f32[3,4], b: f32[4]}`, `train=true`, or one without a name.

A type is written as in `.lift` files; `key` is a random key. What holds no type is a value, which the entry
gets as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from stablelift.frontend.language.vocabulary import DTYPES

EXPECTED = "expected [NAME=]TYPE such as x=f32[8,64], or NAME=VALUE such as train=true"
KEY = "key"
_CONSTANTS = {"true": True, "false": False, "none": None}


@dataclass(frozen=True)
class ArrayType:
    """The dtype, as `.lift` files write it, and the shape of an array."""

    dtype: str
    shape: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Argument:
    """A tree of ArrayTypes, or a plain value, and the parameter that it is for."""

    name: str | None
    value: Any

    @property
    def is_value(self) -> bool:
        return not any(isinstance(leaf, ArrayType) for leaf in leaves(self.value))


class ArgumentType(click.ParamType[Argument]):
    """One `--arg`."""

    name = "argument"

    def convert(self, value: Any, param: Any, ctx: Any) -> Argument:
        if isinstance(value, Argument):
            return value
        name, text = (
            found.groups()
            if (found := re.fullmatch(r"(?s)\s*([^\W\d]\w*)\s*=(.*)", value))
            else (None, value)
        )
        try:
            return Argument(name, read_value(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.fail(f"{EXPECTED}, found {value!r}", param, ctx)


def read_value(text: str) -> Any:
    """The value that a text spells: constants, types, and tuples, lists and dicts of them.

    Raises: ValueError or SyntaxError if it spells none.
    """
    scalars = re.sub(r"(\w)\[\s*\]", r"\1[()]", text.strip())  # `f32[]` is no expression of Python
    return _value(ast.parse(scalars, mode="eval").body)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Subscript(value=ast.Name(id=dtype), slice=ast.Tuple(elts=sizes)):
            return _array(dtype, sizes)
        case ast.Subscript(value=ast.Name(id=dtype), slice=size):
            return _array(dtype, [size])
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.Name(id=name):
            return _array(name, [])
        case ast.Tuple(elts=items):
            return tuple(map(_value, items))
        case ast.List(elts=items):
            return list(map(_value, items))
        case ast.Dict(keys=keys, values=values):
            return {_key(key): _value(value) for key, value in zip(keys, values, strict=True)}
    return ast.literal_eval(node)


def _array(dtype: str, sizes: list[ast.expr]) -> ArrayType:
    shape = tuple(ast.literal_eval(size) for size in sizes)
    if dtype not in (*DTYPES, KEY) or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(dtype)
    return ArrayType(dtype, shape)


def _key(node: ast.expr | None) -> str:
    match node:
        case ast.Name(id=name) | ast.Constant(value=str(name)):
            return name
    raise ValueError("a key is a name")


def leaves(value: Any) -> Iterator[Any]:
    """What containers hold at last."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            yield from leaves(item)
    else:
        yield value
