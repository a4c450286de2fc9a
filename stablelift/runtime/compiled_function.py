"""`CompiledFunction`: what `compile` returns, a program for each kind of arguments that it is called on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial, update_wrapper
from types import MethodType
from typing import Any

import jax

from stablelift.ir.policy import Policy
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import name_of, named
from stablelift.passes.layers.outline import Outline
from stablelift.runtime.arguments import refuse_non_arrays
from stablelift.runtime.budget import Choices, Finish, Kept, within
from stablelift.runtime.carried import Carried, Signature, settled, signature_of
from stablelift.runtime.choice import Choice, chosen
from stablelift.runtime.handed_on import check_state, donated_arguments, returned_arguments
from stablelift.runtime.keywords import by_position, positional_names
from stablelift.runtime.program import Program
from stablelift.runtime.rolled import Rolled
from stablelift.runtime.stages import Lowered

Donated = bool | int | Sequence[int]


@dataclass(frozen=True)
class Options:
    """What `compile` was told beside the function; see there (`runtime/compile.py`)."""

    donate: Donated
    carry: int | None
    layers: str
    remat: Policy | None


class CompiledFunction:
    """A function that is compiled when it is first called on arguments of some types."""

    def __init__(
        self,
        function: Callable,
        options: Options,
        names: Sequence[str] | None = None,
        keywords: Sequence[str] = (),
    ):
        """`names` are those of positional arguments, by default the function's own; the last argument is the
        dict of `keywords`, where there are some.
        """
        self._function, self._options = function, options
        self._names = positional_names(function) if names is None else tuple(names)
        self._keywords = tuple(keywords)
        self._carry, self._donated = options.carry or 0, ()
        self._by_keywords: dict[tuple[str, ...], CompiledFunction] = {}
        self._by_latest_keywords: CompiledFunction | None = None
        self._choice: Choice | None = None
        self._platform: str | None = None
        self._within: Kept | None = None
        self._programs: dict[Any, Program] = {}
        self._after_passes: dict[Program, Program] = {}
        self._rolled: dict[Any, Rolled] = {}
        self._jitted: Any = None
        self._latest: tuple[Program, Program] | None = None
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            form, args = self._form(args, kwargs)
            return form(*args)
        if self._jitted is not None:  # dispatch is jax.jit's
            return self._jitted(*args)
        if self._choice is None:
            self._choose(*args)
            return self(*args)
        try:
            return self._variant(*args)(*args)
        except FloatingPointError:  # of `jax.debug_nans`: the function itself says where
            given = [arg.tree if isinstance(arg, Carried) else arg for arg in args]
            if not any(leaf.is_deleted() for leaf in jax.tree.leaves(given) if isinstance(leaf, jax.Array)):
                self._function(*given)
            raise

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a class's attribute it is a method."""
        return self if instance is None else MethodType(self, instance)

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """The function after tracing and the passes, for arguments of these types (or ShapeDtypeStructs)."""
        if kwargs:
            form, args = self._form(args, kwargs)
            return form.lower(*args)
        started = time.perf_counter()
        self.prepare(*args)
        prepared = time.perf_counter()
        program = self.latest[1]
        lowered, run = self._lowered(program, args)

        def call(compiled: Any, *args: Any, **kwargs: Any) -> Any:
            args, kwargs = by_position(self._names, args, kwargs)
            return run(compiled, *args, *([kwargs] if kwargs else []))

        timing = program.finished.timing
        seconds = {"trace": max(0.0, prepared - started - timing.total()), **timing.by_pass()}
        return Lowered(lowered, program, call, {**seconds, "hand-over": time.perf_counter() - prepared})

    def _lowered(self, program: Program, args: tuple[Any, ...]) -> tuple[Any, Callable[..., Any]]:
        """JAX's lowered form for the arguments, and how the compiled one is called on them."""
        if self._jitted is not None:
            return self._jitted.lower(*args), lambda compiled, *args: compiled(*args)
        variant = self._variant(*args)
        return variant.lower(), variant.call

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Trace, differentiate and run the passes for arguments of the types of `args`; XLA waits for a
        call.
        """
        if kwargs:
            form, args = self._form(args, kwargs)
            return form.prepare(*args)
        if self._choice is None:
            self._choose(*args)
        if self._jitted is None:
            self._variant(*args)
        else:
            self._finished(*args)

    @property
    def choice(self) -> Choice | None:
        """What becomes of equal layers, and why; None before the first call."""
        if self._choice is None and self._by_latest_keywords is not None:
            return self._by_latest_keywords.choice
        return self._choice

    @property
    def kept(self) -> Kept | None:
        """What a budget has led to for the latest arguments, and what XLA takes; None without a budget."""
        if self._within is None and self._by_latest_keywords is not None:
            return self._by_latest_keywords.kept
        return self._within

    @property
    def latest(self) -> tuple[Program, Program]:
        """The program of the function's latest arguments, as traced and after the passes."""
        if self._latest is None and self._by_latest_keywords is not None:
            return self._by_latest_keywords.latest
        if self._latest is None:
            raise ValueError("nothing is compiled yet: call the function, or `prepare` it, first")
        return self._latest

    def _choose(self, *args: Any) -> None:
        """Decide on the first arguments what becomes of layers, and where it runs, for good."""
        self._platform = jax_compat.platform_of_arrays(jax.tree.leaves(args))
        program = self._program(*args)
        positional, carry = len(args) - bool(self._keywords), self._options.carry
        self._donated = donated_arguments(program, self._options.donate, carry, positional)
        returned = returned_arguments(program, self._donated) if carry is None else carry
        self._choice = chosen(self._options.layers, program, carries=bool(returned))
        if self._choice.layers == "roll":
            self._carry = returned
        else:
            self._jitted = jax.jit(named(self._staged, program.name), donate_argnums=self._donated)

    def _form(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[CompiledFunction, tuple[Any, ...]]:
        """The function of positional arguments and a dict of those that have no position, and these."""
        args, kwargs = by_position(self._names, args, kwargs)
        if not kwargs:
            return self, args
        names = tuple(sorted(kwargs))
        if names not in self._by_keywords:
            function = self._function

            def on_dict(*args: Any) -> Any:
                return function(*args[:-1], **args[-1])

            update_wrapper(on_dict, function)
            self._by_keywords[names] = CompiledFunction(on_dict, self._options, self._names, names)
        self._by_latest_keywords = self._by_keywords[names]
        return self._by_latest_keywords, (*args, kwargs)

    def _program(self, *args: Any) -> Program:
        """The function traced for arguments of some types, and the platform of the first arguments."""
        key = self._signatures(args)
        if key not in self._programs:
            # JAX keeps programs as long as this object, which they may not keep: nor arrays, but their types.
            trace = partial(Program.trace, self._function, *(jax.tree.unflatten(*one) for one in key))
            anew = cache(lambda platform: trace(platform=platform))
            program = replace(trace(platform=self._platform), anew=anew)
            check_state(program, self._carry, self._keywords)
            self._programs[key] = program
        return self._programs[key]

    def _staged(self, *args: Any) -> Any:
        """The function on tracers: one call of its finished program.

        JAX calls it on arrays where it looks for values that are not numbers: the function itself says where.
        """
        if jax_compat.is_outside_traces() and jax_compat.looks_for_special_values():
            return self._function(*args)
        program = self._finished(*jax.tree.map(jax_compat.aval_of, args))
        results = program.bind(*jax.tree.leaves(args))
        return jax.tree.unflatten(program.out_tree, results)

    def _finished(self, *args: Any) -> Program:
        """The function's program for arguments of some types, after the passes."""
        assert self._choice is not None
        program = self._program(*args)
        if program not in self._after_passes:
            passes = (Outline(),) if self._choice.layers == "outline" else ()

            def finish(policy: Policy | None) -> Program:
                return program.made_by(lambda one: one.after_passes(layers=passes, remat=policy))

            self._after_passes[program] = finish(self._policy(finish))
        self._latest = program, self._after_passes[program]
        return self._after_passes[program]

    def _policy(self, finish: Finish) -> Policy | None:
        """What the reverse is to keep: as asked for, or what fits the budget that was asked for."""
        policy = self._options.remat
        if policy is None or policy.name != "budget":
            return policy
        self._within = within(policy, Choices(finish))
        return self._within.policy

    def _signatures(self, args: tuple[Any, ...]) -> tuple[Signature, ...]:
        """The trees and types of arguments. Raises a TypeError that says where among them is no array."""
        try:
            given = map(settled, args)
            return tuple(arg.signature if isinstance(arg, Carried) else signature_of(arg) for arg in given)
        except TypeError:
            refuse_non_arrays(name_of(self._function), args)
            raise

    def _variant(self, *args: Any) -> Rolled:
        key = self._signatures(args)
        if key not in self._rolled:
            plain = [jax.tree.unflatten(tree, avals) for tree, avals in key]
            program = self._program(*plain)

            def finish(policy: Policy | None) -> Program:
                return Rolled(program, self._carry, self._donated, policy).program

            self._rolled[key] = Rolled(program, self._carry, self._donated, self._policy(finish))
            self._latest = program, self._rolled[key].program
        return self._rolled[key]
