"""A function traced on its own, the unit of every lift: `Callee`, and `call`, which outlines one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from inspect import signature
from itertools import pairwise
from types import FunctionType, MethodType
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.errors import LiftError, location_of
from stablelift.lowering import (
    jax_compat,
    restriction,  # noqa: F401  (registers what parts of lifts are)
)
from stablelift.lowering.jax_compat import Jaxpr, TreeDef
from stablelift.lowering.operators import with_operators
from stablelift.lowering.primitive import bind
from stablelift.lowering.session import session

UNNAMED = "callee"
"""What stands for the name of a function that has none."""


class Callee:
    """A function traced on flat arguments: its jaxpr, the values it closes over, the tree it returns."""

    name: str
    out_tree: TreeDef
    jaxpr: Jaxpr
    constants: Sequence[Any]

    def __init__(
        self, function: Callable, in_tree: Any, avals: Sequence[Any], axis_env: Sequence[tuple[str, int]] = ()
    ):
        def flat(*leaves: Any) -> list[Any]:
            args, kwargs = jax.tree.unflatten(in_tree, leaves)
            out = function(*args, **kwargs)
            results, self.out_tree = jax.tree.flatten(out)
            avals_in(out, lambda path: f"the result{path} of `{self.name}`")
            return results

        flat.__name__ = self.name = name_of(function)
        stand_for(flat, function)
        try:
            with session():
                jaxpr = jax_compat.make_jaxpr(with_operators(flat), avals, axis_env)
        except NameError as error:
            if (axis := jax_compat.unbound_axis(error)) is None:
                raise
            raise _unknown_axis(error, axis, axis_env) from None
        self.jaxpr, self.constants = jax_compat.hoist_constants(jaxpr)

    @classmethod
    def of(cls, jaxpr: Jaxpr, name: str) -> Callee:
        """A function that has been traced, and closes over nothing; it returns a flat list."""
        callee = object.__new__(cls)
        callee.jaxpr, callee.constants, callee.name = jaxpr, [], name
        callee.out_tree = jax.tree.structure([0] * len(jaxpr.out_avals))
        return callee

    @property
    def out_avals(self) -> list[Any]:
        return list(self.jaxpr.out_avals)

    def bind(self, op: str, args: Sequence[Any], out_avals: Sequence[Any], **attributes: Any) -> list[Any]:
        """Bind the lift op `op` on the constants, then `args`."""
        return self.bind_on(self.constants, op, args, out_avals, **attributes)

    def bind_on(
        self,
        constants: Sequence[Any],
        op: str,
        args: Sequence[Any],
        out_avals: Sequence[Any],
        **attributes: Any,
    ) -> list[Any]:
        """`bind`, with other values in the place of those that the function closed over."""
        operands = [*constants, *args]
        return bind(op, operands, {"callee": self.jaxpr}, out_avals, name=self.name, **attributes)

    def shifted(self, positions: Sequence[int]) -> tuple[int, ...]:
        """Positions among the arguments as positions among the callee's inputs."""
        return tuple(len(self.constants) + position for position in positions)


def _unknown_axis(error: NameError, axis: str, axis_env: Sequence[tuple[str, int]]) -> LiftError:
    place = location_of(error)
    sizes = jax_compat.axis_sizes_in_scope() | dict(axis_env)
    known = ", ".join(f"`{name}` of size {size}" for name, size in sizes.items()) or "none"
    where = f"{place}: " if place else ""
    return LiftError(
        f"{where}error: a collective over the axis `{axis}`, which no enclosing map names\n"
        f"  axes in scope: {known}\n"
        f'  hint: name the axis of a map around it, axis_name="{axis}", or use the name of one in scope'
    )


def traced_leaves(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of a tree that are tracers, and the tree as a function of what stands for them.

    Dicts keep the order of their keys.
    """
    order = _order_of(tree)
    leaves, structure = jax.tree.flatten(tree)
    fixed = [None if jax_compat.is_tracer(leaf) else leaf for leaf in leaves]  # no leaf is None

    def filled(arrays: Sequence[Any]) -> Any:
        given = iter(arrays)
        made = structure.unflatten([next(given) if leaf is None else leaf for leaf in fixed])
        return _in_order(order, made)

    return list(filter(jax_compat.is_tracer, leaves)), filled


def _order_of(tree: Any) -> Any:
    """The order of the keys in nested dicts, lists and tuples; None where it is JAX's, which sorts them."""
    if type(tree) is dict:
        below = {key: _order_of(entry) for key, entry in tree.items()}
        is_sorted = all(one <= other for one, other in pairwise(tree))
        return None if is_sorted and not any(below.values()) else below
    if type(tree) in (list, tuple):
        below = [_order_of(entry) for entry in tree]
        return below if any(below) else None
    return None


def _in_order(order: Any, tree: Any) -> Any:
    if isinstance(order, dict):
        return {key: _in_order(below, tree[key]) for key, below in order.items()}
    if isinstance(order, list):
        return type(tree)(_in_order(below, entry) for below, entry in zip(order, tree, strict=True))
    return tree


def name_of(function: Callable) -> str:
    """What a function's symbol is made from."""
    name = getattr(function, "__name__", type(function).__name__)
    return name if name.isidentifier() else UNNAMED


def stand_for(flat: Any, function: Callable) -> None:
    """Have JAX's messages about a trace of `flat` say where `function`, which it calls, is defined."""
    source: Any = function
    while isinstance(source, FunctionType | MethodType | partial):  # attributes of others may do anything
        around = source.func if isinstance(source, partial) else None
        inside = getattr(source, "__wrapped__", around)
        if inside is None:
            flat.__signature__ = signature(flat)  # lest that of `function` be taken for its own
            flat.__wrapped__ = source
            return
        source = inside


def named(function: Callable, name: str) -> Callable:
    """The function under a name, by which profilers, logs and dumps call what JAX compiles of it."""
    renamed: Any = partial(function)
    renamed.__name__ = name
    return renamed


def as_array(leaf: Any) -> Any:
    """A leaf as something a primitive takes: an array or a tracer.

    Raises:
      TypeError: The leaf is neither a number nor an array.
    """
    if isinstance(leaf, jax.Array) or getattr(leaf, "dtype", None) == jax.dtypes.float0:
        return leaf
    aval_at("argument", leaf)
    return jnp.asarray(leaf)


def require_callable(what: str, *functions: Any) -> None:
    for function in functions:
        if not callable(function):
            raise TypeError(f"{what}: expected a function, found {function!r}")


def flat_arrays(tree: Any) -> tuple[list[Any], TreeDef]:
    """The leaves of a pytree as arrays or tracers, and its structure."""
    leaves, structure = jax.tree.flatten(tree)
    return [as_array(leaf) for leaf in leaves], structure


def avals_of(values: Sequence[Any]) -> list[Any]:
    return [jax_compat.aval_of(value) for value in values]


def aval_at(what: str, leaf: Any) -> Any:
    try:
        return jax_compat.aval_of(leaf)
    except TypeError as error:
        raise TypeError(f"{what}: {error}") from None


def avals_in(tree: Any, spelled: Callable[[str], str]) -> list[Any]:
    """The abstract values of the leaves of a tree.

    Raises:
      TypeError: A leaf is no array; the message begins with what `spelled` makes of its path.
    """
    try:
        return list(map(jax_compat.aval_of, jax.tree.leaves(tree)))
    except TypeError:  # paths take longer than all else
        leaves = jax.tree_util.tree_leaves_with_path(tree)
        return [aval_at(spelled(jax.tree_util.keystr(path)), leaf) for path, leaf in leaves]


def call(function: Callable, jitted: bool | None = None) -> Callable:
    """`function`, outlined: while JAX traces, a call becomes one `lift.call` of a function of its own.

    `jitted` says that it is a program of its own where it is called outside of any other.
    """

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        leaves, in_tree = jax.tree.flatten((args, kwargs))
        arrays = [as_array(leaf) for leaf in leaves]
        callee = Callee(function, in_tree, [jax_compat.aval_of(leaf) for leaf in arrays])
        results = callee.bind("lift.call", arrays, callee.out_avals, jitted=jitted)
        return jax.tree.unflatten(callee.out_tree, results)

    return called
