"""From a Python function to a module: trace it on abstract values, lower it with its lifts kept.

The result is bytecode in StableHLO and `lift`, with one public function `main` whose inputs and results are
the leaves of the function's arguments and of what it returns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from stablelift.errors import SideEffectError
from stablelift.ir.collection import collection_paused
from stablelift.ir.location import error_at, of_lift
from stablelift.ir.mesh import Surroundings, add_mesh
from stablelift.ir.mlir import context, parse, to_bytecode, walk
from stablelift.lowering import jax_compat
from stablelift.lowering.callbacks import Callback, callbacks_in
from stablelift.lowering.callee import avals_in, stand_for
from stablelift.lowering.devices import devices_of
from stablelift.lowering.jax_compat import TreeDef
from stablelift.lowering.jaxprs import unordered
from stablelift.lowering.leaks import refuse_other_traces
from stablelift.lowering.link import share_equal_functions
from stablelift.lowering.operators import with_operators
from stablelift.lowering.overrides import overrides_on
from stablelift.lowering.primitive import refuse_effects
from stablelift.lowering.restriction import live
from stablelift.lowering.session import session
from stablelift.lowering.strands import with_strands


@dataclass(frozen=True)
class Traced:
    """A lowered function: its module, and the trees and types of what it takes and returns."""

    bytecode: bytes
    in_tree: TreeDef
    out_tree: TreeDef
    in_avals: tuple[jax.ShapeDtypeStruct, ...]
    out_avals: tuple[jax.ShapeDtypeStruct, ...]
    devices: jax.sharding.Mesh | None
    """Those that the function says parts of it run on."""
    platform: str
    """What it is lowered for: "cpu", "cuda", "rocm", "tpu" or another that JAX knows."""
    callbacks: tuple[Callback, ...]
    """The Python functions that it calls."""


@collection_paused()
def trace(function: Callable, *args: Any, platform: str | None = None) -> Traced:
    """Trace `function` on arguments, of which only the types matter, and lower it.

    Inside of what each device of a mesh runs, it is for each device too.

    Args:
      function: Any traceable function of pytrees.
      args: Pytrees of arrays or `jax.ShapeDtypeStruct`s.
      platform: Whose lowering rules JAX is to use; the default backend's without one.

    Raises:
      ValueError: JAX knows no such platform.
      SideEffectError: The function has side effects that are not kept.
      UnexpectedTracerError: The function uses a value of a trace that has ended.
      LiftError: A lift in it is malformed, or it closes over a value that is being traced around it.
      TypeError: An argument is not an array, or the function returns something that is not.
    """
    platform = jax_compat.known_platform(platform)
    in_tree = jax.tree.structure(args)
    avals = avals_in(args, lambda path: f"trace: argument args{path}")
    around = jax_compat.surroundings()
    avals = list(map(jax_compat.plain_aval, avals)) if around else avals
    found: dict[str, Any] = {}

    def flat(*values: Any) -> list[Any]:
        out = function(*jax.tree.unflatten(in_tree, values))
        results, found["tree"] = jax.tree.flatten(out)
        found["avals"] = avals_in(out, lambda path: f"trace: result{path}")
        return results

    flat.__name__ = getattr(function, "__name__", "main")
    stand_for(flat, function)

    def accept(jaxpr: Any, constants: Sequence[Any]) -> None:
        refuse_other_traces(flat.__name__, jaxpr, constants)
        _accept(jaxpr)
        found["devices"] = devices_of([jaxpr])

    with session(), jax_compat.outside_meshes(around) if around else contextlib.nullcontext():
        traced = with_operators(flat)
        module = jax_compat.lower(traced, avals, overrides_on(platform), platform, accept, _simpler)
        bytecode = _own(to_bytecode(module), around)
        callbacks = callbacks_in(bytecode)
    return Traced(
        bytecode,
        in_tree,
        found["tree"],
        structs(avals),
        structs(found["avals"]),
        found["devices"],
        platform,
        callbacks,
    )


def struct(aval: Any) -> jax.ShapeDtypeStruct:
    """Shape and dtype of an abstract value, for users."""
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)


def structs(avals: Sequence[Any]) -> tuple[jax.ShapeDtypeStruct, ...]:
    """As `struct`: equal leaves, of which equal layers have many, share one."""
    made = {aval: struct(aval) for aval in dict.fromkeys(avals)}
    return tuple(made[aval] for aval in avals)


def _simpler(jaxpr: Any) -> Any | None:
    """What the results depend on, with calls in the place of equal strands; None where that is all there is.

    The forward pass of an initialisation, say, is not even lowered.
    """
    needed = live(jaxpr)
    simpler = unordered(with_strands(needed) or needed)
    return None if simpler is jaxpr else simpler


def _own(bytecode: bytes, around: Surroundings | None) -> bytes:
    """The module in a context of ours: JAX keeps the original in its caches, where nobody may edit it."""
    with context() as ctx:
        module = parse(bytecode, ctx)
        for name in list(module.operation.attributes):
            if name.startswith(("mhlo.", "jax.")):
                del module.operation.attributes[name]
        for op in walk(module.operation, *_CHANGED):
            _CHANGED.get(op.name, _name_lift)(op)
        share_equal_functions(module)
        if around is not None:
            add_mesh(module, around.mesh, around.manual_axes)
        return to_bytecode(module)


def _accept(jaxpr: Any) -> None:
    """Refuse side effects, but not references that live and die inside: JAX's lowering makes values of
    them.
    """
    refuse_effects(jaxpr, "InternalMutableArray")


def _refuse_callback(op: Any) -> None:
    """Raise a SideEffectError for a call of a Python function, which lives in this process only."""
    target = op.operation.attributes["call_target_name"].value
    if "python" in target and "callback" in target:
        what = "a function that calls back into Python cannot be lifted"
        raise SideEffectError(str(error_at(op, what, hint="move the callback out of the function")))


def _name_lift(op: Any) -> None:
    op.operation.location = of_lift(op.operation)


def _drop_empty_constraint(op: Any) -> None:
    """Remove a constraint to the mesh without axes: JAX puts one on every key array, and it says nothing."""
    if "<@empty_mesh," in str(op.operation.attributes["sharding"]):
        op.operation.results[0].replace_all_uses_with(op.operation.operands[0])
        op.operation.erase()


_CHANGED: dict[str, Callable[[Any], None]] = {
    "stablehlo.custom_call": _refuse_callback,
    "sdy.sharding_constraint": _drop_empty_constraint,
    **dict.fromkeys(("func.call", "lift."), _name_lift),
}
"""What is done about ops of these names as they become ours; "lift." stands for all of the dialect."""
