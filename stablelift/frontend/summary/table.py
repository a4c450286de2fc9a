"""The table of a Module: a row for each call of one of its methods, found by tracing `init` abstractly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax

from stablelift.frontend import functional
from stablelift.frontend.frozen_dict import unfreeze
from stablelift.frontend.module_state import RecordedCall, recording

Path = tuple[str, ...]
Collections = dict[str, Any]


@dataclasses.dataclass
class Row:
    """One call of a Module's method.

    Attributes:
      path: The names from the root to the Module.
      module_copy: The Module, unbound.
      method: The method's name.
      inputs: The arguments, arrays as ShapeDtypeStructs: one alone, several as a tuple with the keyword
        arguments last.
      outputs: What the method returned, in the same form.
      module_variables: The Module's own variables by collection, without those of its submodules.
      counted_variables: The variables that count here: with those of the submodules that have no row.
      flops: Operations of the call by XLA's estimate; -1 if nobody asked.
      vjp_flops: The same for the call and its pullback.
    """

    path: Path
    module_copy: Any
    method: str
    inputs: Any
    outputs: Any
    module_variables: Collections
    counted_variables: Collections
    flops: int = -1
    vjp_flops: int = -1

    def size_and_bytes(self, collections: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How many numbers, and bytes, count here in each collection."""
        return {col: size_and_bytes(self.counted_variables.get(col, {})) for col in collections}


class Table(list[Row]):
    """The rows of `module`; `collections` are the names of the collections that it has."""

    def __init__(self, module: Any, collections: Sequence[str], rows: Iterable[Row]):
        super().__init__(rows)
        self.module, self.collections = module, collections


def module_table(
    module: Any,
    rngs: Any,
    *args: Any,
    depth: int | None = None,
    show_repeated: bool = False,
    compute_flops: bool = False,
    compute_vjp_flops: bool = False,
    **kwargs: Any,
) -> Table:
    """The table of `module.init(rngs, *args, **kwargs)`, in which nothing is computed.

    Args:
      depth: How many levels of submodules have rows; None for all.
      show_repeated: Whether a Module that is called again has another row, without variables.
      compute_flops: Whether to estimate the operations of each call.
      compute_vjp_flops: The same for its pullback.
    """
    with recording() as calls:
        variables = jax.eval_shape(lambda: module.init(rngs, *args, **kwargs))
    paths = {call.path for call in calls}
    visited: set[Path] = set()
    rows = []
    for call in calls:
        repeated = call.path in visited or not hasattr(call.module, call.method)
        if repeated and not show_repeated or depth is not None and len(call.path) > depth:
            continue
        visited.add(call.path)
        own = {} if repeated else own_variables(call.path, variables, paths)
        ends_here = not repeated and depth is not None and len(call.path) == depth
        counted = variables_at(call.path, variables) if ends_here else own
        row = Row(
            call.path,
            call.module.copy(parent=None),
            call.method,
            _inputs(call.args, call.kwargs),
            call.outputs,
            own,
            counted,
        )
        if compute_flops:
            row.flops = _flops(jax.jit, *_apply_of(call))
        if compute_vjp_flops:
            row.vjp_flops = _flops(functional.jit, *_pullback_of(call))
        rows.append(row)
    return Table(module, tuple(variables), rows)


def _inputs(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs:
        return (*args, kwargs) if args else kwargs
    return args[0] if len(args) == 1 else args


def own_variables(path: Path, variables: Mapping[str, Any], paths: set[Path]) -> Collections:
    """The variables at `path`, by collection, that are not below another one of `paths`."""
    return {
        col: {name: value for name, value in found.items() if (*path, name) not in paths}
        for col, found in variables_at(path, variables).items()
    }


def variables_at(path: Path, variables: Mapping[str, Any]) -> Collections:
    """The variables at `path` and below, for each collection that has some."""
    found = {}
    for col, tree in variables.items():
        for name in path:
            tree = tree.get(name) if isinstance(tree, Mapping) else None
            if tree is None:
                break
        if tree is not None:
            found[col] = unfreeze(tree)
    return found


def size_and_bytes(tree: Any) -> tuple[int, int]:
    """How many numbers the arrays of a tree hold, and how many bytes those take."""
    leaves = [leaf for leaf in jax.tree_util.tree_leaves(tree) if hasattr(leaf, "size")]
    return sum(x.size for x in leaves), sum(x.size * x.dtype.itemsize for x in leaves)


# Operations


def _apply_of(call: RecordedCall) -> tuple[Any, tuple[Any, ...]]:
    """The call as a function of variables, streams and arrays, and their types."""
    leaves, structure = jax.tree_util.tree_flatten((call.args, call.kwargs))
    arrays = [leaf for leaf in leaves if isinstance(leaf, jax.ShapeDtypeStruct)]

    def arguments(arrays: Any) -> Any:
        given = iter(arrays)
        filled = [next(given) if isinstance(x, jax.ShapeDtypeStruct) else x for x in leaves]
        return jax.tree_util.tree_unflatten(structure, filled)

    def init(rngs: Any, arrays: Any) -> Any:
        args, kwargs = arguments(arrays)
        return call.module.init(rngs, *args, method=call.method, mutable=call.mutable, **kwargs)

    def apply(variables: Any, rngs: Any, arrays: Any) -> Any:
        args, kwargs = arguments(arrays)
        options: dict[str, Any] = {"rngs": rngs, "method": call.method, "mutable": call.mutable}
        return call.module.apply(variables, *args, **options, **kwargs)

    return apply, (jax.eval_shape(init, call.rngs, arrays), call.rngs, arrays)


def _pullback_of(call: RecordedCall) -> tuple[Any, tuple[Any, ...]]:
    """The call and its pullback along what it returned, as a function of the same."""
    apply, types = _apply_of(call)

    def pulled_back(variables: Any, rngs: Any, arrays: Any) -> Any:
        def run(variables: Any, arrays: Any) -> Any:
            return apply(variables, rngs, arrays)

        value, pullback = functional.vjp(run, variables, arrays)
        return pullback(value)

    return pulled_back, types


def _flops(jit: Callable[..., Any], function: Any, types: tuple[Any, ...]) -> int:
    cost = jit(function).lower(*types).cost_analysis()
    return int((cost or {}).get("flops", 0))
