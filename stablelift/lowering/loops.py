"""Loops and branches as lifts of pure functions: scan, while_loop, fori_loop, map, cond and switch.

Signatures and conventions are those of `jax.lax`; what is traced is one lift op with its callees. Beyond JAX,
`while_loop` takes `max_trip_count`, which makes it differentiable in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, as_array
from stablelift.lowering.primitive import bind


def scan(
    function: Callable,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """A loop that carries a value and stacks what it yields, as `jax.lax.scan`.

    Args:
      function: (carry, x) -> (next carry, y), all pytrees.
      init: The first carry; its types stay the same from step to step.
      xs: A pytree of arrays, scanned along axis 0; None for a loop that reads nothing.
      length: The number of steps; needed only without xs.
      reverse: Whether to go from the last element to the first.
      unroll: Steps in one iteration of the lowered loop; True for no loop at all.

    Returns:
      The last carry, and the ys stacked along axis 0.

    Raises:
      TypeError: The next carry has another structure or type than the carry, named by its path.
      ValueError: xs differ in length, or nothing says how long the loop is.
    """
    stacked, _ = _flat(xs)
    steps = _length(stacked, length)
    slices = [aval.update(shape=aval.shape[1:]) for aval in _avals(stacked)]
    in_tree = jax.tree.structure(((init, xs), {}))
    body, carry = _settled(
        "scan", lambda avals: Callee(function, in_tree, [*avals, *slices]), init, pair=True
    )
    count = len(carry)
    ys = [aval.update(shape=(steps, *aval.shape)) for aval in body.out_avals[count:]]
    results = body.bind(
        "lift.scan",
        [*carry, *stacked],
        [*body.out_avals[:count], *ys],
        num_consts=len(body.constants),
        num_carry=count,
        length=steps,
        reverse=reverse,
        unroll=max(1, steps if unroll is True else int(unroll)),
        in_axes=(0,) * len(stacked),
        out_axes=(0,) * len(ys),
    )
    carry_tree, y_tree = body.out_tree.children()
    return jax.tree.unflatten(carry_tree, results[:count]), jax.tree.unflatten(y_tree, results[count:])


def map(function: Callable, xs: Any) -> Any:
    """`function` applied to each element along axis 0, one after the other, as `jax.lax.map`."""
    return scan(lambda _, x: ((), function(x)), (), xs)[1]


def while_loop(
    cond_fun: Callable, body_fun: Callable, init_val: Any, max_trip_count: int | None = None
) -> Any:
    """Repeat `body_fun` as long as `cond_fun` holds, as `jax.lax.while_loop`.

    Args:
      cond_fun: carry -> a boolean scalar.
      body_fun: carry -> the next carry, of the same types.
      init_val: The first carry, a pytree.
      max_trip_count: The loop ends after that many steps, whatever `cond_fun` says. With it the loop can be
        differentiated in reverse, at the memory of about 2 sqrt(max_trip_count) carries.

    Raises:
      TypeError: The condition is not a boolean scalar, or the carry changes its structure or types.
      ValueError: `max_trip_count` is negative.
    """
    if max_trip_count is not None:
        return _bounded(cond_fun, body_fun, init_val, max_trip_count)
    return _while(cond_fun, body_fun, init_val, None)


def _bounded(cond_fun: Callable, body_fun: Callable, init_val: Any, bound: int) -> Any:
    if bound < 0:
        raise ValueError(f"max_trip_count: expected at least 0, found {bound}")
    limit = jnp.int32(bound)

    def cond(state: Any) -> Any:
        return jnp.logical_and(state[0] < limit, cond_fun(state[1]))

    def body(state: Any) -> Any:
        return state[0] + 1, body_fun(state[1])

    body.__name__ = getattr(body_fun, "__name__", "body")
    return _while(cond, body, (jnp.int32(0), init_val), bound)[1]


def _while(cond_fun: Callable, body_fun: Callable, init: Any, bound: int | None) -> Any:
    in_tree = jax.tree.structure(((init,), {}))
    body, carry = _settled("while_loop", lambda avals: Callee(body_fun, in_tree, avals), init)
    cond = Callee(cond_fun, in_tree, _avals(carry))
    found = cond.out_avals
    if len(found) != 1 or found[0].shape != () or found[0].dtype != jnp.bool_:
        spelled = ", ".join(aval.str_short() for aval in found)
        raise TypeError(f"while_loop: expected the condition to be a boolean scalar, found {spelled}")
    results = bind(
        "lift.while",
        [*cond.constants, *body.constants, *carry],
        {"cond": cond.jaxpr, "body": body.jaxpr},
        body.out_avals,
        name=body.name,
        num_cond_consts=len(cond.constants),
        num_body_consts=len(body.constants),
        max_trip_count=bound,
    )
    return jax.tree.unflatten(body.out_tree, results)


def fori_loop(
    lower: Any, upper: Any, body_fun: Callable, init_val: Any, max_trip_count: int | None = None
) -> Any:
    """`body_fun(i, carry)` for i from `lower` to `upper`, as `jax.lax.fori_loop`.

    With integer bounds the loop has a known length and is differentiable in reverse; with traced bounds it
    is so when `max_trip_count` is given.
    """
    if isinstance(lower, int) and isinstance(upper, int):

        def step(state: Any, _: None) -> Any:
            return (state[0] + 1, body_fun(*state)), None

        start = (jnp.int32(lower), init_val)
        return scan(step, start, length=max(0, upper - lower))[0][1]
    lower, upper = jnp.asarray(lower), jnp.asarray(upper)
    lower = lower.astype(jnp.promote_types(lower.dtype, upper.dtype))
    limit = upper.astype(lower.dtype)
    return while_loop(
        lambda state: state[0] < limit,
        lambda state: (state[0] + 1, body_fun(*state)),
        (lower, init_val),
        max_trip_count,
    )[1]


def cond(pred: Any, true_fun: Callable, false_fun: Callable, *operands: Any) -> Any:
    """`true_fun(*operands)` where `pred` holds, else `false_fun(*operands)`, as `jax.lax.cond`."""
    condition = as_array(pred)
    if condition.shape != ():
        raise TypeError(
            f"cond: expected a scalar predicate, found {jax_compat.aval_of(condition).str_short()}"
        )
    return switch((condition != 0).astype(jnp.int32), [false_fun, true_fun], *operands)


def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    """The branch at `index`, which is clamped to the range, applied to the operands, as `jax.lax.switch`.

    Raises:
      ValueError: There is no branch.
      TypeError: The index is not an integer scalar, or the branches return different structures or types.
    """
    if not branches:
        raise ValueError("switch: expected at least one branch, found none")
    position = as_array(index)
    if position.shape != () or not jnp.issubdtype(position.dtype, jnp.integer):
        found = jax_compat.aval_of(position).str_short()
        raise TypeError(f"switch: expected an integer scalar as index, found {found}")
    position = jnp.clip(position, 0, len(branches) - 1).astype(jnp.int32)
    values, _ = _flat(operands)
    in_tree = jax.tree.structure((operands, {}))
    traced = [Callee(branch, in_tree, _avals(values)) for branch in branches]
    _same_results(traced)
    # Each branch closes over values of its own: all branches take all of them.
    constants = [constant for callee in traced for constant in callee.constants]
    jaxprs = tuple(
        _taking_all(traced, number, _avals(constants), _avals(values)) for number in range(len(traced))
    )
    out_avals = traced[0].out_avals
    results = bind(
        "lift.switch", [position, *constants, *values], {"branches": jaxprs}, out_avals, name="branch"
    )
    return jax.tree.unflatten(traced[0].out_tree, results)


def _taking_all(
    traced: Sequence[Callee], number: int, constants: Sequence[Any], values: Sequence[Any]
) -> Any:
    """The jaxpr of one branch, as a function of the constants of all of them and the operands."""
    start = sum(len(callee.constants) for callee in traced[:number])
    stop = start + len(traced[number].constants)
    jaxpr = traced[number].jaxpr

    def branch(*args: Any) -> list[Any]:
        return jax_compat.evaluate(jaxpr, *args[start:stop], *args[len(constants) :])

    return jax_compat.make_jaxpr(branch, [*constants, *values])


def _same_results(traced: Sequence[Callee]) -> None:
    first = traced[0]
    for number, callee in enumerate(traced[1:], 1):
        if callee.out_tree != first.out_tree:
            raise TypeError(
                f"switch: expected all branches to return {first.out_tree}, "
                f"branch {number} returns {callee.out_tree}"
            )
        for mine, other in zip(first.out_avals, callee.out_avals, strict=True):
            if mine.shape != other.shape or mine.dtype != other.dtype:
                raise TypeError(
                    f"switch: expected all branches to return {mine.str_short()}, "
                    f"branch {number} returns {other.str_short()}"
                )


def _settled(
    what: str, trace: Callable[[list[Any]], Callee], init: Any, pair: bool = False
) -> tuple[Callee, list[Any]]:
    """A loop's body, and its first carry, whose weakly typed numbers take the types that the body gives them.

    Raises:
      TypeError: The body's carry differs from its input in structure, shape or dtype.
    """
    carry, tree = _flat(init)
    while True:  # a number is promoted once at most
        body = trace(_avals(carry))
        found_tree = body.out_tree
        if pair:
            children = found_tree.children()
            if len(children) != 2:
                raise TypeError(f"{what}: expected `{body.name}` to return (carry, y), found {found_tree}")
            found_tree = children[0]
        if found_tree != tree:
            raise TypeError(
                f"{what}: expected a carry of structure {tree}, `{body.name}` returns {found_tree}"
            )
        wanted = body.out_avals[: len(carry)]
        promoted = [_promoted(x, aval) for x, aval in zip(carry, wanted, strict=True)]
        if all(new is old for new, old in zip(promoted, carry, strict=True)):
            break
        carry = promoted
    _require_same_types(what, init, _avals(carry), wanted)
    return body, carry


def _promoted(x: Any, wanted: Any) -> Any:
    aval = jax_compat.aval_of(x)
    if aval.weak_type and aval.shape == wanted.shape and aval.dtype != wanted.dtype:
        return x.astype(wanted.dtype)
    return x


def _require_same_types(what: str, init: Any, given: Sequence[Any], returned: Sequence[Any]) -> None:
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(init)[0]]
    wrong = [
        f"  carry{path}: expected {mine.str_short()}, found {other.str_short()}"
        for path, mine, other in zip(paths, given, returned, strict=True)
        if mine.shape != other.shape or mine.dtype != other.dtype
    ]
    if wrong:
        raise TypeError(f"{what}: the body changes the type of the carry\n" + "\n".join(wrong))


def _flat(tree: Any) -> tuple[list[Any], Any]:
    leaves, structure = jax.tree.flatten(tree)
    return [as_array(leaf) for leaf in leaves], structure


def _avals(values: Sequence[Any]) -> list[Any]:
    return [jax_compat.aval_of(value) for value in values]


def _length(stacked: Sequence[Any], length: int | None) -> int:
    for x in stacked:
        if not x.shape:
            raise ValueError(
                f"scan: expected xs with an axis to scan, found {jax_compat.aval_of(x).str_short()}"
            )
    sizes = {x.shape[0] for x in stacked} | ({int(length)} if length is not None else set())
    if len(sizes) != 1:
        found = ", ".join(_spelled_sizes(stacked, length)) or "neither xs nor length"
        raise ValueError(f"scan: expected one length, found {found}")
    return sizes.pop()


def _spelled_sizes(stacked: Sequence[Any], length: int | None) -> list[str]:
    found = [jax_compat.aval_of(x).str_short() for x in stacked]
    return found + ([f"length={length}"] if length is not None else [])
