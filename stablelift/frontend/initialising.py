"""Initialising as one compiled program: only what the variables depend on is computed.

Outside of any trace `Module.init` is traced like a lift, so equal layers are traced once, `lift-prune` drops
the forward pass, and `lift-pack` makes one batched draw of equal initialisers; keys and values are those of
running it op by op. So it is under `jax.jit`, where values are those of tracing it in place: compiled as one
program. Where that cannot be (the Module looks at values, checks something) it runs op by op; for any other
reason than these with a warning, since the reason is then a defect of the compiler.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import stablelift.runtime  # noqa: F401  (registers how JAX meets our primitives)
from stablelift.errors import LazyInitError, SideEffectError
from stablelift.ir.mlir import context, functions, is_used, parse
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, named, traced_leaves
from stablelift.lowering.session import session_memo
from stablelift.passes.layers.results import ReturnStacks
from stablelift.runtime.program import Program
from stablelift.runtime.stacks import unstacked

_NOT_FOR_COMPILERS = (
    SideEffectError,
    jax.errors.ConcretizationTypeError,
    jax.errors.NonConcreteBooleanIndexError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
"""What a Module raises under a trace that looks at values, or does more than compute."""


def initialised(run: Callable[..., Any], rngs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The variables that `run(rngs, *args, **kwargs)` returns."""
    leaves, tree = jax.tree.flatten((rngs, args, kwargs))
    if jax_compat.is_staging():
        return _outlined(run, leaves, tree)
    if not jax_compat.is_outside_traces() or any(map(jax_compat.is_tracer, leaves)):
        return run(rngs, *args, **kwargs)
    try:
        return _compiled(run, leaves, tree)
    except Exception as error:  # whatever it is, running op by op raises it where the user expects it
        failure = error
    variables = run(rngs, *args, **kwargs)
    if not isinstance(failure, _NOT_FOR_COMPILERS):
        why = f"{type(failure).__name__}: {failure}".split("\n")[0]
        warnings.warn(
            f"init ran op by op, since it could not be compiled: {why}\n"
            "  hint: the values are right, but this is a defect of stablelift: please report it",
            RuntimeWarning,
            stacklevel=3,
        )
    return variables


def lazily_initialised(
    run: Callable[..., Any], rngs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The same, where arguments of which only the type is known may be among `args` and `kwargs`.

    Raises: LazyInitError if a variable depends on one of them.
    """
    leaves, tree = jax.tree.flatten((rngs, args, kwargs))
    if not any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves):
        return initialised(run, rngs, args, kwargs)
    return _compiled(run, leaves, tree)


class _Init:
    """`run` as a function of those leaves of its arguments that are arrays, which returns arrays."""

    __name__ = "init"
    variables: Callable[[Sequence[Any]], Any]
    """What `run` returned, with other arrays in the place of those that the function returned."""

    def __init__(
        self, run: Callable[..., Any], leaves: Sequence[Any], tree: Any, is_array: Callable[[Any], bool]
    ):
        self._run, self._leaves, self._tree = run, leaves, tree
        self._is_array = list(map(is_array, leaves))
        self.arrays = [leaf for leaf, is_array in zip(leaves, self._is_array, strict=True) if is_array]

    def __call__(self, *arrays: Any) -> list[Any]:
        given = iter(arrays)
        pairs = zip(self._leaves, self._is_array, strict=True)
        rngs, args, kwargs = jax.tree.unflatten(
            self._tree, [next(given) if is_array else leaf for leaf, is_array in pairs]
        )
        found, self.variables = traced_leaves(self._run(rngs, *args, **kwargs))
        return found


def _outlined(run: Callable[..., Any], leaves: Sequence[Any], tree: Any) -> Any:
    """Under `jax.jit`, the variables as the results of one `lift.call`.

    Traced in place where that cannot be, and where a trace of ours sees all of it anyway.
    """
    init = _Init(run, leaves, tree, jax_compat.is_tracer)
    callee = None if session_memo() is not None else _callee(init)
    if callee is None:
        rngs, args, kwargs = jax.tree.unflatten(tree, leaves)
        return run(rngs, *args, **kwargs)
    return init.variables(callee.bind("lift.call", init.arrays, callee.out_avals))


def _callee(init: _Init) -> Callee | None:
    in_tree = jax.tree.structure((tuple(init.arrays), {}))
    try:
        callee = Callee(init, in_tree, list(map(jax_compat.aval_of, init.arrays)))
    except Exception:  # whatever it is, tracing in place raises it where the user expects it
        return None
    return None if jax_compat.effects(callee.jaxpr) else callee


def _compiled(run: Callable[..., Any], leaves: Sequence[Any], tree: Any) -> Any:
    kinds = (jax.Array, np.ndarray, jax.ShapeDtypeStruct)
    init = _Init(run, leaves, tree, lambda leaf: isinstance(leaf, kinds))
    platform = jax_compat.platform_of_arrays(init.arrays)
    program = Program.trace(init, *init.arrays, platform=platform)
    return init.variables(_runner(program)(*init.arrays))


@lru_cache(maxsize=128)
def _runner(program: Program) -> Callable[..., list[Any]]:
    """The compiled program; equal programs compile once. Of what it does not use, types are enough."""
    finished = program.after_passes(first=("lift-prune", "lift-seal"), last=(ReturnStacks(), "canonicalize"))
    used, layout = _used(finished), finished.finished.layout
    assert layout is not None

    def bind(*arrays: Any) -> list[Any]:
        given = iter(arrays)
        filled = [
            next(given) if is_used else jnp.zeros(aval.shape, aval.dtype)
            for aval, is_used in zip(finished.in_avals, used, strict=True)
        ]
        return finished.bind(*filled)

    jitted = jax.jit(named(bind, program.name))

    def run(*arrays: Any) -> list[Any]:
        needed = [array for array, is_used in zip(arrays, used, strict=True) if is_used]
        for array in needed:
            if isinstance(array, jax.ShapeDtypeStruct):
                raise LazyInitError(array)
        is_traced = any(map(jax_compat.is_tracer, needed))  # compiled for itself, or with what is around it
        return unstacked(layout.results, _given_up((bind if is_traced else jitted)(*needed)))

    return run


def _given_up(arrays: list[Any]) -> Iterator[Any]:
    """The arrays one after the other, each of which nobody else holds."""
    arrays.reverse()
    while arrays:
        yield arrays.pop()


def _used(program: Program) -> list[bool]:
    """Which arguments a finished program uses."""
    with context() as ctx:
        module = parse(program.bytecode, ctx)  # a name of its own: the handles must not outlive it
        return [is_used(argument) for argument in functions(module)["main"].arguments]
