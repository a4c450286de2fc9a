"""Steps that are ops of the lift dialect, each around a new function."""

from __future__ import annotations

from dataclasses import replace

from tests.programs.body import INTEGER, Body, Type, Value
from tests.programs.control import COUNTER, function, result, some
from tests.programs.table import advance, step


@step(nests=True)
def outlined(body: Body) -> list[Value]:
    args = some(body, 1, 3)
    name, types = function(body, [arg.type for arg in args])
    op, more = body.choose(
        ("lift.call", ""),
        ("lift.remat", ", prevent_cse = true"),
        ("lift.remat", ", prevent_cse = false"),
        ("lift.remat", ', prevent_cse = true, policy = "dots_saveable"'),
        ("lift.remat", ', prevent_cse = false, policy = "auto"'),
    )
    return body.ops(op, args, types, f"callee = {name}{more}")


@step(nests=True)
def switch(body: Body) -> list[Value]:
    args = some(body, 1, 2)
    index = body.int_or_bool(INTEGER, ())
    inputs = [arg.type for arg in args]
    first, types = function(body, inputs)
    others = [function(body, inputs, types)[0] for _ in range(body.integer(0, 2))]
    return body.ops("lift.switch", [index, *args], types, f"branches = [{', '.join([first, *others])}]")


@step(nests=True)
def vmap(body: Body) -> list[Value]:
    args, axes, size = _mapped(body, body.integer(0, 1))
    name, types = function(body, [_slice(arg.type, axis) for arg, axis in zip(args, axes, strict=True)])
    outs = [body.integer(0, type.rank) for type in types]
    attributes = (
        f"callee = {name}, axis_size = {size} : i64, in_axes = {_spelled(axes)}, out_axes = {_spelled(outs)}"
    )
    return body.ops(
        "lift.vmap",
        args,
        [_stack(type, axis, size) for type, axis in zip(types, outs, strict=True)],
        attributes,
    )


@step(nests=True)
def scan(body: Body) -> list[Value]:
    consts, carry = some(body, 0, 1), some(body, 0, 2)
    xs, axes, length = _mapped(body, 0)
    carried = [value.type for value in carry]
    inputs = [value.type for value in consts] + carried
    slices = [_slice(x.type, axis) for x, axis in zip(xs, axes, strict=True)]
    kept = [value.type for value in some(body, 0 if carry else 1, 1)]
    name, _ = function(body, inputs + slices, [*carried, *kept])
    outs = [body.integer(0, type.rank) for type in kept]
    attributes = (
        f"callee = {name}, num_consts = {len(consts)} : i64, num_carry = {len(carry)} : i64, "
        f"length = {length} : i64, "
        f"reverse = {str(body.flip()).lower()}, unroll = {body.integer(1, 2)} : i64, "
        f"in_axes = {_spelled(axes)}, out_axes = {_spelled(outs)}"
    )
    stacked = [_stack(type, axis, length) for type, axis in zip(kept, outs, strict=True)]
    return (
        body.ops("lift.scan", [*consts, *carry, *xs], carried + stacked, attributes)
        if carried + stacked
        else []
    )


@step(nests=True)
def bounded_loop(body: Body) -> list[Value]:
    """`lift.while` to a computed limit, which is never above the bound."""
    limit = body.int_or_bool(INTEGER, ())
    consts, carry = some(body, 0, 1), some(body, 1, 2)
    types = [COUNTER, *(value.type for value in carry)]

    def proceed(inner: Body) -> list[Value]:
        return [inner.compared(inner.values[1], inner.values[0], "LT")]

    def work(inner: Body) -> list[Value]:
        counter = inner.values[len(consts)]
        advance(inner, inner.integer(1, 3))
        counted = inner.op("add", [counter, inner.constant(1, COUNTER)])
        return [counted, *(result(inner, type) for type in types[1:])]

    cond, _ = body.source.function([COUNTER, *types], proceed, body.depth + 1)
    step, _ = body.source.function([const.type for const in consts] + types, work, body.depth + 1)
    start = body.constant(0, COUNTER)
    attributes = (
        f"cond = {cond}, body = {step}, num_cond_consts = 1 : i64, num_body_consts = {len(consts)} : i64, "
        f"max_trip_count = {body.integer(4, 5)} : i64"
    )
    return body.ops("lift.while", [limit, *consts, start, *carry], types, attributes)


@step(nests=True)
def derivative(body: Body) -> list[Value]:
    """`lift.jvp` or `lift.vjp` of a function without loops, with respect to one argument."""
    args = [body.real(), *some(body, 0, 1)]
    inputs = [arg.type for arg in args]
    out = body.real().type

    def write(inner: Body) -> list[Value]:
        advance(inner, inner.integer(1, 3))
        return [result(inner, out)]

    name, _ = body.source.function(inputs, write, depth=2, flavour=replace(body.flavour, derived=True))
    mode = body.choose("jvp", "vjp")
    given, found = (inputs[0], out) if mode == "jvp" else (out, inputs[0])
    direction = body.pick(lambda type: type.element == given.element, shape=given.shape)
    made = body.ops(f"lift.{mode}", [*args, direction], [out, found], f"callee = {name}, wrt = [0], of = [0]")
    return [made[0], body.tame(made[1], 0.5)]


@step(kinks=True)
def marked(body: Body) -> Value:
    name, attributes = body.choose(("lift.name", 'name = "x"'), ("lift.stop_gradient", ""))
    return body.op(name, [body.any()], attributes=attributes)


def _mapped(body: Body, shared: int) -> tuple[list[Value], list[int | None], int]:
    """Values with an axis of one size, and `shared` values without; their axes; the size."""
    x = body.any(rank=1)
    axis = body.integer(0, x.type.rank - 1)
    size = x.type.shape[axis]
    args: list[Value] = [x]
    axes: list[int | None] = [axis]
    if body.flip():
        y = body.any()
        axes.append(body.integer(0, y.type.rank))
        args.append(body.fit(y, _stack(y.type, axes[-1], size)))
    for _ in range(shared):
        args.append(body.any())
        axes.append(None)
    return args, axes, size


def _slice(type: Type, axis: int | None) -> Type:
    return type if axis is None else type.of(type.shape[:axis] + type.shape[axis + 1 :])


def _stack(type: Type, axis: int | None, size: int) -> Type:
    return type if axis is None else type.of((*type.shape[:axis], size, *type.shape[axis:]))


def _spelled(axes: list[int | None]) -> str:
    return f"[{', '.join('unit' if axis is None else str(axis) for axis in axes)}]"
