"""What `jax.export` writes: an artefact, and beside it the trees and types of a function.

The artefact's `@main` has not all arguments of the function, for JAX drops those that nothing uses, and one
more where it is for several platforms: the number of the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax

from stablelift.errors import LiftError
from stablelift.ir.mlir import ARTIFACT_MAGIC
from stablelift.lowering.jax_compat import TreeDef, evaluated_shape

_SEARCHED = 1 << 20


@dataclass(frozen=True)
class Export:
    """An exported function.

    Attributes:
      bytecode: Its module, a portable artefact.
      in_tree: The tree of its arguments, keyword arguments as a last one.
      out_tree: The tree of its results.
      in_avals: The types of its arguments; sizes may be symbolic.
      kept: The positions of the arguments that the module takes.
      platforms: The platforms that it is for.
    """

    bytecode: bytes
    in_tree: TreeDef
    out_tree: TreeDef
    in_avals: tuple[Any, ...]
    kept: tuple[int, ...]
    platforms: tuple[str, ...]

    def shapes(self, sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
        """The shapes of the arguments where the variables in them have these sizes."""
        try:
            return [evaluated_shape(aval.shape, sizes) for aval in self.in_avals]
        except KeyError as error:
            found = ", ".join(f"`{name}`" for name in sizes) or "none"
            raise LiftError(f"error: expected the size of `{error.args[0]}`, found {found}") from None
        except OverflowError:
            found = ", ".join(f"`{name}` = {size}" for name, size in sizes.items())
            raise LiftError(f"error: a shape is too large for JAX, where {found}") from None

    def platform(self, wanted: str | int | None) -> int:
        """The position of a platform, by default that of JAX's default backend."""
        if isinstance(wanted, int):
            return wanted
        name = wanted or jax.export.default_export_platform()
        if name not in self.platforms:
            known = ", ".join(map(repr, self.platforms))
            raise LiftError(
                f"error: the program is for {known}, and not for {name!r}\n  hint: give `platform`"
            )
        return self.platforms.index(name)


def is_export(data: bytes) -> bool:
    """Whether the bytes of a file are neither text nor an artefact, but hold one."""
    return not data.startswith(ARTIFACT_MAGIC) and ARTIFACT_MAGIC in data[:_SEARCHED]


def read_export(data: bytes) -> Export:
    """The exported function in the bytes of a file.

    Raises:
      LiftError: They are not what `jax.export` has written, or flatbuffers, which it needs, is not installed.
    """
    try:
        found = jax.export.deserialize(bytearray(data))
        args, kwargs = jax.tree.unflatten(found.in_tree, range(found.in_tree.num_leaves))
        return Export(
            found.mlir_module_serialized,
            jax.tree.structure((*args, *([kwargs] if kwargs else []))),
            found.out_tree,
            tuple(found.in_avals),
            tuple(found.module_kept_var_idx),
            tuple(found.platforms),
        )
    except ImportError:
        hint = "pip install flatbuffers, or save `exported.mlir_module_serialized` instead"
        raise LiftError(f"error: reading a `jax.export` file needs flatbuffers\n  hint: {hint}") from None
    except Exception as error:  # whatever a corrupt flatbuffer makes its reader raise
        raise LiftError(f"error: not a valid `jax.export` file: {error}") from None
