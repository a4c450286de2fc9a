"""Every use of a JAX internal, in one place.

The rest of the package sees JAX through its public API and through this module. Where jax 0.10 and 0.12
differ, the difference ends here. Nothing in this module decides anything: it names, reads and calls.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from types import CellType, FunctionType, MethodType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import (
    ad_checkpoint,
    ad_util,
    api,
    api_util,
    checkify,
    config,
    core,
    custom_derivatives,
    debugging,
    dispatch,
    dtypes,
    earray,
    hijax,
    linear_util,
    random,
    shard_map,
    source_info_util,
    util,
    xla_bridge,
)
from jax._src import callback as _callback
from jax._src import effects as _effects
from jax._src import mesh as _mesh
from jax._src import pjit as _pjit
from jax._src.export import shape_poly
from jax._src.interpreters import ad, batching, mlir, partial_eval, pxla
from jax._src.lax import control_flow, lax, special
from jax._src.lax import linalg as _linalg
from jax._src.lax import parallel as _parallel
from jax._src.lax.control_flow import solves
from jax._src.lib.mlir.dialects import hlo
from jax.extend.core import Primitive, jaxpr_as_fun
from jax.extend.random import threefry_prng_impl

from stablelift.ir.mesh import Surroundings, add_mesh
from stablelift.ir.mlir import func, ir

Jaxpr = Any
"""A closed jaxpr: `jax.extend.core.ClosedJaxpr` on jax 0.10; a Jaxpr that holds its constants on 0.12."""

TreeDef = Any
"""The structure of a pytree, `jax.tree_util.PyTreeDef`, which is not a class to type checkers."""

Rule = Callable[..., Sequence[Any]]

AbstractValue = core.AbstractValue

Literal: Any = core.Literal
"""The class of a number as an operand of an equation."""

Var: Any = core.Var
"""The class of all other operands, and of results."""

scan_p = control_flow.scan_p
while_p = control_flow.while_p
cond_p = control_flow.cond_p
jit_p = _pjit.jit_p
remat_p = ad_checkpoint.remat_p
name_p = ad_checkpoint.name_p
add_any_p = ad_util.add_jaxvals_p
linear_solve_p = solves.linear_solve_p
stop_gradient_p = ad_util.stop_gradient_p
custom_jvp_call_p = custom_derivatives.custom_jvp_call_p
custom_vjp_call_p = custom_derivatives.custom_vjp_call_p
logistic_p = lax.logistic_p
integer_pow_p = lax.integer_pow_p
one_minus_square_p: Primitive | None = getattr(lax, "one_minus_square_p", None)  # not on jax 0.10
shard_map_p = shard_map.shard_map_p
sharding_constraint_p = _pjit.sharding_constraint_p
pvary_p = core.pvary_p
psum_p = _parallel.psum_p
psum_invariant_p = _parallel.psum_invariant_p
pmax_p = _parallel.pmax_p
pmin_p = _parallel.pmin_p
axis_index_p = _parallel.axis_index_p
all_gather_p = _parallel.all_gather_p
reduce_scatter_p = _parallel.reduce_scatter_p
ppermute_p = _parallel.ppermute_p
all_to_all_p = _parallel.all_to_all_p
_prng: Any = getattr(random, "prng")  # noqa: B009, the stubs do not have it
random_bits_p: Primitive = _prng.random_bits_p
pure_callback_p = _callback.pure_callback_p

CALLBACKS = (debugging.debug_callback_p, debugging.debug_print_p, _callback.io_callback_p, pure_callback_p)
"""Primitives that call a Python function while the program runs."""

check_p = checkify.check_p

TELLING = (*CALLBACKS, check_p)
"""Those, and that of a check."""

high_p: Primitive = hijax.call_hi_primitive_p
"""What stands for an operation that JAX expands into others before it lowers it (`searchsorted`, by 0.12)."""

_Inline: Any = getattr(jax, "Inline", None)  # None where to inline is a yes or no
INLINE: Any = _Inline.JAX_EARLY if _Inline else True
"""What tells `jax.jit` to leave no call in the trace around it."""

_ClosedJaxpr: Any = getattr(core, "ClosedJaxpr", None)  # None where a Jaxpr holds its constants
_JAXPRS = (core.Jaxpr, _ClosedJaxpr) if _ClosedJaxpr else (core.Jaxpr,)

OPAQUE = (
    *(
        primitive
        for name, primitive in sorted(vars(_linalg).items())
        if isinstance(primitive, Primitive) and not name.startswith("_")
    ),
    linear_solve_p,
    special.bessel_i0e_p,
    special.igamma_p,
    special.igammac_p,
    special.igamma_grad_a_p,
    special.regularized_incomplete_beta_p,
    random.random_gamma_p,
    control_flow.cumlogsumexp_p,
    control_flow.cummax_p,
    control_flow.cummin_p,
    control_flow.cumprod_p,
    # jax 0.12 lowers these to arithmetic (lgamma on the bits of its argument) whose derivatives are not
    # theirs.
    *(() if _ClosedJaxpr else (special.lgamma_p, lax.asin_p)),
)
"""Primitives whose lowering hides what they compute: opaque library calls (eigh, svd, qr, lu, cholesky,
...), and arithmetic and loops whose derivative is a rule of JAX's and not their own."""

OPAQUE_OF_COMPLEX = (
    *(lax.cos_p, lax.max_p, lax.min_p, lax.sin_p),
    *(() if _ClosedJaxpr else (lax.abs_p, lax.sign_p)),
)
"""Those whose lowering hides it of complex numbers: it compares their parts, or treats some on their own."""

# Jaxprs


def close(jaxpr: Any) -> Jaxpr:
    """A jaxpr without constants, as a closed one: always the same, since callees are known by identity."""
    if not _ClosedJaxpr or isinstance(jaxpr, _ClosedJaxpr):
        return jaxpr
    return partial_eval.close_jaxpr(jaxpr)


def is_jaxpr(value: Any) -> bool:
    return isinstance(value, _JAXPRS)


def is_literal(atom: Any) -> bool:
    """Whether an operand of an equation is a number, in its `val`."""
    return type(atom) is Literal


def opened(jaxpr: Jaxpr) -> Any:
    """The equations of a jaxpr and their variables, without the values of its constants."""
    return jaxpr.jaxpr if _ClosedJaxpr and isinstance(jaxpr, _ClosedJaxpr) else jaxpr


def with_body(jaxpr: Jaxpr, body: Any) -> Jaxpr:
    """The jaxpr with others of such equations, and the same constants."""
    if _ClosedJaxpr and not isinstance(jaxpr, _ClosedJaxpr):
        return body
    return close_over(body, jaxpr.consts)


def variable(aval: Any, dropped: bool = False) -> Any:
    """A new variable of a jaxpr, or what stands for a result that nothing reads."""
    return core.DropVar(aval) if dropped else core.Var(aval)


def is_dropped(var: Any) -> bool:
    """Whether it stands for a result that nothing reads."""
    return isinstance(var, core.DropVar)


def is_array(aval: Any) -> bool:
    """Whether it is the abstract value of an array or a key array, and not of a reference or a token."""
    return isinstance(aval, core.ShapedArray)


def equation(inputs: Iterable[Any], outputs: Iterable[Any], params: dict[str, Any], like: Any) -> Any:
    """An equation like another one, in the context that is current."""
    given = list(inputs), list(outputs), like.primitive, params, like.effects
    return core.new_jaxpr_eqn(*given, like.source_info)


def is_inline(params: dict[str, Any]) -> bool:
    """Whether what is jitted is to be inlined when it is lowered, if it has not been before."""
    if _Inline is None:
        return params["inline"]
    return params["inline"] in (_Inline.JAX_EARLY, _Inline.JAX_LATE)


def make_jaxpr(function: Callable, avals: Sequence[Any], axis_env: Sequence[tuple[str, int]] = ()) -> Jaxpr:
    """The closed jaxpr of a flat function; values it closes over become leading inputs' worth of constants.
    """
    return jax.make_jaxpr(function, axis_env=list(axis_env))(*avals)


def unbound_axis(error: NameError) -> str | None:
    """The name of the mapped axis that an error of JAX's misses; None for another error."""
    found = re.search(r"unbound axis name: (\w+)", str(error))
    return found and found.group(1)


def axis_sizes_in_scope() -> dict[str, int]:
    """The sizes of the named axes of the maps that are being traced, outermost first."""
    return dict(core.get_axis_env().axis_sizes)


def hoist_constants(jaxpr: Jaxpr) -> tuple[Jaxpr, list[Any]]:
    """The jaxpr with its constants as leading inputs, and the constants (arrays, or tracers closed over)."""
    constants = list(jaxpr.consts)
    if not constants:
        return jaxpr, []
    return close(partial_eval.convert_constvars_jaxpr(jaxpr.jaxpr if _ClosedJaxpr else jaxpr)), constants


def restrict(
    jaxpr: Jaxpr, outputs: Sequence[int], keep_inputs: bool | Sequence[bool] = False
) -> tuple[Jaxpr, list[bool]]:
    """The part of a jaxpr without constants that computes some of its outputs, and which inputs it has:
    those that it uses, and those that `keep_inputs` says.
    """
    wanted = [index in outputs for index in range(len(jaxpr.out_avals))]
    found, used = partial_eval.dce_jaxpr(opened(jaxpr), wanted, instantiate=keep_inputs)
    return close(found), list(used)


def name_of_traced(jaxpr: Jaxpr) -> str:
    """The name of the function that a jaxpr was traced from."""
    return opened(jaxpr).debug_info.func_name


def computes_nothing(jaxpr: Jaxpr) -> bool:
    """Whether the results of a jaxpr are inputs of it, or constants."""
    return not jaxpr.eqns


def evaluate(jaxpr: Jaxpr, *args: Any) -> list[Any]:
    """The jaxpr's results, traced or computed like any function's."""
    with any_values():  # as JAX does it, which leaves the thread without its check
        return jaxpr_as_fun(jaxpr)(*args)


def called_by(eqn: Any) -> Jaxpr | None:
    """What an equation of JAX's calls once, on its operands: of `jit`, `checkpoint`, rules of users."""
    if eqn.primitive in (jit_p, remat_p):
        return close(eqn.params["jaxpr"])
    return eqn.params.get("call_jaxpr")


def evaluate_each(
    jaxpr: Jaxpr, args: Sequence[Any], seen: Callable[[Any, Sequence[Any], Sequence[Any]], None]
) -> list[Any]:
    """The jaxpr's results on arrays, computed equation by equation: `seen` is told each one, its operands and
    its results, whatever values these are.
    """
    whole, constants = hoist_constants(jaxpr)
    body = opened(whole)
    values = dict(zip(body.invars, [*constants, *args], strict=True))

    def read(atoms: Sequence[Any]) -> list[Any]:
        return [atom.val if is_literal(atom) else values[atom] for atom in atoms]

    for eqn in body.eqns:
        operands = read(eqn.invars)
        with eqn.ctx.manager, any_values():
            found = eqn.primitive.bind(*operands, **eqn.primitive.get_bind_params(eqn.params))
        results = found if eqn.primitive.multiple_results else [found]
        seen(eqn, operands, results)
        values.update(zip(eqn.outvars, results, strict=True))
    return read(body.outvars)


def tangent_aval(aval: Any) -> Any | None:
    """The abstract value of a tangent of `aval`; None where it can have none (integers, booleans, keys)."""
    tangent = aval.to_tangent_aval()
    return None if tangent.dtype == dtypes.float0 else tangent


def result_avals(primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> tuple[Any, ...]:
    """The abstract values of what a primitive with effects returns."""
    return tuple(primitive.abstract_eval(*map(aval_of, args), **params)[0])  # type: ignore[misc]


def filled(tangents: Sequence[Any], values: Iterable[Any]) -> list[Any]:
    """Tangents, of which None is a zero, of those of some values or abstract values that can carry one."""
    found = []
    for tangent, value in zip(tangents, values, strict=True):
        aval = tangent_aval(aval_of(value))
        if aval is not None:
            found.append(jnp.zeros(aval.shape, aval.dtype) if tangent is None else tangent)
    return found


def can_carry_tangent(value: Any) -> bool:
    """Whether a value, or one of its abstract value, can carry a tangent."""
    return tangent_aval(aval_of(value)) is not None


def effects(jaxpr: Any) -> list[str]:
    """What a jaxpr, or an equation, does beside computing its results, by JAX's names: Debug, IO, Write, ...

    To speak of a mapped axis by name is an effect to JAX, and none here.
    """
    found = [effect for effect in jaxpr.effects if not isinstance(effect, core.NamedAxisEffect)]
    return sorted({type(effect).__name__.removesuffix("Effect") for effect in found})


def told_effects(jaxprs: Iterable[Jaxpr]) -> frozenset[Any]:
    """JAX's marks of jaxprs that call Python functions with side effects, or check something."""
    return frozenset(
        effect for jaxpr in jaxprs for effect in jaxpr.effects if isinstance(effect, _TOLD_EFFECTS)
    )


_ORDERED_EFFECTS = debugging.OrderedDebugEffect, _callback.OrderedIOEffect
_TOLD_EFFECTS = debugging.DebugEffect, _callback.IOEffect, *_ORDERED_EFFECTS, checkify.ErrorEffect


def effect_of(acts: bool, order: str | None) -> Any:
    """JAX's mark of a call of a Python function that acts on the world, or is only told of values."""
    if order is not None:
        return _ORDERED[order]
    return _callback._IOEffect if acts else debugging.debug_effect


def in_order(effects: Iterable[Any]) -> frozenset[Any]:
    """Those of some effects that take place in the order of the program."""
    return frozenset(effect for effect in effects if isinstance(effect, _ORDERED_EFFECTS))


def identity_of_callback(params: dict[str, Any]) -> Hashable:
    """What equal calls of one Python function have in common: parameters of `CALLBACKS`.

    Raises:
      TypeError: They cannot be compared.
    """
    found = _identity(dict(sorted(params.items())))
    hash(found)
    return found


def order_of(primitive: Primitive, params: dict[str, Any]) -> str | None:
    """The kind of a call of a Python function that takes place in the order of the program."""
    if not params.get("ordered") and not isinstance(params.get("effect"), _ORDERED_EFFECTS):
        return None
    return "io" if primitive is _callback.io_callback_p else "debug"


class _Same:
    """Stands for an object, and is equal to what stands for the same one."""

    def __init__(self, value: Any):
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


def _identity(value: Any) -> Hashable:
    """What values have in common that are the same to who calls them: functions are equal to none but
    themselves, what JAX wraps around one anew each time is what it wraps.
    """
    if isinstance(value, dict):
        return tuple((name, _identity(entry)) for name, entry in value.items())
    if isinstance(value, tuple | list):
        return type(value), *map(_identity, value)
    if isinstance(value, _callback._FlatCallback):
        return _identity(value.callback_func), value.in_tree
    if isinstance(value, MethodType):
        return _Same(value.__func__), _Same(value.__self__)
    if getattr(value, "__module__", None) == debugging.__name__ and hasattr(value, "__closure__"):
        return value.__code__, *(_identity(cell.cell_contents) for cell in value.__closure__ or ())
    return _Same(value) if callable(value) else (type(value), value)


def place_of(eqn: Any) -> str | None:
    """`file:line` of the user's that an equation comes from."""
    return _place(eqn.source_info.traceback)


def _place(traceback: Any) -> str | None:
    frame = source_info_util.user_frame(traceback)
    return f"{frame.file_name}:{frame.start_line}" if frame else None


# Checks


def checked(jaxpr: Jaxpr, errors: Any, args: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The error, a pytree, and the results of a jaxpr in which errors of these kinds are looked for."""
    return checkify.checkify(jaxpr_as_fun(jaxpr), errors=errors)(*args)


def looks_for_more_than_checks(kinds: Any) -> bool:
    """Whether errors of these kinds are found where no user checks anything."""
    return not checkify.user_checks.issuperset(kinds)


def one_of_errors(errors: Any, position: Callable[[Any], Any]) -> Any:
    """Of each kind of error in stacked ones, that at the position which is chosen by whether there is one."""
    found = checkify.init_error._replace(_metadata=errors._metadata)
    for kind, there in errors._pred.items():
        at = position(there)
        found = found._update(
            kind, there[at], errors._code[kind][at], {}, [x[at] for x in errors._payload[kind]]
        )
    return found


def first_error(old: Any, new: Any) -> Any:
    """The old one of two errors of the same kinds, where there is one."""
    for kind, there in new._pred.items():
        old = checkify.update_error(old, there, new._code[kind], {}, new._payload[kind], kind)
    return old


def register_checks(primitive: Primitive, rule: Callable[..., tuple[list[Any], Sequence[Any]]]) -> None:
    """The rule by which `checkify` looks for errors in `primitive`: (kinds, args, **params) -> (errors,
    results).
    """

    def with_errors(*given: Any, **params: Any) -> tuple[Any, Sequence[Any]]:
        *context, error, kinds = given[:_CHECKED]
        errors, results = rule(kinds, given[_CHECKED:], **params)
        for one in errors:
            leaves, tree = jax.tree.flatten(one)
            error, _ = checkify.error_checks[checkify.check_p](
                *context, error, kinds, *leaves, err_tree=tree, debug=False
            )
        return error, results

    checkify.error_checks[primitive] = with_errors


_CHECKED = list(inspect.signature(checkify.div_error_check).parameters).index("x")
"""How many operands of a rule stand before those of the primitive: jax 0.12 has one more."""


def is_tracer(value: Any) -> bool:
    return isinstance(value, core.Tracer)


def is_outside_traces() -> bool:
    """Whether nothing is being traced: ops run as they are called."""
    return core.trace_state_clean()


def is_staging() -> bool:
    """Whether ops are recorded for a program, as under `jax.jit`, rather than transformed on the way."""
    return isinstance(core.trace_ctx.trace, partial_eval.DynamicJaxprTrace)


def is_apart() -> bool:
    """Whether a linear function that is found now will be transposed where what it is found beside is out of
    reach: outside of any trace, in a function that JAX linearises as a jaxpr, or where the transpose is
    differentiated. Else both are likely to stand in the function that is being traced.
    """
    trace = core.trace_ctx.trace
    while isinstance(trace, batching.BatchTrace):
        trace = trace.parent_trace
    if isinstance(trace, partial_eval.DynamicJaxprTrace):
        return trace.parent_trace is None  # of a jaxpr's linearisation, and of no function
    return isinstance(trace, core.EvalTrace | ad.JVPTrace | ad.LinearizeTrace)


def is_open(tracer: Any) -> bool:
    """Whether a tracer's trace is one of those that ops are being recorded in, and has not ended."""
    trace, frame_of = core.trace_ctx.trace, lambda one: getattr(one, "frame", one)  # traces may share one
    while trace is not None and frame_of(trace) is not frame_of(tracer._trace):
        trace = getattr(trace, "parent_trace", None)
    return trace is not None


class Origin(NamedTuple):
    """A tracer's type, `file:line` where it was made, and the function in whose trace, as far as known."""

    type: str
    place: str | None
    function: str | None


def origin_of(tracer: Any) -> Origin:
    """Where a tracer is from."""
    made, traced = getattr(tracer, "_line_info", None), getattr(tracer, "_debug_info", None)
    function = traced and traced.func_name
    return Origin(tracer.aval.str_short(), made and _place(made.traceback), function)


def place_of_use(jaxpr: Jaxpr, position: int) -> str | None:
    """`file:line` of the user's that first uses an operand of a jaxpr."""
    body = opened(jaxpr)
    uses = (eqn for eqn in body.eqns if body.invars[position] in eqn.invars)
    return next((place for eqn in uses if (place := place_of(eqn))), None)


def is_on_a_mesh() -> bool:
    """Whether a mesh of devices is in scope."""
    return not jax.sharding.get_abstract_mesh().empty


def speaks_of_axes(jaxpr: Any) -> bool:
    """Whether a jaxpr names an axis that is mapped around it, or inside of it."""
    return any(isinstance(effect, core.NamedAxisEffect) for effect in jaxpr.effects)


def current_trace() -> Any:
    """The trace that ops are being recorded in."""
    return core.trace_ctx.trace


def recording_in(trace: Any) -> Any:
    """A context in which ops are recorded in `trace`, an outer one that is still open."""
    return core.set_current_trace(trace)


def trace_settings() -> Any:
    """What a trace depends on beside its function and arguments: JAX's settings, and the named axes."""
    return config.trace_context()


def printed_settings() -> str:
    """JAX's settings that a trace depends on, in words that mean the same in every process."""
    return repr([setting for setting in trace_settings() if not isinstance(setting, core.AxisEnv)])


def aval_of(value: Any) -> Any:
    """The abstract value of an array, a tracer, a number or a `jax.ShapeDtypeStruct`.

    Raises:
      TypeError: It is none of them.
    """
    if isinstance(value, core.AbstractValue):
        return value
    if isinstance(value, jax.ShapeDtypeStruct):
        return _shaped(value.shape, value.dtype, bool(value.weak_type))
    try:
        return core.typeof(value)
    except TypeError:
        raise TypeError(
            f"expected an array or a number, found {value!r} of type {type(value).__name__}"
        ) from None


def shaped(shape: Sequence[int], dtype: Any) -> Any:
    return _shaped(tuple(shape), dtype)


_shaped = lru_cache(4096)(core.ShapedArray)
"""Of a large model the same few types are asked for by every leaf, and again."""


def user_frame() -> str | None:
    """`file:line` of the innermost frame that is the user's, for messages while tracing."""
    return _place(source_info_util.current().traceback)


# Locations name the user's lines: our frames are hidden from them as JAX hides its own.
source_info_util.register_exclusion(str(Path(__file__).parent.parent) + os.sep)


# Rematerialisation policies


def kept_by(policy: Callable[..., Any], equation: Any) -> bool | tuple[str, str]:
    """What a policy of JAX's says about an equation: whether its results are kept, or the kinds of memory
    that they are moved from and to.
    """
    answer = policy(equation.primitive, *(atom.aval for atom in equation.invars), **equation.params)
    if isinstance(answer, partial_eval.Offloadable):
        return str(answer.src), str(answer.dst)
    return answer is partial_eval.Saveable or (answer is not partial_eval.Recompute and bool(answer))


def is_looked_into(primitive: Primitive) -> bool:
    """Whether JAX asks a policy about what is inside of such an equation, not about itself."""
    return primitive in partial_eval.partial_eval_jaxpr_custom_rules


# Meshes of devices


def name_mesh(ctx: Any, mesh: Mapping[str, int]) -> None:
    """See to it that the module being built names a mesh."""
    add_mesh(ctx.module_context.module, mesh)


def surroundings_of(ctx: Any) -> Surroundings | None:
    """The mesh whose devices each run what is being lowered on their own, as in `shard_map`."""
    context = ctx.module_context.axis_context
    manual = getattr(context, "manual_axes", ())
    return Surroundings(dict(context.mesh.shape), tuple(sorted(manual))) if manual else None


_around: ContextVar[Surroundings | None] = ContextVar("around", default=None)


def surroundings() -> Surroundings | None:
    """The mesh whose devices each run what is being traced on their own, as in `shard_map`."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.manual_axes:
        return Surroundings(dict(mesh.shape), tuple(mesh.manual_axes))
    return _around.get()


def varying_as(avals: Sequence[Any], aval: Any) -> Any:
    """The abstract value of something that may differ from device to device wherever one of `avals` does."""
    found = [one for one in avals if one.manual_axis_type.varying]
    if not found:
        return aval
    everywhere = jax.sharding.PartitionSpec(*[None] * len(aval.shape))
    varying = frozenset().union(*(one.manual_axis_type.varying for one in found))
    return aval.update(
        sharding=found[0].sharding.update(spec=everywhere),
        manual_axis_type=found[0].manual_axis_type.update(varying=varying),
    )


MeshAxes = tuple[str, ...] | None
"""The axes of a mesh along which a type says that an axis is divided; None where it says of none."""


def mesh_axes_of(aval: Any, axis: int) -> MeshAxes:
    """Along which axes of a mesh the type of an array divides an axis, on a mesh that is in types."""
    found = aval.sharding.spec[axis] if is_array(aval) else None
    return (found,) if isinstance(found, str) else found


def only_types_divide(avals: Sequence[Any]) -> bool:
    """Whether all axes of the mesh that arrays of these types are on, or of the one in scope, are in types:
    constraints are what types say, and nobody else's.
    """
    meshes = [jax.sharding.get_abstract_mesh(), *(aval.sharding.mesh for aval in avals if is_array(aval))]
    found = next((mesh for mesh in meshes if not mesh.empty), None)
    return found is not None and found.are_all_axes_explicit


def without_axis(aval: Any, axis: int) -> Any:
    """The abstract value of one of those along an axis."""
    return core.mapped_aval(aval.shape[axis], axis, aval)


def with_axis(aval: Any, axis: int, size: int, mesh_axes: MeshAxes) -> Any:
    """The abstract value of so many along a new axis."""
    return core.unmapped_aval(size, axis, aval, mesh_axes)


def divided_as(values: Sequence[Any], avals: Sequence[Any]) -> list[Any]:
    """Arrays divided over devices as their types are to be, where a mesh is in types."""

    def divided(value: Any, sharding: Any) -> Any:
        is_so = not sharding.mesh._any_axis_explicit or core.typeof(value).sharding.spec == sharding.spec
        return value if is_so else jax.sharding.reshard(value, sharding)

    return [divided(value, aval.sharding) for value, aval in zip(values, avals, strict=True)]


def plain_aval(aval: Any) -> Any:
    """Shape, dtype and weak type of an abstract value, without the mesh that it is on."""
    return core.ShapedArray(aval.shape, aval.dtype, weak_type=aval.weak_type)


@contextlib.contextmanager
def outside_meshes(around: Surroundings | None = None) -> Iterator[None]:
    """While it lasts, no mesh is in scope; axes of the one that is known to be around are like those of a
    map.
    """
    token = _around.set(around)
    try:
        with (
            _mesh.use_abstract_mesh(_mesh.empty_abstract_mesh),
            config._check_vma(False),
            core.extend_axis_env_nd(list(around.mesh.items()) if around else []),
        ):
            yield
    finally:
        _around.reset(token)


def checks_varying() -> bool:
    """Whether JAX keeps account, here, of what differs from device to device of a mesh."""
    return bool(config._check_vma.value)


@contextlib.contextmanager
def context_of(equation: Any, checks_varying: bool) -> Iterator[None]:
    """While it lasts, JAX traces as it did where the equation was traced."""
    with equation.ctx.manager, config._check_vma(checks_varying):
        yield


# Reading equations


def scan_counts(params: dict[str, Any]) -> tuple[int, int]:
    """How many of a scan's operands are constants, and how many carried."""
    if "num_consts" in params:
        return params["num_consts"], params["num_carry"]
    consts, carry, _ = params["ft_in"].unpack()
    return len(consts), len(carry)


def jvp_function(params: dict[str, Any], in_avals: Sequence[Any]) -> Jaxpr:
    """The user's rule of a `custom_jvp_call`, as (inputs, tangents) -> (results, tangents), zeros made
    explicit.

    Only inputs and results that can carry a tangent have one. Hoisted constants are leading inputs; their
    tangents are ignored, as in JAX.
    """
    num_consts = params["num_consts"]
    has_tangent = [tangent_aval(aval) is not None for aval in in_avals]
    # A rule that does not ask for marks of zeros is given tangents of integers too, of a type for that.
    is_told = [has or not params["symbolic_zeros"] for has in has_tangent[num_consts:]]
    rule, constants, out_zeros = params["jvp_jaxpr_fun"].call_wrapped(*[not told for told in is_told])
    _refuse_tracers(constants)
    rule = close_over(rule, constants)
    out_avals = params["call_jaxpr"].out_avals

    def flat(*args: Any) -> list[Any]:
        primals, moving = args[: len(in_avals)], iter(args[len(in_avals) :])
        tangents = [
            next(moving) if has else np.zeros(aval.shape, dtypes.float0)
            for has, aval in zip(has_tangent, in_avals, strict=True)
        ]
        told = [x for x, flag in zip(tangents[num_consts:], is_told, strict=True) if flag]
        results = evaluate(rule, *primals[num_consts:], *told)
        nonzero = iter(results[len(out_zeros) :])
        given = [None if zero else next(nonzero) for zero in out_zeros]
        return list(results[: len(out_zeros)]) + _instantiate(given, out_avals)

    tangent_avals = [tangent_aval(aval) for aval in in_avals]
    return make_jaxpr(flat, [*in_avals, *[aval for aval in tangent_avals if aval is not None]])


def vjp_functions(params: dict[str, Any], in_avals: Sequence[Any]) -> tuple[Jaxpr, Jaxpr, int]:
    """The user's rules of a `custom_vjp_call`: inputs -> (results, residuals), and
    (residuals, cotangents) -> gradients of the inputs that can have one. And how many of the leading inputs
    they say nothing of: those that the function closes over."""
    num_consts = params["num_consts"]
    differentiable = [tangent_aval(aval) is not None for aval in in_avals]
    (rule, constants), inner = _forward_rule(params["fwd_jaxpr_thunk"], differentiable[num_consts:])
    _refuse_tracers(constants)
    rule = close_over(rule, constants)
    _, _, forwarded = params["out_trees"]()
    computed = sum(source is None for source in forwarded)

    def forward(*args: Any) -> list[Any]:
        results = evaluate(rule, *args[num_consts:])
        fresh = iter(results[:computed])
        residuals = [next(fresh) if source is None else args[source] for source in forwarded]
        return [*results[computed:], *residuals]

    fwd = make_jaxpr(forward, in_avals)
    out_avals = params["call_jaxpr"].out_avals
    residual_avals = fwd.out_avals[len(out_avals) :]
    cotangent_avals = [aval for aval in map(tangent_aval, out_avals) if aval is not None]

    def backward(*args: Any) -> list[Any]:
        residuals, given = args[: len(residual_avals)], iter(args[len(residual_avals) :])
        cotangents = [
            next(given) if tangent_aval(aval) is not None else np.zeros(aval.shape, dtypes.float0)
            for aval in out_avals
        ]
        gradients = params["bwd"].call_wrapped(*residuals, *cotangents)
        if len(gradients) == 2 and isinstance(gradients[0], (list, tuple)):
            gradients, _ = gradients  # jax 0.12 also returns what the rule logged
        return _instantiate([None] * num_consts + list(gradients), in_avals)

    return fwd, make_jaxpr(backward, [*residual_avals, *cotangent_avals]), num_consts + inner


def _forward_rule(thunk: Any, differentiable: Sequence[bool]) -> tuple[Any, int]:
    """The traced rule of a `custom_vjp_call`, and how many of its leading inputs cannot move: where a call is
    recorded again, what its function closes over has become arguments, and JAX refuses tangents of these.
    """
    for fixed in range(len(differentiable)):
        try:
            return thunk.call_wrapped(*[False] * fixed, *differentiable[fixed:]), fixed
        except ad.CustomVJPException:
            pass
    return thunk.call_wrapped(*[False] * len(differentiable)), len(differentiable)


def rules_in(params: dict[str, Any]) -> list[tuple[Callable, Sequence[Any]]]:
    """The user's functions that are the rules of a call in a jaxpr, and the arguments of each that are not
    differentiated.
    """
    found: list[tuple[Callable, Sequence[Any]]] = []
    pending = [params[name] for name in ("jvp_jaxpr_fun", "fwd_jaxpr_thunk", "bwd") if name in params]
    while pending:
        rule = pending.pop()
        if not isinstance(rule, linear_util.WrappedFun):  # of `lowering/meshes.py`: it is equal to nothing
            found.append((rule, ()))
            continue
        inside = _wrapped_in(rule.f)
        if not inside:
            fixed = [arg for _, args in rule.transforms for arg in args if isinstance(arg, tuple)]
            given = [one.val for each in fixed for one in each if isinstance(one, _FIXED)]
            found.append((rule.f, given))
        pending += inside
    return found


_FIXED = util.Hashable, util.Unhashable


def _wrapped_in(function: Any) -> list[Any]:
    """The functions, as JAX wraps them, that one of JAX's closes over."""
    found: list[Any] = []
    met: set[int] = set()
    pending = [function]
    while pending:
        value = pending.pop()
        if isinstance(value, linear_util.WrappedFun):
            found.append(value)
        elif isinstance(value, FunctionType) and id(value) not in met:
            met.add(id(value))
            pending += closed_over(value)
    return found


def closed_over(function: FunctionType) -> list[Any]:
    """The values that a function closes over, of names that have one yet."""
    return [cell.cell_contents for cell in function.__closure__ or () if cell != _EMPTY]


_EMPTY = CellType()


def functions_of(value: Any) -> list[Any] | None:
    """The functions that one of JAX's objects is made of, where it is a function with a rule or a jitted one.
    """
    if isinstance(value, custom_derivatives.custom_jvp):
        return [value.fun, value.jvp]
    if isinstance(value, custom_derivatives.custom_vjp):
        return [value.fun, value.fwd, value.bwd]
    is_jitted = isinstance(value, type(_JITTED))
    return [value.__wrapped__] if is_jitted else None


_JITTED: Any = jax.jit(lambda x: x)


def _instantiate(tangents: Sequence[Any], avals: Sequence[Any]) -> list[Any]:
    """A tangent for every aval that can carry one, symbolic zeros made explicit."""
    out = []
    for tangent, aval in zip(tangents, avals, strict=True):
        wanted = tangent_aval(aval)
        if wanted is not None:
            zero = tangent is None or isinstance(tangent, (ad_util.Zero, ad_util.SymbolicZero))
            out.append(jnp.zeros(wanted.shape, wanted.dtype) if zero else tangent)
    return out


def close_over(jaxpr: Any, constants: Sequence[Any]) -> Jaxpr:
    """An open jaxpr with its constants."""
    if _ClosedJaxpr:
        return _ClosedJaxpr(jaxpr, constants)
    closed: Any = core.Jaxpr  # takes other arguments on jax 0.10
    return closed(jaxpr, consts=list(constants))


def _refuse_tracers(constants: Sequence[Any]) -> None:
    if any(map(is_tracer, constants)):
        raise NotImplementedError(
            "a custom derivative rule closes over a value that is being traced; "
            "pass it to the function as an argument"
        )


# Tracing by operators


class Operand(partial_eval.DynamicJaxprTracer):
    """A tracer of an array, whose operators `lowering/operators.py` defines."""

    __slots__ = ()


Operand.__name__ = partial_eval.DynamicJaxprTracer.__name__  # as errors name it
core.pytype_aval_mappings[Operand] = lambda operand: operand.aval


class OperandTrace(partial_eval.DynamicJaxprTrace):
    """A trace of operands which records in the jaxpr of another.

    Attributes:
      memo: What operators have recorded, as long as the trace is open.
    """

    __slots__ = ("memo",)

    def __init__(self, outer: Any):
        core.Trace.__init__(self)
        self.frame, self.parent_trace, self.requires_low = outer.frame, outer.parent_trace, outer.requires_low
        self.memo: dict[Hashable, Any] = {}

    def var_to_tracer(self, var: Any, source_info: Any, parent: Any = None) -> Any:
        if type(var.aval) is core.ShapedArray:
            return Operand(self, var.aval, var, source_info, parent)
        return super().var_to_tracer(var, source_info, parent)

    def is_current(self) -> bool:
        return core.trace_ctx.trace is self

    def is_variable(self, operand: Operand) -> bool:
        """Whether an operand is of this trace, and neither a literal nor a constant."""
        var: Any = operand.val
        return operand._trace is self and type(var) is core.Var and var not in self.frame.constvar_to_val

    def mark(self) -> int:
        """Where the next equation will be."""
        return len(self.frame.tracing_eqns)

    def since(self, mark: int) -> Sequence[Any]:
        """The equations from a mark on."""
        return self.frame.tracing_eqns[mark:]

    def record(self, steps: Sequence[Step], values: list[Any], results: Sequence[int]) -> list[Any]:
        """Record equations again, on other variables; the tracers of some of the values that there are then.

        Args:
          steps: Each takes values by their places, or literals, and adds its results to the values.
          values: Variables of the trace.
          results: Places of values.
        """
        here = source_info_util.current()
        eqns: list[Any] = self.frame.tracing_eqns
        for taken, avals, primitive, params, context in steps:
            variables = [core.Var(aval) for aval in avals]
            atoms = [values[one] if type(one) is int else one for one in taken]
            eqns.append(core.JaxprEqn(atoms, variables, primitive, params, core.no_effects, here, context))
            values += variables
        return [self.var_to_tracer(values[place], here) for place in results]


class Step(NamedTuple):
    """An equation without effects, whose operands are places of values, or literals."""

    taken: Sequence[Any]
    out_avals: Sequence[Any]
    primitive: Primitive
    params: dict[str, Any]
    context: Any


def on_operands(function: Callable, tracers: Sequence[Any], kind: type[OperandTrace]) -> Any:
    """A flat function's results on tracers of the current trace, in its jaxpr, by a kind of `OperandTrace`.

    By the trace itself where JAX looks for leaks in it, drops what nobody uses, or has references.
    """
    outer: Any = core.trace_ctx.trace
    if type(outer) is not partial_eval.DynamicJaxprTrace or outer.frame.auto_dce:
        return function(*tracers)
    if config.check_tracer_leaks.value or any(type(one.aval) is not core.ShapedArray for one in tracers):
        return function(*tracers)
    trace = kind(outer)

    def handed_on(value: Any) -> Any:
        if not (isinstance(value, partial_eval.DynamicJaxprTracer) and value._trace is trace):
            return value
        constant = trace.get_const(value)
        given: tuple[Any, ...] = value.aval, value.val, value._line_info, value.parent
        return partial_eval.DynamicJaxprTracer(outer, *given) if constant is None else constant

    try:
        with core.set_current_trace(trace):
            where = source_info_util.current()
            results = function(*(trace.var_to_tracer(tracer.val, where) for tracer in tracers))
        return [handed_on(result) for result in results]
    finally:
        trace.memo.clear()  # it holds the trace


def atoms_of(eqn: Any) -> Sequence[Any]:
    """The variables and literals that an equation takes, also one that is still being traced."""
    return [one.val if isinstance(one, core.Tracer) else one for one in eqn.invars]


def name_stack() -> Any:
    """The names of the scopes that equations are recorded in now."""
    return source_info_util.current_name_stack()


# Keys


def fold_in(key: Any, number: np.uint32) -> Any:
    """`jax.random.fold_in` of one key, without an operation for the number."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return jax.random.fold_in(key, number)
    return _prng.random_fold_in_p.bind(key, number)


def is_threefry_key(aval: Any) -> bool:
    """Whether an abstract value is one key, or an array of keys, of Threefry."""
    return getattr(aval.dtype, "_impl", None) is threefry_prng_impl


# Element types that users define

ElementType: Any = dtypes.ExtendedDType
to_element_type_p: Primitive = lax.to_edtype_p
from_element_type_p: Primitive = lax.from_edtype_p


def is_maximum(aval: Any) -> bool:
    """Whether the cotangents of such an array are joined by their maximum: `fm32`, ours or Flax's."""
    return isinstance(getattr(aval, "dtype", None), ElementType) and hasattr(aval.dtype, "float_dtype")


def handler_of_results(aval: Any, sharding: Any, committed: bool) -> Callable[[Any], Any]:
    """How an array of such elements is made from buffers of the numbers that they are stored as."""
    stored = pxla.global_result_handlers[core.ShapedArray](core.physical_aval(aval), sharding, committed)
    return lambda buffers: earray.EArray(aval, stored(buffers))


# Lowering


def override(rules: dict[Primitive, Rule]) -> Any:
    """Lowering parameters under which `rules` replace JAX's own. Make it once: its identity is a cache key.
    """
    overrides: Any = tuple(rules.items())  # JAX's annotation allows only one
    return mlir.LoweringParameters(override_lowering_rules=overrides)


def lower(
    function: Callable,
    avals: Sequence[Any],
    parameters: Any,
    platform: str,
    accept: Callable[[Jaxpr, Sequence[Any]], None],
    simpler: Callable[[Jaxpr], Jaxpr | None],
) -> ir.Module:
    """JAX's own lowering of a flat function, under `parameters`, once `accept` has not refused its jaxpr and
    what are leading operands of it, where it closes over tracers; of what `simpler` makes of it, if anything.

    Read the module; never edit it.
    """
    traced: Any = jax.jit(function, keep_unused=True).trace(*avals)
    accept(traced.jaxpr, traced._consts)
    if (shorter := simpler(traced.jaxpr)) is not None:
        traced._params = {**traced._params, "jaxpr": shorter}
    lowered = traced.lower(lowering_platforms=(platform,), _private_parameters=parameters)
    module: Any = lowered.compiler_ir("stablehlo")
    # Of a jaxpr that keeps its inputs JAX makes itself, by which jax 0.12 would keep it for good.
    pxla._dce_jaxpr.evict_weakref(traced._params["jaxpr"])
    return module


_TAKES_OUT_AVALS = "out_avals" in inspect.signature(mlir.lower_jaxpr_to_fun).parameters  # jax 0.10


def lower_callee(ctx: Any, name: str, jaxpr: Jaxpr, *, rules: dict[Primitive, Rule] | None = None) -> Any:
    """Lower `jaxpr` to a private function of the module being built; returns the function op.

    With `rules` by these and JAX's own, in the place of those of the module, from which JAX's caches do not
    tell them apart.
    """
    module_context = ctx.module_context
    if rules is not None:
        own = {"lowering_cache": {}, "cached_primitive_lowerings": {}}
        module_context = module_context.replace(lowering_parameters=override(rules), **own)
    given = {"num_const_args": 0, "in_avals": list(jaxpr.in_avals)}
    if _TAKES_OUT_AVALS:
        given["out_avals"] = list(jaxpr.out_avals)
    return mlir.lower_jaxpr_to_fun(module_context, name, jaxpr, [], **given)


def new_callee(
    ctx: Any,
    name: str,
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    body: Callable[..., Sequence[ir.Value]],
) -> str:
    """The symbol of a new private function of the module being built, of these MLIR types, that returns what
    `body` emits for its arguments.
    """
    module_context = ctx.module_context
    with ir.InsertionPoint(module_context.module.body):
        function = func.FuncOp(name, ir.FunctionType.get(list(inputs), list(outputs)), visibility="private")
    with ir.InsertionPoint(function.add_entry_block()):
        func.ReturnOp(list(body(*function.arguments)))
    return module_context.symbol_table.insert(function).value


def tensor_type_of(aval: Any) -> Any:
    """The MLIR type of an array, in the context that is entered."""
    return ir.RankedTensorType.get(list(aval.shape), mlir.dtype_to_ir_type(np.dtype(aval.dtype)))


def evaluated_shape(shape: Sequence[Any], sizes: Mapping[str, int]) -> tuple[int, ...]:
    """A shape that `jax.export` may have left symbolic, where its variables have these sizes.

    Raises:
      KeyError: A variable, which it names, has none.
    """
    try:
        return tuple(size if isinstance(size, int) else int(size._evaluate(dict(sizes))) for size in shape)
    except shape_poly.UnexpectedDimVar as error:
        named = re.search(r"dimension variable '(\w+)'", str(error))
        raise KeyError(named.group(1) if named else str(error)) from None


def ir_type(ctx: Any, aval: Any) -> Any:
    """The MLIR type of a value of `aval` (a key array is the integers it is made of)."""
    return mlir.aval_to_ir_type(ctx.module_context, aval)


def sizes_of(ctx: Any, avals: Sequence[Any] | None = None) -> list[ir.Value]:
    """The values of the sizes that `jax.export` has left symbolic, in the order in which functions take them
    before their arguments: all of them, or those that occur in some types.
    """
    known = dict(zip(ctx.module_context.shape_poly_state.dim_vars, ctx.dim_var_values, strict=True))
    known.pop(_PLATFORM, None)
    if avals is None:
        return list(known.values())
    sizes = (size for aval in avals for size in getattr(aval, "shape", ()) if is_symbolic_size(size))
    names = {name for size in sizes for name in size._get_vars()}
    return [known[name] for name in sorted(names)]


_PLATFORM = "_platform_index"
"""What JAX passes around with the sizes where it lowers for several platforms: the number of one."""


def is_symbolic(aval: Any) -> bool:
    """Whether a size of an abstract value is not known."""
    return any(map(is_symbolic_size, getattr(aval, "shape", ())))


def is_symbolic_size(size: Any) -> bool:
    return isinstance(size, shape_poly._DimExpr)


def memo_of(ctx: Any) -> dict[Any, Any]:
    """A dictionary that lives as long as the module being built."""
    return ctx.module_context.cached_primitive_lowerings


def allow_lift_ops(ctx: Any) -> None:
    ctx.module_context.context.allow_unregistered_dialects = True


def lower_as_jax(primitive: Primitive, ctx: Any, *args: Any, **params: Any) -> Sequence[Any]:
    """What JAX's own rule, on any platform, lowers the primitive to."""
    return mlir._lowerings[primitive].rule(ctx, *args, **params)


def expanded(*args: Any, **params: Any) -> list[Any]:
    """The results of an operation that JAX expands, `high_p`, by what it expands it into."""
    high: Any = high_p
    return list(high.to_lojax(*args, **params))


def lowered_as(function: Callable) -> Rule:
    """The lowering rule of a primitive that computes what `function` does: trace it, lower that."""
    return mlir.lower_fun(function, multiple_results=True)


def lower_in_place(ctx: Any, jaxpr: Jaxpr, args: Sequence[ir.Value]) -> Sequence[Any]:
    """The ops of a jaxpr in the place of an equation; it does nothing in order."""
    body = opened(jaxpr)
    constants = mlir.ir_consts(jaxpr.consts, [var.aval for var in body.constvars])
    results, _ = mlir.jaxpr_subcomp(
        *(ctx.module_context, body, ctx.name_stack, mlir.TokenSet(), constants, *args),
        dim_var_values=ctx.dim_var_values,
        const_lowering=ctx.const_lowering,
        outer_traceback=ctx.traceback,
    )
    return results


def lower_here(
    ctx: Any, function: Callable, avals: Sequence[Any], operands: Sequence[ir.Value], tokens: Tokens
) -> tuple[list[ir.Value], Tokens]:
    """Lower a function of values of these types to ops at the insertion point, in the module being built; its
    results, and the tokens behind what it does in order.

    It may be any function of the module: values that the equation has (sizes, constants) are not there.
    """
    given = mlir.TokenSet({_ORDERED[kind]: token for kind, token in tokens.items()})
    changed: dict[str, Any] = {"tokens_in": given, "tokens_out": None}
    changed |= {"const_lowering": {}, "dim_var_values": ()}
    here = ctx.replace(avals_in=list(avals), avals_out=None, **changed)
    results = list(lowered_as(function)(here, *operands))
    return results, {kind: here.tokens_out.get(_ORDERED[kind]) for kind in tokens}


Tokens = Mapping[str, ir.Value]
"""By kind of ordered effects, "debug" or "io", the token behind those that have taken place."""

_ORDERED = {"debug": debugging.ordered_debug_effect, "io": _callback._OrderedIOEffect}


def tokens_before(ctx: Any, kinds: Iterable[str]) -> Tokens:
    """The tokens of these kinds before the equation that is being lowered; new ones where JAX has none."""
    known = dict(ctx.tokens_in.items())
    return {kind: known.get(_ORDERED[kind]) or hlo.create_token() for kind in kinds}


def leave_tokens(ctx: Any, tokens: Tokens) -> None:
    """Let what follows the equation be behind these tokens, and of other kinds behind what was before it."""
    if len(ctx.tokens_in):
        after = {_ORDERED[kind]: token for kind, token in tokens.items()}
        before = ctx.tokens_in.items()
        ctx.set_tokens_out(mlir.TokenSet({effect: after.get(effect, token) for effect, token in before}))


def register_lowering(primitive: Primitive, rule: Rule, in_place: bool = False) -> None:
    """The rule by which plain `jax.jit` lowers `primitive`; `in_place` and not as a function of its own."""
    mlir.register_lowering(primitive, rule, cacheable=not in_place)


def merge(ctx: Any, name: str, source: bytes | ir.Module) -> str:
    """Merge a module, or one from bytecode, into the one being built; the symbol of its `main` there."""
    module_context = ctx.module_context
    module = ir.Module.parse(source, module_context.context) if isinstance(source, bytes) else source
    return mlir.merge_mlir_modules(
        module_context.module, name, module, dst_symtab=module_context.symbol_table
    )


def call_merged(ctx: Any, symbol: str, operands: Sequence[Any]) -> Sequence[Any]:
    """Call the `main` of a module that was merged into the one being built."""
    types = list(ctx.module_context.symbol_table[symbol].type.results)
    return func.CallOp(types, ir.FlatSymbolRefAttr.get(symbol), list(operands)).results


def platforms_of(ctx: Any) -> tuple[str, ...]:
    """The platforms that an equation is being lowered for: several where `jax.export` is asked for them."""
    return mlir._platforms_for_eqn(ctx)


def lower_per_platform(
    ctx: Any, name: str, rules: Mapping[str, Rule], operands: Sequence[ir.Value]
) -> Sequence[Any]:
    """Lower an equation by the rule for each platform, between which the number of the platform chooses; the
    rule that most of them have is there once.
    """
    most = max(rules.values(), key=list(rules.values()).count)
    others = {platform: rule for platform, rule in rules.items() if rule is not most}
    listed = ctx.replace(avals_out=list(ctx.avals_out))  # which JAX lengthens
    return mlir.lower_per_platform(listed, name, others, most, _effects.no_effects, *operands)


def known_platform(name: str | None) -> str:
    """A platform as lowering rules know it: of "gpu" the kind in this process, else "cuda"; for None that of
    the default backend.

    Raises:
      ValueError: JAX knows no such platform.
    """
    return _known_platform(name, jax.default_backend() if name is None else name)


@lru_cache
def _known_platform(given: str | None, name: str) -> str:
    known = xla_bridge.known_platforms()
    if given is not None and given not in known:
        raise ValueError(f"platform: expected one of {', '.join(sorted(known))}, found {given!r}")
    kinds = xla_bridge.expand_platform_alias(name)
    here = xla_bridge.backends() if len(kinds) > 1 else ()
    return next((kind for kind in kinds if kind in here), kinds[0])


def looks_for_special_values() -> bool:
    """Whether JAX is to stop where a result is not a number, or infinite."""
    return dispatch.needs_check_special()


def any_values() -> contextlib.AbstractContextManager[Any]:
    """Meanwhile JAX does not look for them."""
    return _any_values() if looks_for_special_values() else contextlib.nullcontext()


@contextlib.contextmanager
def _any_values() -> Iterator[None]:
    # Left, JAX's own contexts take the check of all jitted functions from the thread.
    check = api._post_hook_state.swap_local(None)
    try:
        with config.debug_nans(False), config.debug_infs(False):
            yield
    finally:
        api._post_hook_state.set_local(check)


def special_value(results: Sequence[Any]) -> str | None:
    """Which of the values that JAX is to look for, "nan" or "inf", some results hold."""
    try:
        for result in results:
            if isinstance(result, jax.Array):
                dispatch.check_special_array("", result)  # type: ignore[arg-type]
    except api_util.InternalFloatingPointError as error:
        return error.ty
    return None


def platform_of_arrays(values: Iterable[Any]) -> str | None:
    """The platform that JAX would compute on given these values; None where that is the default backend's."""
    for value in values:
        if not is_tracer(value) and getattr(value, "committed", False):
            return next(iter(value.devices())).platform
    device: Any = jax.config.jax_default_device  # type: ignore[attr-defined]
    return getattr(device, "platform", device)


def restricted_equation(
    eqn: Any, wanted: list[bool], used: list[bool], results: list[bool], params: dict[str, Any]
) -> Any:
    """An equation on the operands that are used, with those of its results that there are; with variables for
    those that are wanted.
    """
    pairs = zip(eqn.outvars, wanted, strict=True)
    outvars = [var if is_wanted else core.DropVar(var.aval) for var, is_wanted in pairs]
    return eqn.replace(
        invars=[var for var, is_used in zip(eqn.invars, used, strict=True) if is_used],
        outvars=[var for var, is_there in zip(outvars, results, strict=True) if is_there],
        params=params,
    )


def register_restriction(
    primitive: Primitive,
    rule: Callable[[list[bool], dict[str, Any]], tuple[list[bool], list[bool], dict[str, Any]] | None],
) -> None:
    """How an equation computes only some of its results: (wanted, params) -> (operands that are used,
    results there are, params), or None where it computes all or nothing.
    """

    def of_equation(wanted: Any, *rest: Any) -> tuple[list[bool], Any]:
        eqn = rest[-1]  # jax 0.12 says before it which references live on
        if not any(wanted) and not eqn.effects:
            return [False] * len(eqn.invars), None
        found = rule(list(wanted), eqn.params)
        if found is None:
            return [True] * len(eqn.invars), eqn
        return found[0], restricted_equation(eqn, list(wanted), *found)

    partial_eval.dce_rules[primitive] = of_equation


class MappedAxis(NamedTuple):
    """The axis that a `jax.vmap` adds."""

    name: str | None
    size: int
    spmd_name: tuple[str, ...] | None
    mesh_axes: MeshAxes


def register_batching(primitive: Primitive, rule: Callable[..., tuple[Any, Any]]) -> None:
    """The rule by which `jax.vmap` maps `primitive`: (mapped axis, args, axes, **params) -> (results, axes).

    It is also asked where no argument is mapped: a collective over the axis may be inside.
    """

    def of_axis(data: Any, args: Any, axes: Any, **params: Any) -> tuple[Any, Any]:
        name = data.name if isinstance(data.name, str) else None  # else JAX's mark for no name
        mapped = MappedAxis(name, data.size, data.spmd_name, data.explicit_mesh_axis)
        return rule(mapped, args, axes, **params)

    batching.fancy_primitive_batchers[primitive] = of_axis


def register_jvp(primitive: Primitive, rule: Rule) -> None:
    """The rule by which JAX differentiates `primitive`: (primals, tangents, **params) -> both; None is a
    zero tangent.
    """

    def with_zeros(primals: Any, tangents: Any, **params: Any) -> tuple[Any, Any]:
        given = [None if isinstance(tangent, ad_util.Zero) else tangent for tangent in tangents]
        outputs, moved = rule(primals, given, **params)
        pairs = zip(outputs, moved, strict=True)
        return outputs, [ad_util.Zero(aval_of(y).to_tangent_aval()) if t is None else t for y, t in pairs]

    ad.primitive_jvps[primitive] = with_zeros


def register_linearization(
    primitive: Primitive,
    rule: Callable[..., tuple[Sequence[Any], list[Any], Callable[..., Sequence[Any]]] | None],
) -> None:
    """The rule by which JAX linearises `primitive`, to transpose it: (primals, wrt, **params) -> (results,
    residuals, linear), where `linear(*residuals, *tangents)` takes tangents of the primals `wrt`, and returns
    those of the results that can have one. Where it returns None JAX has the rule of `register_jvp`.
    """

    def by_position(is_vjp: bool, moving: Sequence[bool], *primals: Any, **params: Any) -> Any:
        wrt = tuple(
            index for index, value in enumerate(primals) if moving[index] and can_carry_tangent(value)
        )
        found = rule(primals, wrt, **params) if is_vjp and wrt else None
        if found is None:
            return ad.fallback_linearize_rule(primitive, is_vjp, moving, *primals, **params)
        results, residuals, linear = found
        avals = [aval_of(result).to_tangent_aval() for result in results]
        moved = [aval.dtype != dtypes.float0 for aval in avals]

        def linearized(residuals: Any, *rest: Any) -> list[Any]:
            tangents = rest[-len(primals) :]
            found = iter(linear(*residuals, *(tangents[index] for index in wrt)))
            return [
                next(found) if moves else ad_util.Zero(aval) for aval, moves in zip(avals, moved, strict=True)
            ]

        structured = [None] if _STRUCTURED else []
        return results, moved, residuals, *structured, linearized

    ad.primitive_linearizations[primitive] = by_position


_STRUCTURED = hasattr(ad, "linearize_on_zero_tangents")
"""Whether there are residuals of a second kind: since jax 0.12."""


def register_halves(
    primitive: Primitive,
    first: Primitive,
    second: Primitive,
    apply: Rule,
    params_of: Callable[..., tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    """How JAX parts a primitive where it wants results first, and tangents later.

    `primitive` takes primals, and tangents of those in its parameter `wrt`; it returns values of the types
    `avals`, and tangents. `first` takes the primals and returns the values, `second` takes all and returns
    the tangents. `apply(*operands, **params)` applies both; `params_of(**params)` are their parameters.
    """

    def of_trace(trace: Any, *tracers: Any, **params: Any) -> Any:
        if all(tracer.is_known() for tracer in tracers):
            return trace.default_process_primitive(primitive, tracers, params)
        with core.set_current_trace(trace):
            return apply(*tracers, **params)

    def of_equation(saveable: Any, unknown: Any, there: Any, eqn: Any) -> Any:
        """In `jax.checkpoint`: what comes first and what later, which results are unknown before, and which
        are there then. Values are saved or computed again as its policy says of `first`.
        """
        count, values = len(eqn.invars) - len(eqn.params["wrt"]), len(eqn.params["avals"])
        wanted = [var for var, is_there in zip(eqn.invars, there, strict=True) if not is_there]
        wanted = [var for var in wanted if isinstance(var, core.Var)]
        moved = len(eqn.outvars) - values
        if any(unknown[:count]):
            return None, eqn, [True] * len(eqn.outvars), [True] * len(eqn.outvars), wanted

        def equation(half: Primitive, params: dict[str, Any], invars: Any, outvars: Any) -> Any:
            effects = half.abstract_eval(*(var.aval for var in invars), **params)[1]  # type: ignore[misc]
            return core.new_jaxpr_eqn(invars, outvars, half, params, effects, eqn.source_info, eqn.ctx)

        of_first, of_second = params_of(**eqn.params)
        known = equation(first, of_first, eqn.invars[:count], eqn.outvars[:values])
        policy = saveable(first, *(var.aval for var in eqn.invars[:count]), **of_first)
        is_saved = isinstance(partial_eval.ensure_enum(policy), partial_eval.SaveableType)
        staged = equation(second, of_second, eqn.invars, eqn.outvars[values:]) if is_saved else eqn
        unknown_results = [False] * values + [True] * moved
        return known, staged, unknown_results, [not is_saved] * values + [True] * moved, wanted

    partial_eval.custom_partial_eval_rules[primitive] = of_trace
    partial_eval.partial_eval_jaxpr_custom_rules[primitive] = of_equation


def register_transpose(primitive: Primitive, rule: Rule) -> None:
    """The transpose of a primitive that is linear in some operands: (cotangents, operands, **params) ->
    cotangents.

    None stands for a zero cotangent, and for an operand that is to be transposed (it has no value).
    """

    def with_zeros(cotangents: Any, *operands: Any, **params: Any) -> Sequence[Any]:
        given = [None if isinstance(ct, ad_util.Zero) else ct for ct in cotangents]
        known = [None if ad.is_undefined_primal(operand) else operand for operand in operands]
        return rule(given, known, **params)

    ad.primitive_transposes[primitive] = with_zeros


def register_linear(primitive: Primitive, rule: Rule) -> None:
    """The transpose of a primitive in some operands: (cotangents, operands, wrt, **params) -> cotangents of
    the operands `wrt`, which are given as zeros. The rule refuses those in which it is not linear.
    """

    def with_zeros(cotangents: Any, *operands: Any, **params: Any) -> Sequence[Any]:
        given = [None if isinstance(ct, ad_util.Zero) else ct for ct in cotangents]
        avals = [operand.aval if ad.is_undefined_primal(operand) else None for operand in operands]
        wrt = tuple(index for index, aval in enumerate(avals) if aval is not None)
        point = [
            operand if aval is None else jnp.zeros(aval.shape, aval.dtype)
            for operand, aval in zip(operands, avals, strict=True)
        ]
        found = dict(zip(wrt, rule(given, point, wrt, **params), strict=True))
        return [found.get(index) for index in range(len(operands))]

    ad.primitive_transposes[primitive] = with_zeros
