"""What may reach XLA: no lift op, no unknown op, no call of foreign code that nobody allowed.

XLA's compiler ends the process on an op that it does not know, and on a function that calls itself, so
every module is walked first. A
`custom_call` can run arbitrary code of the host, so in a program loaded from a file only the targets that
JAX's own lowerings use are allowed, and those the caller names.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax

from stablelift.errors import LiftError, SideEffectError
from stablelift.ir import callback
from stablelift.ir.location import error_at, where
from stablelift.ir.mlir import ir, walk
from stablelift.ir.policy import PLACEMENT
from stablelift.passes.callgraph import callees

DIALECTS = ("builtin", "func", "stablehlo", "chlo", "sdy", "mhlo")
"""The dialects that XLA compiles."""

_CALLS = ("func.call", "stablehlo.composite", "stablehlo.custom_call")
"""The ops of these dialects that refer to functions."""

_LIBRARIES = {
    "cpu": ("lapack_*", "blas_*", "ducc_fft*", "dynamic_ducc_fft*"),
    "cuda": (
        "cusolver_*", "cublas_*", "cudasolver_*", "cusparse_*", "cufft_*", "cu_lu_pivots_to_permutation",
        "cu_threefry2x32*",
    ),
    "rocm": ("hipsolver_*", "hipblas_*", "hipsparse_*", "hip_lu_pivots_to_permutation", "hip_threefry2x32*"),
    "tpu": ("LuDecomposition", "Qr", "Eigh", "ProductOfElementaryHouseholderReflectors"),
}  # fmt: skip
"""Linear algebra, FFT and random numbers of each platform."""

TRUSTED_CALLS = (
    *(pattern for patterns in _LIBRARIES.values() for pattern in patterns),
    # sharding, and hints to the compiler
    "Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "xla.sdy.*", "annotate_device_placement",
    "MoveToHost", "MoveToDevice", "LayoutConstraint", "AllocateBuffer", "ApproxTopK", "TopK", "PartialReduce",
    "shape_assertion", "mhlo.*", "chlo.*",
)  # fmt: skip
"""Targets of `custom_call` that the lowerings of JAX for CPU, GPU and TPU use, as patterns."""


def refuse_leftovers(ops: Mapping[str, Sequence[Any]]) -> None:
    """Raise a LiftError that lists, by name and line, every op that XLA would not understand.

    Recursion is refused too: StableHLO has none.

    Args:
      ops: All ops of a module by name, as `walk_by_name` finds them.
    """
    if found := unknown_ops(ops):
        raise LiftError(
            "error: the module holds ops that XLA does not know\n"
            + listing(found)
            + "\n  hint: lift ops are compiled away by the default pipeline; others must be lowered before"
        )
    if any(name in ops for name in _CALLS):
        refuse_recursion({op.attributes["sym_name"].value: op for op in ops["func.func"]})


def unknown_ops(ops: Mapping[str, Sequence[Any]]) -> list[str]:
    """Every op that XLA would not understand, lift ops among them, by name and line."""
    found = [op for same in ops.values() if not _known(same[0]) for op in same]
    return [f"`{op.operation.name}`{_place(op)}" for op in found]


def refuse_unknown_memories(custom_calls: Sequence[Any]) -> None:
    """Raise a LiftError where a value is to wait in a kind of memory that the devices do not have."""
    for op in custom_calls:
        attributes = op.attributes
        if attributes["call_target_name"].value != PLACEMENT:
            continue
        memory = attributes["mhlo.frontend_attributes"]["_xla_buffer_placement"].value
        kinds = [one.kind for one in jax.devices()[0].addressable_memories()]
        if memory not in kinds:
            hint = f"the devices of this process have {', '.join(map(repr, kinds))}"
            raise error_at(op, f"a value is offloaded to {memory!r}, which there is none of", hint=hint)


def refuse_callbacks(custom_calls: Iterable[Any], what: str) -> None:
    """Raise a SideEffectError where `what` would outlive Python functions that it calls."""
    if found := callback.callbacks(custom_calls):
        raise SideEffectError(
            f"error: {what} cannot hold the Python functions that the program calls\n"
            + listing(f"`{callback.primitive_of(op)}`{_place(op)}" for op in found)
            + "\n  hint: leave them out of what is saved"
        )


def platforms_of_calls(targets: Iterable[str]) -> set[str]:
    """The platforms whose libraries custom calls of these targets need."""
    return {
        platform
        for target in targets
        for platform, patterns in _LIBRARIES.items()
        if any(_matches(target, pattern) for pattern in patterns)
    }


def refuse_other_platform(name: str, calls: Sequence[str], platform: str) -> None:
    """Raise a LiftError where a program calls libraries that a platform lacks."""
    foreign = [target for target in calls if platforms_of_calls([target]) - {platform}]
    if foreign and platform in _LIBRARIES:
        others = " and ".join(sorted(platforms_of_calls(foreign)))
        raise LiftError(
            f"error: the program `{name}` is one for {others}, and used on {platform}\n"
            + listing(f"custom_call `{target}`" for target in foreign)
            + f"\n  hint: trace or load it for this one: platform={platform!r}"
        )


def refuse_recursion(known: Mapping[str, Any]) -> None:
    """Raise a LiftError at a call, or an op like it, by which a function reaches itself."""

    def calls(name: str) -> Iterator[tuple[Any, str]]:
        return ((op, callee) for op in walk(known[name], *_CALLS) for callee in callees(op))

    closed: set[str] = set()
    for root in known:
        path = {} if root in closed else {root: calls(root)}
        while path:
            name = next(reversed(path))
            op, callee = next(path[name], (None, ""))
            if op is None:
                closed.add(name)
                del path[name]
            elif callee in path:
                names = list(path)
                cycle = " -> ".join(f"`@{one}`" for one in [*names[names.index(callee) :], callee])
                hint = "a loop is a `stablehlo.while`; XLA has no calls that recur"
                raise error_at(op, f"a function calls itself: {cycle}", hint=hint)
            elif callee in known and callee not in closed:
                path[callee] = calls(callee)


def refuse_custom_calls(module: ir.Module, allowed: Sequence[str], filename: str) -> None:
    """Raise a LiftError that lists the `custom_call` targets which are neither trusted nor in `allowed`."""
    calls = walk(module.operation, "stablehlo.custom_call")
    if found := untrusted_calls(calls, allowed):
        names = ", ".join(repr(target) for target in dict.fromkeys(target for target, _ in found))
        raise LiftError(
            f"{filename}: error: the program calls code outside StableHLO, which can do anything\n"
            + listing(f"custom_call `{target}`{place}" for target, place in found)
            + f"\n  hint: if you trust it, load it with allow_custom_calls=[{names}]"
        )


def untrusted_calls(calls: Sequence[Any], allowed: Sequence[str]) -> list[tuple[str, str]]:
    """Targets and places of those custom calls that are neither trusted nor like one of `allowed`."""
    found = [(op.attributes["call_target_name"].value, _place(op)) for op in calls]
    known = (*TRUSTED_CALLS, *allowed)
    return [(target, place) for target, place in found if not any(_matches(target, one) for one in known)]


def _matches(target: str, pattern: str) -> bool:
    return target == pattern or fnmatch.fnmatchcase(target, pattern)


def _known(op: Any) -> bool:
    name = op.operation.name
    return name.split(".", 1)[0] in DIALECTS and op.operation.context.is_registered_operation(name)


def _place(op: Any) -> str:
    place = where(op.location)
    return f" at {place}" if place else ""


def listing(lines: Iterable[str]) -> str:
    """Lines of a message, at most ten, equal ones once."""
    distinct = list(dict.fromkeys(lines))
    shown = [f"  {line}" for line in distinct[:10]]
    return "\n".join(shown + ([f"  and {len(distinct) - 10} more"] if len(distinct) > 10 else []))
