"""What `run` is given: arrays from `.npy` and `.npz` files, random numbers, zeros, ones."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np

from stablelift.command.refusal import Refusal, reason
from stablelift.runtime.program import Program
from stablelift.runtime.types import spelled

FILLS = ("random", "zeros", "ones")


@dataclass(frozen=True)
class Input:
    """An `--input`: a fill or a file, for the arguments whose names begin with `place`."""

    place: str
    source: str


def names_of(tree: Any, alone: str) -> list[str]:
    """The leaves of a tree by their paths, `0.params.kernel`; `alone` where the tree is a leaf."""
    leaves = jax.tree_util.tree_leaves_with_path(jax.tree.unflatten(tree, range(tree.num_leaves)))
    return [jax.tree_util.keystr(path, simple=True, separator=".") or alone for path, _ in leaves]


def inputs_for(
    program: Program, given: Sequence[Input], weights: Mapping[str, np.ndarray], seed: int
) -> list[np.ndarray]:
    """An array for each argument of a program, in order; `weights` are for what nothing else is given for.

    Raises: Refusal if a file cannot be read, does not fit, or something is left without a value.
    """
    names = names_of(program.in_tree, "0")
    avals = dict(zip(names, program.in_avals, strict=True))
    found: dict[str, np.ndarray] = {}
    fills = {one.place: one.source for one in given if one.source in FILLS}
    for one in given:
        if one.source not in FILLS:
            wanted = _under(one.place, names)
            free = [name for name in wanted if name not in found]
            found |= _from_file(one, free, avals)
    for name in names:
        # The first argument, also where a transformation has put all of them into one.
        weight = weights.get(name.removeprefix("0.").removeprefix("0."))
        if weight is not None and name.startswith("0.") and weight.shape == avals[name].shape:
            found.setdefault(name, weight)
    if not given:
        fills[""] = "random"
    rng = np.random.default_rng(seed)
    for place, fill in fills.items():
        for name in _under(place, names):
            if name not in found:
                try:
                    found[name] = _filled(fill, avals[name], rng)
                except (MemoryError, ValueError) as error:  # NumPy's, as more than memory or than it counts
                    raise Refusal(
                        f"error: argument {name}: {spelled(avals[name])} does not fit into memory"
                    ) from error
    if missing := [name for name in names if name not in found]:
        listing = "\n".join(f"  {name}: {spelled(avals[name])}" for name in missing)
        hint = "--input FILE for the next, --input NAME=FILE for one, --input random for the rest"
        raise Refusal(f"error: there is no --input for\n{listing}\n  hint: {hint}")
    return [found[name] for name in names]


def _under(place: str, names: Sequence[str]) -> list[str]:
    """The names at a place or below it, all without one. Raises: UsageError if a place has none."""
    found = [name for name in names if not place or name == place or name.startswith(f"{place}.")]
    if place and not found:
        known = ", ".join(names) or "none"
        raise click.BadParameter(f"no argument is called {place!r}; there are {known}", param_hint="--input")
    return found


def _from_file(one: Input, names: Sequence[str], avals: dict[str, Any]) -> dict[str, np.ndarray]:
    arrays = _read(one.source)
    if isinstance(arrays, np.ndarray):
        if not names:
            raise Refusal(f"{one.source}: error: there is no argument left for it")
        return {names[0]: _fitted(arrays, avals[names[0]], names[0], one.source)}
    prefix = f"{one.place}." if one.place else ""
    by_name = {f"{prefix}{key}": array for key, array in arrays.items()}
    if not by_name.keys() & set(names):  # as `np.savez` calls what it is given by position
        if len(arrays) > len(names):
            raise Refusal(f"{one.source}: error: expected at most {len(names)} arrays, found {len(arrays)}")
        by_name = dict(zip(names, arrays.values(), strict=False))
    if unknown := [key for key in by_name if key not in names]:
        listing = ", ".join(key.removeprefix(prefix) for key in unknown)
        hint = f"the arguments are {', '.join(name.removeprefix(prefix) for name in names)}"
        raise Refusal(f"{one.source}: error: no argument is called {listing}\n  hint: {hint}")
    return {name: _fitted(array, avals[name], name, one.source) for name, array in by_name.items()}


def _read(file: str) -> np.ndarray | dict[str, np.ndarray]:
    try:
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            return dict(found)
    except OSError as error:
        hint = f"an input is a file, or one of {', '.join(FILLS)}"
        raise Refusal(f"{file}: error: cannot be read: {reason(error)}\n  hint: {hint}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, MemoryError, SyntaxError, TypeError) as error:
        # What numpy does not know it takes for a pickle, which could run anything.
        why = "it has neither's form" if "pickle" in str(error) else str(error)
        raise Refusal(f"{file}: error: expected a .npy or .npz file of numbers: {why}") from error


def _fitted(array: np.ndarray, aval: Any, name: str, file: str) -> np.ndarray:
    """The array with the argument's dtype: floats are rounded, integers must fit."""
    dtype = np.dtype(aval.dtype)
    if array.dtype.kind == "V" and array.dtype.itemsize == dtype.itemsize:
        array = array.view(dtype)  # numpy has no name for bfloat16 and its like, and writes plain bytes
    expected = f"{file}: error: argument {name}: expected {spelled(aval)}, found "
    if array.shape != aval.shape:
        raise Refusal(expected + spelled(jax.ShapeDtypeStruct(array.shape, array.dtype)))
    if array.dtype == dtype:
        return array
    found, wanted = _rank(array.dtype), _rank(dtype)
    if found is None or found > wanted:
        raise Refusal(expected + spelled(jax.ShapeDtypeStruct(array.shape, array.dtype)))
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
    differs = wanted == INTEGERS and not np.array_equal(converted, array)
    if differs or wanted > INTEGERS and not np.array_equal(np.isfinite(converted), np.isfinite(array)):
        raise Refusal(f"{expected}values from {array.min()} to {array.max()}")
    return converted


INTEGERS = 1


def _rank(dtype: np.dtype) -> Any:
    """Booleans, integers, floats, complex numbers: one converts to those behind it."""
    kinds = (np.bool_, jnp.integer, jnp.floating, jnp.complexfloating)
    return next((rank for rank, kind in enumerate(kinds) if jnp.issubdtype(dtype, kind)), None)


def _filled(fill: str, aval: Any, rng: np.random.Generator) -> np.ndarray:
    """Normal numbers, integers below ten, coin flips; or zeros, or ones."""
    if fill != "random":
        return np.full(aval.shape, fill == "ones", aval.dtype)
    kind = _rank(np.dtype(aval.dtype))
    if kind <= INTEGERS:
        high = min(10, jnp.iinfo(aval.dtype).max + 1) if kind else 2
        return rng.integers(0, high, aval.shape).astype(aval.dtype)
    values = np.asarray(rng.standard_normal(aval.shape))
    if np.dtype(aval.dtype).kind == "c":
        values = values + 1j * rng.standard_normal(aval.shape)
    return values.astype(aval.dtype)
