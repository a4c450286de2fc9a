"""From a Python function to a module: trace it on abstract values, lower it with its lifts kept.

The result is bytecode in StableHLO and `lift`, with one public function `main` whose inputs and results are
the leaves of the function's arguments and of what it returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax.tree_util import PyTreeDef

from stablelift.ir.mlir import context, parse, to_bytecode
from stablelift.lowering import jax_compat
from stablelift.lowering.link import share_equal_functions
from stablelift.lowering.rules import OVERRIDES


@dataclass(frozen=True)
class Traced:
    """A lowered function: its module, and the trees and types of what it takes and returns."""

    bytecode: bytes
    in_tree: PyTreeDef
    out_tree: PyTreeDef
    in_avals: tuple[jax.ShapeDtypeStruct, ...]
    out_avals: tuple[jax.ShapeDtypeStruct, ...]


def trace(function: Callable, *args: Any, platform: str | None = None) -> Traced:
    """Trace `function` on arguments, of which only the types matter, and lower it.

    Args:
      function: Any traceable function of pytrees.
      args: Pytrees of arrays or `jax.ShapeDtypeStruct`s.
      platform: Whose lowering rules JAX is to use; the default backend's without one.

    Raises:
      LiftError: A lifted part of the function has side effects, or a lift in it is malformed.
      TypeError: An argument is not an array, or the function returns something that is not.
    """
    leaves, in_tree = jax.tree.flatten(args)
    avals = [jax_compat.aval_of(leaf) for leaf in leaves]
    found: dict[str, Any] = {}

    def flat(*values: Any) -> list[Any]:
        out = function(*jax.tree.unflatten(in_tree, values))
        results, found["tree"] = jax.tree.flatten(out)
        found["avals"] = [jax_compat.aval_of(result) for result in results]
        return results

    flat.__name__ = getattr(function, "__name__", "main")
    module = jax_compat.lower(flat, avals, OVERRIDES, platform)
    return Traced(
        _own(to_bytecode(module)),
        in_tree,
        found["tree"],
        tuple(map(struct, avals)),
        tuple(map(struct, found["avals"])),
    )


def struct(aval: Any) -> jax.ShapeDtypeStruct:
    """Shape and dtype of an abstract value, for users."""
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype)


def _own(bytecode: bytes) -> bytes:
    """The module in a context of ours: JAX keeps the original in its caches, where nobody may edit it."""
    with context() as ctx:
        module = parse(bytecode, ctx)
        for name in list(module.operation.attributes):
            if name.startswith(("mhlo.", "jax.")):
                del module.operation.attributes[name]
        share_equal_functions(module)
        return to_bytecode(module)
