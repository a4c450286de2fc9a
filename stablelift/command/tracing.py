"""An entry and its `--arg`s as a program."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.command.arguments import KEY, Argument, ArrayType
from stablelift.command.entries import Method, spelled
from stablelift.command.refusal import Refusal
from stablelift.command.sources import users_code
from stablelift.errors import InvalidRngError
from stablelift.frontend.language.vocabulary import DTYPES
from stablelift.ir.mlir import context, functions, is_used, parse
from stablelift.runtime.program import Program


@dataclass(frozen=True)
class Streams:
    """The random streams and the mutable collections of a module's method."""

    rngs: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()


def program_of(
    entry: Any, name: str, given: Sequence[Argument], streams: Streams, file: str, platform: str | None
) -> Program:
    """The program of an entry, called `name`, on arguments of the types given.

    Raises: Refusal if they do not fit, or if the entry fails.
    """
    if not isinstance(entry, Method):
        if streams != Streams():
            raise Refusal(f"{file}: error: --rngs and --mutable are for modules, and `{name}` is a function")
        call = _Call.of(entry, given, name, file)
        return _traced(lambda *arrays: call(entry, arrays), call.types, name, file, platform)
    module, method = entry.module, "__call__" if entry.name == "init" else entry.name
    call = _Call.of(getattr(module, method), given, name, file)
    if entry.name == "init":
        return _init(module, call, streams, name, file, platform)
    with users_code(file), _rng_hint():
        variables = jax.eval_shape(
            lambda keys, arrays: call(partial(module.init, _keys(keys), method=method), arrays),
            _key_types(("params", *streams.rngs)),
            call.types,
        )
    keys = (_key_types(streams.rngs),) if streams.rngs else ()

    def apply(variables: Any, *arrays: Any) -> Any:
        rngs = _keys(arrays[-1]) if keys else None
        applied = partial(
            module.apply, variables, method=method, mutable=list(streams.mutable) or False, rngs=rngs
        )
        return call(applied, arrays[: len(call.types)])

    return _traced(apply, (variables, *call.types, *keys), name, file, platform)


def _init(module: Any, call: _Call, streams: Streams, name: str, file: str, platform: str | None) -> Program:
    """The program of a module's variables; arguments that these do not depend on are left out."""

    def init(key: Any, *arrays: Any) -> Any:
        keys = _keys(key) if streams.rngs else jax.random.wrap_key_data(key)
        return call(partial(module.init, keys), arrays)

    key = _key_types(("params", *streams.rngs)) if streams.rngs else _key_types(("params",))["params"]
    program = _traced(init, (key, *call.types), name, file, platform)
    needed = _used_arguments(program)
    if all(needed[1:]):
        return program

    def init_without(key: Any, *used: Any) -> Any:
        given = iter(used)
        return init(
            key, *(next(given) if use else zeros for use, zeros in zip(needed[1:], blank, strict=True))
        )

    blank = [jax.tree.map(lambda aval: jnp.zeros(aval.shape, aval.dtype), type) for type in call.types]
    kept = [type for type, use in zip(call.types, needed[1:], strict=True) if use]
    return _traced(init_without, (key, *kept), name, file, platform)


def _used_arguments(program: Program) -> list[bool]:
    """Whether the results depend on each argument."""
    with context() as ctx:
        module = parse(program.finished.bytecode, ctx)
        used = [is_used(value) for value in functions(module)["main"].arguments]
    arguments: Any = jax.tree.unflatten(program.in_tree, used)
    return [any(jax.tree.leaves(argument)) for argument in arguments]


def _traced(
    function: Callable[..., Any], types: Sequence[Any], name: str, file: str, platform: str | None
) -> Program:
    function.__name__ = name
    with users_code(file), _rng_hint():
        return Program.trace(function, *types, platform=platform)


@contextlib.contextmanager
def _rng_hint() -> Iterator[None]:
    """Say how a stream is given on the command line, where Python's way has been said."""
    try:
        yield
    except InvalidRngError as error:
        message = str(error).split("\n  hint:")[0]
        raise Refusal(
            f"{message}\n  hint: --rngs gives the method keys for streams: --rngs dropout"
        ) from error


def _key_types(names: Sequence[str]) -> dict[str, jax.ShapeDtypeStruct]:
    """The data of a random key for each name."""
    return {name: struct(ArrayType(KEY)) for name in names}


def _keys(data: dict[str, Any]) -> dict[str, Any]:
    return {name: jax.random.wrap_key_data(one) for name, one in data.items()}


def struct(type: ArrayType) -> jax.ShapeDtypeStruct:
    """The shape and dtype of an array in a program; of a key, those of its data."""
    if type.dtype != KEY:
        return jax.ShapeDtypeStruct(type.shape, jnp.dtype(DTYPES[type.dtype]))
    data = jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0)))
    return jax.ShapeDtypeStruct((*type.shape, *data.shape), data.dtype)


@dataclass(frozen=True)
class _Call:
    """How a function is called: `--arg`s by position and by name, types where arrays will stand."""

    positional: tuple[Any, ...]
    named: dict[str, Any]
    types: tuple[Any, ...]

    @staticmethod
    def of(function: Callable[..., Any], given: Sequence[Argument], name: str, file: str) -> _Call:
        """The `--arg`s bound to the parameters of a function. Raises: Refusal if they do not fit."""
        signature = inspect.signature(function)
        named = {one.name: one for one in given if one.name is not None}
        positional = [one for one in given if one.name is None]
        try:
            if len(named) + len(positional) < len(given):
                raise TypeError("an argument is given twice")
            bound = signature.bind(*positional, **named)
        except TypeError as error:
            what = f"`{name}` takes {spelled(signature)}: {error}"
            raise Refusal(
                f"{file}: error: {what}\n  hint: --arg NAME=TYPE gives one, as in --arg x=f32[8,64]"
            ) from None
        everything = [*bound.args, *bound.kwargs.values()]
        types = tuple(_types(one.value) for one in everything if not one.is_value)
        named_values = {key: one.value for key, one in bound.kwargs.items()}
        return _Call(tuple(one.value for one in bound.args), named_values, types)

    def __call__(self, function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
        """The function on arrays of the types."""
        leaves = iter(jax.tree.leaves(list(arrays)))

        def fill(leaf: Any) -> Any:
            if not isinstance(leaf, ArrayType):
                return leaf
            return jax.random.wrap_key_data(next(leaves)) if leaf.dtype == KEY else next(leaves)

        args, kwargs = jax.tree.map(fill, (self.positional, self.named))
        return function(*args, **kwargs)


def _types(value: Any) -> Any:
    """A tree of ArrayTypes as one of shapes and dtypes; plain values in it are left out."""
    return jax.tree.map(lambda leaf: struct(leaf) if isinstance(leaf, ArrayType) else None, value)
