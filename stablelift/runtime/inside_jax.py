"""How JAX meets our primitives: outside any trace, under plain `jax.jit`, `jax.vmap` and JAX's
differentiation.

Lowered by plain JAX, a lift or a Program is compiled by our passes on its own, and the finished StableHLO
is merged into JAX's module. Batched or differentiated by JAX, it is lifted once more: the rules bind
`lift.vmap`, `lift.jvp` and `lift.vjp` around it, so that the derivative and the batched code are ours.

Importing this module registers the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import lru_cache, partial
from typing import Any

import jax
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.axes import without_axis
from stablelift.lowering.callbacks import call, merge
from stablelift.lowering.callee import named
from stablelift.lowering.dependence import Dependence
from stablelift.lowering.jax_compat import MappedAxis
from stablelift.lowering.linear import (
    FUNCTIONS,
    applied,
    gradients,
    primal_values,
    valued_gradients,
    valued_tangents,
)
from stablelift.lowering.linearity import require_linear
from stablelift.lowering.mapping import vmap
from stablelift.lowering.maps import Axes, Map, Maps, outside_as_operands, together
from stablelift.lowering.meshes import without_meshes
from stablelift.lowering.primitive import (
    LINEAR_IN,
    gradient_p,
    jvp_p,
    lift_p,
    linear_p,
    name_in,
    primal_p,
    program_p,
    side_effects,
)
from stablelift.lowering.structure import UnlikeAnything, structure_of
from stablelift.lowering.widths import mode_for
from stablelift.passes.derivatives.halves import Halves, halves
from stablelift.runtime.op_by_op import refuse_special
from stablelift.runtime.paired import Asked, Params, first_half, is_paired, second_half
from stablelift.runtime.program import Program
from stablelift.runtime.recent import Recent

# Outside any trace, and lowered by JAX


def _program_of(
    primitive: Primitive, args: Sequence[Any], params: dict[str, Any], platform: str | None
) -> Program:
    """The program of a lift on arguments of these types, for a platform: equal lifts have one."""
    if primitive is program_p:
        return params["program"].on(jax_compat.known_platform(platform))
    avals = tuple(map(jax_compat.aval_of, args))

    def made() -> Program:
        computes = FUNCTIONS.get(primitive)
        function = applied(primitive, params) if computes is None else partial(computes, **params)
        return traced(function, args, platform)

    if jax_compat.surroundings() is not None or any(map(jax_compat.is_symbolic, avals)):
        return made()  # in what each device of a mesh runs, or for sizes that are told apart by names
    try:
        where = jax_compat.known_platform(platform)
        key = primitive, avals, structure_of(params), where, jax_compat.trace_settings()
    except UnlikeAnything:
        return made()
    return _programs.get(key, made)


def traced(function: Callable[..., Any], args: Sequence[Any], platform: str | None) -> Program:
    """The program of a function on flat arguments of these types, whatever their width."""
    with mode_for(map(jax_compat.aval_of, args)):
        return Program.trace(function, *args, platform=platform)


_programs: Recent[Program] = Recent(256)


def _evaluate(primitive: Primitive, *args: Any, **params: Any) -> list[Any]:
    """Outside any trace: compile, equal modules once, and run.

    A lift is one op, compiled even under `jax.disable_jit`, which else would bring the runner back here. So
    would JAX's search for values that are not numbers: here it is ours.
    """
    with jax.disable_jit(False), jax_compat.any_values():
        program = _program_of(primitive, args, params, jax_compat.platform_of_arrays(args))
        results = _runner(program)(*args)
        if jax_compat.is_on_a_mesh():
            results = jax_compat.divided_as(results, jax_compat.result_avals(primitive, args, params))
    if jax_compat.looks_for_special_values():
        refuse_special(primitive, args, params, results)
    return results


@lru_cache(maxsize=256)
def _runner(program: Program) -> Any:
    return jax.jit(named(program.bind, program.name))


def _lower(primitive: Primitive, ctx: Any, *operands: Any, **params: Any) -> Sequence[Any]:
    around, platforms = jax_compat.surroundings_of(ctx), jax_compat.platforms_of(ctx)
    avals, outside = ctx.avals_in, nullcontext()
    if around is not None:
        avals, params = without_meshes([list(avals), params], jax_compat.checks_varying())
        outside = jax_compat.outside_meshes(around)
    with outside:
        programs = {one: _program_of(primitive, avals, params, one) for one in platforms}
    rules = {program: partial(_call, program) for program in programs.values()}
    if len(rules) == 1:
        return _call(programs[platforms[0]], ctx, *operands)
    by_platform = {platform: rules[program] for platform, program in programs.items()}
    return jax_compat.lower_per_platform(ctx, primitive.name, by_platform, operands)


def _call(program: Program, ctx: Any, *operands: Any) -> Sequence[Any]:
    """Call the finished program, which joins the module once."""
    memo = jax_compat.memo_of(ctx)
    key = "stablelift merged", id(program)  # equal programs are one, once and for all of this module
    if key not in memo:
        memo[key] = merge(ctx, program.name, program.finished.bytecode), program
    sizes = jax_compat.sizes_of(ctx, ctx.avals_in)
    return call(ctx, memo[key][0], [*sizes, *operands])


def _lower_primal(ctx: Any, *operands: Any, **params: Any) -> Sequence[Any]:
    """The first half of the results and a derivative, where one has been asked for and it is worth it."""
    given: Params = params["params"]
    ordered = jax_compat.in_order(side_effects(params["base"], given))
    found = None if given.asked is None or ordered else _halves_of(ctx, given.asked, **params)
    if found is None:
        return _lower(primal_p, ctx, *operands, **params)
    return first_half(ctx, found, given, operands, len(params["avals"]))


def _lower_derivative(primitive: Primitive, ctx: Any, *operands: Any, **params: Any) -> Sequence[Any]:
    given, moving = params["params"], params["wrt" if primitive is linear_p else "of"]
    count = len(operands) - len(moving)
    is_the_one = given.asked == Asked(primitive, params["of"], params.get("maps", ()))
    found = second_half(ctx, given, operands[:count], operands[count:]) if is_the_one else None
    return _lower(primitive, ctx, *operands, **params) if found is None else found


def _halves_of(
    ctx: Any, asked: Asked, *, wrt: tuple[int, ...], maps: Maps, avals: Sequence[Any], **params: Any
) -> Halves | None:
    """The halves of what is computed in `maps`, and of the derivative in its maps, where they are the same on
    all platforms.
    """
    both = together(maps, asked.maps)
    if both is None or jax_compat.surroundings_of(ctx) is not None or jax_compat.sizes_of(ctx):
        return None
    primals = tuple(ctx.avals_in)
    if asked.by is linear_p:
        computes, moving = valued_tangents, [primals[index] for index in wrt]
    else:
        computes, moving = valued_gradients, [avals[index] for index in asked.of]
    arguments = *primals, *outside_as_operands(list(map(jax_compat.tangent_aval, moving)), both)

    def made(platform: str) -> tuple[Halves | None, Program]:
        function = partial(computes, wrt=wrt, of=asked.of, maps=both, **params)
        program = traced(function, arguments, platform)
        return halves(program.finished.bytecode, len(primals), len(avals)), program

    about = params["base"], wrt, asked, both, arguments, jax_compat.trace_settings()
    platforms = jax_compat.platforms_of(ctx)
    try:
        key = structure_of(dict(params["params"]))
        found = [_halves.get((key, *about, one), partial(made, one)) for one in platforms]
    except UnlikeAnything:  # it is not to be told from others
        found = list(map(made, platforms))
    each = [one for one, _ in found]
    return each[0] if all(one == each[0] for one in each) else None


_halves: Recent[tuple[Halves | None, Program]] = Recent(128)
"""With the whole, which keeps alive what they call."""


# Transformed by JAX


def _batch(
    primitive: Primitive, axis: MappedAxis, args: Sequence[Any], axes: Sequence[Any], **params: Any
) -> tuple[Any, Any]:
    """What does not depend on the mapped axis stays as it is without the map, as in JAX: the parameters of
    a layer that is initialised under it, say.
    """
    in_axes = tuple(one if isinstance(one, int) else None for one in axes)
    mapped = [one is not None for one in in_axes]
    if axis.name is None and not any(mapped):
        results = primitive.bind(*args, **params)
        return results, [None] * len(results)
    if primitive in (primal_p, gradient_p):
        return _batch_half(primitive, axis, args, in_axes, params)
    if primitive is jvp_p:
        varies = _varying(primitive, axis, args, in_axes, params)
    else:
        varies = Dependence(axis.name).of_equation(primitive, params, mapped)
    out_axes = 0 if varies is None else tuple(0 if one else None for one in varies)
    function = applied(primitive, params)
    results = vmap(function, in_axes, out_axes, axis.name, axis.size, axis.spmd_name)(*args)
    return results, [0] * len(results) if varies is None else out_axes


def _batch_half(
    primitive: Primitive, axis: MappedAxis, args: Sequence[Any], in_axes: Axes, params: dict[str, Any]
) -> tuple[Any, Axes]:
    """A lift or its gradient in one map more, so that they remain halves of one program."""
    varies = _varying(primitive, axis, args, in_axes, params)
    out_axes = tuple(0 if one else None for one in varies)
    maps = *params["maps"], Map(in_axes, out_axes, axis.size, axis.name, axis.spmd_name, axis.mesh_axes)
    if primitive is gradient_p:
        params["params"].asked = Asked(gradient_p, params["of"], maps)
    return primitive.bind(*args, **{**params, "maps": maps}), out_axes


def _varying(
    primitive: Primitive, axis: MappedAxis, args: Sequence[Any], in_axes: Axes, params: dict[str, Any]
) -> list[bool]:
    """Which results of what is made of a lift depend on the mapped axis."""
    avals = list(map(without_axis, map(jax_compat.aval_of, args), in_axes))
    named = [(axis.name, axis.size)] if axis.name is not None else []
    jaxpr = jax_compat.make_jaxpr(partial(FUNCTIONS[primitive], **params), avals, named)
    return Dependence(axis.name).results(jaxpr, [one is not None for one in in_axes])


def _differentiate(primitive: Primitive, primals: Any, moving: Any, **params: Any) -> tuple[Any, Any]:
    wrt = tuple(index for index, tangent in enumerate(moving) if tangent is not None)
    avals = jax_compat.result_avals(primitive, primals, params)
    of = tuple(index for index, aval in enumerate(avals) if jax_compat.tangent_aval(aval) is not None)
    about: dict[str, Any] = {"params": Params(params), "wrt": wrt, "of": of, "avals": avals}
    found = jvp_p.bind(*primals, *(moving[index] for index in wrt), base=primitive, **about)
    moved = dict(zip(of, found[len(avals) :], strict=True))
    return found[: len(avals)], [moved.get(index) for index in range(len(avals))]


def _differentiate_linear(primitive: Primitive, primals: Any, moving: Any, **params: Any) -> tuple[Any, Any]:
    """Along what it is linear in, tangents are what it makes of theirs, whatever the values: JAX may not know
    these yet, as in a rule of a user that it linearises.
    """
    count = len(primals) - len(params[LINEAR_IN[primitive]])
    is_along = all(tangent is None for tangent in moving[:count])
    if not is_along or side_effects(primitive, params):
        return _differentiate(primitive, primals, moving, **params)
    along = jax_compat.filled(moving[count:], primals[count:])
    return primitive.bind(*primals, **params), primitive.bind(*primals[:count], *along, **params)


def _in_halves(*operands: Any, **params: Any) -> list[Any]:
    """Results and tangents, each by themselves, so that these can be transposed."""
    primals = operands[: len(operands) - len(params["wrt"])]
    first, second = _params_of_halves(**params)
    if is_paired(params["base"], params["params"]):
        results: Sequence[Any] = primal_p.bind(*primals, **first)
    else:
        results = primal_values(*primals, **first)
    return [*results, *linear_p.bind(*operands, **second)]


def _params_of_halves(*, params: Params, of: Any, **about: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    asked = Params(params)
    asked.asked = Asked(linear_p, of, ())
    return {**about, "params": asked, "maps": ()}, {**about, "params": asked, "of": of}


def _transpose_values(cotangents: Any, operands: Any, *, avals: Any, **params: Any) -> list[Any]:
    """Of what is linear in the tangents the values are not."""
    return _transpose(cotangents[len(avals) :], operands, avals=avals, **params)


def _transpose(
    cotangents: Any, operands: Any, *, base: Primitive, params: Any, wrt: Any, of: Any, avals: Any
) -> list[Any]:
    """The gradients of the tangents: reverse mode of the primitive itself, of the results that matter."""
    count = len(operands) - len(wrt)
    given = {index: ct for index, ct in zip(of, cotangents, strict=True) if ct is not None}
    args = *operands[:count], *given.values()
    about: dict[str, Any] = {"base": base, "params": params, "wrt": wrt, "of": tuple(given)}
    if is_paired(base, params):
        params.asked = Asked(gradient_p, about["of"], ())
        return [*[None] * count, *gradient_p.bind(*args, **about, maps=())]
    return [*[None] * count, *gradients(*args, **about)]


def _transpose_lift(cotangents: Any, point: Any, wrt: Any, **params: Any) -> Sequence[Any]:
    """Of a lift that is linear in some inputs: its reverse mode, which is the same at all points."""
    require_linear(params, [index in wrt for index in range(len(point))])
    given = {index: ct for index, ct in enumerate(cotangents) if ct is not None}
    about: dict[str, Any] = {"base": lift_p, "params": params, "wrt": wrt, "of": tuple(given)}
    return gradients(*point, *given.values(), **about)


def _transpose_gradient(
    cotangents: Any, operands: Any, *, base: Primitive, params: Any, wrt: Any, of: Any, maps: Maps
) -> list[Any]:
    """The tangents of the results, along what stands for those of the inputs."""
    if maps:
        raise NotImplementedError(f"the transpose of the gradient of `{name_in(params)}` in a map of JAX's")
    count = len(operands) - len(of)
    primals = operands[:count]
    given = jax_compat.filled(cotangents, [primals[index] for index in wrt])
    avals = jax_compat.result_avals(base, primals, params)
    moved = linear_p.bind(*primals, *given, base=base, params=params, wrt=wrt, of=of, avals=avals)
    pairs = zip(operands[count:], moved, strict=True)
    return [*[None] * count, *(tangent if operand is None else None for operand, tangent in pairs)]


for _primitive in (lift_p, program_p, *FUNCTIONS):
    _primitive.def_impl(partial(_evaluate, _primitive))
    jax_compat.register_lowering(_primitive, partial(_lower, _primitive))
    jax_compat.register_batching(_primitive, partial(_batch, _primitive))
    rule = _differentiate_linear if _primitive in LINEAR_IN else _differentiate
    jax_compat.register_jvp(_primitive, partial(rule, _primitive))
jax_compat.register_halves(jvp_p, primal_p, linear_p, _in_halves, _params_of_halves)
jax_compat.register_linear(lift_p, _transpose_lift)
jax_compat.register_transpose(jvp_p, _transpose_values)
jax_compat.register_transpose(linear_p, _transpose)
jax_compat.register_transpose(gradient_p, _transpose_gradient)
jax_compat.register_lowering(primal_p, _lower_primal, in_place=True)
for _primitive in (linear_p, gradient_p):
    jax_compat.register_lowering(_primitive, partial(_lower_derivative, _primitive), in_place=True)
