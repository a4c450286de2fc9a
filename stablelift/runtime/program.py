"""`Program`: a compiled-to-be function: StableHLO with its lifts, and the trees and types of its arguments.

A Program comes from a Python function (`Program.trace`) or from a file (`Program.load`). `vmap`, `jvp`,
`vjp` and `grad` give new Programs that hold a lift op around the old one; nothing is generated before it is
needed. `compile` runs the passes and XLA. Called on arrays, inside `jax.jit` or outside, a Program is one
JAX primitive.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np

from stablelift.errors import LiftError
from stablelift.ir.callback import acts, callbacks, has_effect, may_call_python, order_of
from stablelift.ir.isolate import Reader
from stablelift.ir.mlir import PassManager, context, parse, to_bytecode, to_text, walk
from stablelift.lowering import gradients, mapping
from stablelift.lowering.axes import prefix_axes
from stablelift.lowering.callbacks import Callback, callbacks_in
from stablelift.lowering.callee import name_of
from stablelift.lowering.checkpoint import AnyPolicy, checkpoint
from stablelift.lowering.devices import on_devices
from stablelift.lowering.jax_compat import TreeDef, effect_of
from stablelift.lowering.primitive import program_p
from stablelift.lowering.structure import UNCHANGING
from stablelift.lowering.trace import trace
from stablelift.lowering.widths import has_wide, is_off, mode_for
from stablelift.passes.dump import Dump
from stablelift.passes.layers.layout import Layout
from stablelift.runtime import wide
from stablelift.runtime.arguments import checked, refuse_non_arrays
from stablelift.runtime.compiled import Compiled
from stablelift.runtime.finish import Finished, Passes, finish
from stablelift.runtime.guard import refuse_other_platform
from stablelift.runtime.libraries import called
from stablelift.runtime.stacks import stacked_types
from stablelift.runtime.transformed import forward, reverse, tangents, with_axis
from stablelift.runtime.trees import flat_tree
from stablelift.runtime.types import spelled

Axes = Any


@dataclass(frozen=True, eq=False)
class Program:
    """A function of arrays, ready to be transformed, compiled, saved and called.

    `weights` are the constants that `load` has made its first argument, by name. `devices` are those that the
    traced function says parts of it run on (`jax.shard_map`). `platform` is the one whose libraries it may
    call, None where that is not known; `anew`, if it can be made for others, makes it. `checks` is a function
    of the same flat arguments into which `checkify` can look in its place.

    Equal programs (the same module, trees and types) compare and hash equal, so they compile once.
    """

    bytecode: bytes = field(repr=False)
    in_tree: TreeDef
    out_tree: TreeDef
    in_avals: tuple[jax.ShapeDtypeStruct, ...]
    out_avals: tuple[jax.ShapeDtypeStruct, ...]
    name: str = "main"
    weights: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)
    devices: jax.sharding.Mesh | None = field(default=None, repr=False)
    platform: str | None = field(default=None, repr=False)
    anew: Callable[[str], Program] | None = field(default=None, repr=False)
    checks: Callable[..., Any] | None = field(default=None, repr=False)

    _made: dict[str, Finished] = field(default_factory=dict, init=False, repr=False)
    _callbacks: tuple[Callback, ...] = field(init=False, repr=False)

    def __post_init__(self):
        self.__dict__["_callbacks"] = callbacks_in(self.bytecode)  # which live as long as their programs

    # Coming and going

    @staticmethod
    def trace(function: Callable, *args: Any, platform: str | None = None) -> Program:
        """The program of a Python function on arguments of which only the types matter.

        Args:
          function: A function of pytrees of arrays. JAX's array functions, lifts and JAX's own control
            flow may occur in it.
          args: Pytrees of arrays or `jax.ShapeDtypeStruct`s.
          platform: "cpu", "gpu", "cuda", "rocm" or "tpu": whose lowerings to use, of a machine that need not
            be this one ("gpu" is "cuda" where this one has none); those of JAX's default backend without it.

        Raises:
          ValueError: JAX knows no such platform.
        """
        found = trace(function, *args, platform=platform)
        types = found.in_tree, found.out_tree, found.in_avals, found.out_avals
        return Program(
            *(found.bytecode, *types, name_of(function)), devices=found.devices, platform=found.platform
        )

    @staticmethod
    def load(
        path: str | os.PathLike,
        *,
        allow_custom_calls: Sequence[str] = (),
        isolated: bool | Reader = False,
        platform: str | int | None = None,
        shapes: Sequence[Sequence[int] | None] | Mapping[str, int] | None = None,
        lift_weights: bool = False,
    ) -> Program:
        """The program in a file: MLIR text or bytecode, a portable StableHLO artefact, or a `jax.export`
        file, from any producer.

        Args:
          path: The file. Its entry point is `@main`, or its only public function.
          allow_custom_calls: Targets of `custom_call` to let through beside those that JAX's own lowerings
            use.
          isolated: Open the file in a child process first, for one that is not to be trusted: MLIR's parser
            and XLA's importer end the process on some. A `Reader` is a child to be used for several files.
          platform: Of an export for several platforms, the one to load: "cpu", "cuda", "rocm" or "tpu", or
            its position; that of JAX's default backend without it.
          shapes: Where the file leaves shapes open: the shape of each argument (None for one that is not
            open), or, for a `jax.export` file, the sizes of its dimension variables.
          lift_weights: Take the weights, which are constants in the file, as a first argument, a dictionary.
            `weights` of the program holds them.

        Raises:
          LiftError: The file cannot be read, is not a valid module, has an entry point that no array
            function can have, holds ops that are not supported, or calls a target that is not allowed.
        """
        from stablelift.runtime.load import load

        return load(
            path,
            isolated,
            allow_custom_calls=allow_custom_calls,
            platform=platform,
            shapes=shapes,
            lift_weights=lift_weights,
        )

    def save(self, path: str | os.PathLike) -> None:
        """Write the program to a file, whole or not at all.

        A name that ends in `.mlir` gets text, `.bc` MLIR bytecode, both with the lifts as they are; any
        other a portable StableHLO artefact, for which the lifts are compiled away.
        """
        from stablelift.runtime.files import save

        save(self, path)

    def __str__(self) -> str:
        """The module as MLIR text."""
        with context() as ctx:
            return to_text(parse(self.bytecode, ctx))

    def __repr__(self) -> str:
        inputs = ", ".join(map(spelled, self.in_avals))
        return f"Program({self.name}: ({inputs}) -> ({', '.join(map(spelled, self.out_avals))}))"

    @cached_property
    def digest(self) -> str:
        """What identifies the program: a hash of its module, of its trees and types, and of its devices."""
        devices = [] if self.devices is None else [device.id for device in self.devices.devices.flat]
        signature = f"{self._content}{self.in_tree}{self.in_avals}{self.out_tree}{self.out_avals}{devices}"
        return hashlib.sha256(signature.encode()).hexdigest()

    @cached_property
    def _content(self) -> str:
        """Of the module, whatever lines it came from."""
        with context() as ctx:
            module = parse(self.bytecode, ctx)
            PassManager.parse("builtin.module(strip-debuginfo)").run(module.operation)
            return hashlib.sha256(to_bytecode(module)).hexdigest()

    @cached_property
    def effects(self) -> frozenset[Any]:
        """What the program may do beside computing its results (`jax.debug.print`), in JAX's terms."""
        if not may_call_python(self.bytecode):
            return frozenset()
        with context() as ctx:
            module = parse(self.bytecode, ctx)
            calls = callbacks(walk(module.operation, "stablehlo.custom_call"))
            return frozenset(effect_of(acts(op), order_of(op)) for op in calls if has_effect(op))

    @cached_property
    def _calls(self) -> tuple[str, ...]:
        """The targets of the module's custom calls."""
        with context() as ctx:
            module = parse(self.bytecode, ctx)
            return called(walk(module.operation, "stablehlo.custom_call"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and (self is other or self.digest == other.digest)

    def __hash__(self) -> int:
        """Of the types alone: the digest, which takes a pass over the module, waits for another of these."""
        return hash(tuple((aval.shape, aval.dtype) for aval in (*self.in_avals, *self.out_avals)))

    @cached_property
    def is_wide(self) -> bool:
        """Whether the program takes or returns 64-bit types, which JAX may have turned off."""
        return has_wide((*self.in_avals, *self.out_avals))

    # Transformations

    def vmap(self, in_axes: Axes = 0, out_axes: Axes = 0, axis_size: int | None = None) -> Program:
        """The program mapped over a new axis of its arguments.

        Args:
          in_axes: As for `functional.vmap`: positions in the mapped arguments, None for shared ones.
          out_axes: The positions of the new axis in the results.
          axis_size: The number of examples.

        Raises:
          ValueError: No `axis_size` is given, or an axis is out of range.
        """
        if axis_size is None:
            raise ValueError("vmap of a program: give axis_size, the number of examples")
        axes = prefix_axes("in_axes", in_axes, self._args)
        extended = [with_axis(aval, axis, axis_size) for aval, axis in zip(self.in_avals, axes, strict=True)]
        mapped = mapping.vmap(self._apply, in_axes, out_axes, axis_size=axis_size)
        return self._trace(mapped, *jax.tree.unflatten(self.in_tree, extended))

    def jvp(self) -> Program:
        """Forward mode: `(primals, tangents) -> (outputs, output tangents)`, both arguments tuples.

        Leaves that can carry no tangent (integers, booleans) are None among the tangents, in and out.
        """
        return self._trace(forward(self._apply), self._args, tangents(self._args))

    def vjp(self) -> Program:
        """Reverse mode: `(primals, cotangents) -> (outputs, gradients)`, primals and gradients tuples.

        Leaves that can carry no tangent are None among cotangents and gradients.
        """
        outputs = jax.tree.unflatten(self.out_tree, self.out_avals)
        return self._trace(reverse(self._apply), self._args, tangents(outputs))

    def grad(self, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Program:
        """The gradient of a program that returns a real scalar, with respect to some of its arguments."""
        return self._trace(gradients.grad(self._apply, argnums, has_aux), *self._args)

    def value_and_grad(self, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Program:
        """The value and the gradient of a program that returns a real scalar."""
        return self._trace(gradients.value_and_grad(self._apply, argnums, has_aux), *self._args)

    def remat(self, policy: AnyPolicy = None, prevent_cse: bool = True) -> Program:
        """The program, recomputed where it is differentiated, but for what the policy saves."""
        recomputed = checkpoint(self._apply, policy=policy, prevent_cse=prevent_cse)
        return self._trace(recomputed, *self._args)

    @property
    def _args(self) -> tuple[Any, ...]:
        """The types of the arguments, as the arguments stand."""
        return jax.tree.unflatten(self.in_tree, self.in_avals)

    def _trace(self, function: Callable, *args: Any) -> Program:
        """The program of a transformation of this one, with its types."""
        with mode_for((*self.in_avals, *self.out_avals)):
            return Program.trace(function, *args, platform=self.platform)

    # Running

    @property
    def finished(self) -> Finished:
        """The module after the passes. Raises a LiftError if an op has no rule, or if one is left."""
        if "finished" not in self._made:
            self._made["finished"] = self._finish()
        return self._made["finished"]

    def optimize(self, *, dump: str | os.PathLike | None = None) -> Program:
        """The program after the passes, as plain StableHLO; `dump`: a folder for the module after each."""
        finished = self.finished if dump is None else self._finish(dump)
        return replace(self, bytecode=finished.bytecode)

    def after_passes(self, **passes: Any) -> Program:
        """The program after the default pipeline with other passes in it, as `pipeline.run` takes them.

        Where one of them stacks arguments and results, it is a program of flat arrays, and `finished.layout`
        says which.
        """
        finished = self._finish(None, passes)
        other = replace(self, bytecode=finished.bytecode, anew=None)
        if finished.layout is not None:
            ins = stacked_types(self.in_avals, finished.layout.arguments)
            outs = stacked_types(self.out_avals, finished.layout.results)
            trees = flat_tree(len(ins)), flat_tree(len(outs))
            other = replace(other, in_tree=trees[0], out_tree=trees[1], in_avals=ins, out_avals=outs)
        other._made["finished"] = finished
        return other

    def made_by(self, make: Callable[[Program], Program]) -> Program:
        """`make(self)`, which for another platform is made of what this one is there."""
        made = make(self)
        if self.anew is not None:
            made.__dict__["anew"] = partial(self._made_for, make, made.finished.layout)
        return made

    def _made_for(self, make: Callable[[Program], Program], layout: Layout | None, platform: str) -> Program:
        made = make(self.on(platform))
        if made.finished.layout != layout:
            raise LiftError(
                f"error: the layers of `{self.name}` roll in another way on {platform}\n"
                "  hint: compile(..., layers='inline')"
            )
        return made

    def on(self, platform: str) -> Program:
        """The program for a platform: made anew where that can be, else itself.

        Raises:
          LiftError: It calls libraries that the platform lacks.
        """
        if platform == self.platform:
            return self
        if self.anew is not None:
            return self.anew(platform)
        refuse_other_platform(self.name, self._calls, platform)
        return self

    def _finish(self, dump: Dump | None = None, passes: Passes | None = None) -> Finished:
        return finish(self.bytecode, lambda: self._content, passes or {}, dump)

    def compile(
        self, *, dump: str | os.PathLike | None = None, donate_argnums: int | Sequence[int] = ()
    ) -> Compiled:
        """Run the passes and XLA now; the result is called like the program, through JAX's fast path.

        Args:
          dump: A folder into which the module is written after each pass.
          donate_argnums: Arguments whose buffers the results may take over.

        Raises:
          LiftError: An op has no rule, or a part of the program is not for XLA.
        """
        if dump is not None:
            self._made["finished"] = self._finish(dump)  # what the property would compute again
        donated = (donate_argnums,) if isinstance(donate_argnums, int) else tuple(donate_argnums)
        return Compiled(self, donated)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The program's results on arrays or tracers of its types; keyword arguments are a last dictionary.

        Raises:
          TypeError: The arguments are not those that the program takes.
        """
        args = (*args, kwargs) if kwargs else args
        try:
            if self.is_wide and is_off():
                return wide.call(self._jitted, self, args)
            return self._jitted(*args)
        except TypeError:
            refuse_non_arrays(self.name, args)
            raise

    @cached_property
    def _jitted(self) -> Callable:
        """JAX keeps the program of a call as long as it knows the function: it is given another than this,
        which holds the function.
        """
        other = replace(self)
        other.__dict__["_made"] = self._made
        return jax.jit(other._apply)

    def bind(self, *leaves: Any) -> list[Any]:
        """The program's flat results on flat arrays or tracers, which are not checked."""
        return program_p.bind(*on_devices(self.devices, leaves), program=self)

    @property
    def _apply(self) -> Callable:
        """The program as a function, which checks its arguments."""

        def apply(*args: Any) -> Any:
            results = self.bind(*checked(self.name, self.in_tree, self.in_avals, args))
            return jax.tree.unflatten(self.out_tree, results)

        apply.__name__ = self.name
        return apply


UNCHANGING.add(Program)
