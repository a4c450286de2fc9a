"""Derivatives of pure functions as equations of `lift_p`: jvp, vjp, linearize, grad and value_and_grad.

Signatures and conventions are JAX's: tangents of integers, booleans and keys are `float0` arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, SupportsIndex

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, as_array, call
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import unchecked
from stablelift.lowering.plain_leaves import plain_beside, set_aside
from stablelift.lowering.primitive import bind
from stablelift.lowering.rule_values import reached


def jvp(
    function: Callable, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """The function's value and its derivative along `tangents`, as `jax.jvp`.

    Args:
      function: A function of pytrees; with `has_aux` it returns (output, auxiliary data).
      primals: A tuple of arguments.
      tangents: A tuple of the same structure, shapes and dtypes; for leaves that can carry no tangent,
        `float0` arrays or None.

    Returns:
      (output, output tangent), and the auxiliary data with `has_aux`.

    Raises:
      TypeError: Primals and tangents do not match.
    """
    return _pushed_forward(function, primals, tangents, has_aux)


def _pushed_forward(
    function: Callable,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool,
    again: bool | None = None,
) -> tuple[Any, ...]:
    """As `jvp`; `again`: the value has been computed."""
    leaves, in_tree = jax.tree.flatten((tuple(primals), {}))
    arrays = [as_array(leaf) for leaf in leaves]
    avals = [jax_compat.aval_of(leaf) for leaf in arrays]
    given = _matching_tangents(in_tree, avals, tangents)
    callee = Callee(function, in_tree, avals)
    outputs, of = _outputs(callee, has_aux)
    wrt = tuple(index for index, tangent in enumerate(given) if tangent is not None)
    carrying = [jax_compat.tangent_aval(callee.out_avals[index]) for index in of]
    results = callee.bind(
        "lift.jvp",
        [*arrays, *(given[index] for index in wrt)],
        callee.out_avals + carrying,
        wrt=callee.shifted(wrt),
        of=of,
        again=again,
    )
    out = jax.tree.unflatten(callee.out_tree, results[: len(callee.out_avals)])
    moved = dict(zip(of, results[len(callee.out_avals) :], strict=True))
    tangent_leaves = _with_float0(moved, callee.out_avals[:outputs])
    primal_out, aux = out if has_aux else (out, None)
    tangent_out = jax.tree.unflatten(jax.tree.structure(primal_out), tangent_leaves)
    return (primal_out, tangent_out, aux) if has_aux else (primal_out, tangent_out)


def vjp(function: Callable, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The function's value and its pullback, as `jax.vjp`.

    Returns:
      (output, pullback), and the auxiliary data with `has_aux`. The pullback takes a cotangent of the
      output's structure and returns a tuple with a gradient for each of `primals`. It is a pytree, and may
      cross function boundaries.
    """
    leaves, in_tree = jax.tree.flatten((primals, {}))
    arrays = [as_array(leaf) for leaf in leaves]
    callee = Callee(function, in_tree, [jax_compat.aval_of(leaf) for leaf in arrays])
    _outputs(callee, has_aux)
    wrt = [index for index, leaf in enumerate(arrays) if jax_compat.can_carry_tangent(leaf)]
    results = reached(callee, arrays, wrt)
    out = jax.tree.unflatten(callee.out_tree, results)
    primal_out, aux = out if has_aux else (out, None)
    tree = jax.tree.structure(primal_out)
    jaxpr, name = callee.jaxpr, callee.name
    static = partial(_pull_back, jaxpr, name, jax.tree.structure(primals), tree)
    pullback = Partial(static, [*callee.constants, *arrays])
    return (primal_out, pullback, aux) if has_aux else (primal_out, pullback)


def _pull_back(
    jaxpr: Jaxpr, name: str, in_tree: Any, out_tree: Any, operands: list[Any], cotangent: Any
) -> Any:
    given, tree = jax.tree.flatten(cotangent)
    if tree != out_tree:
        raise ValueError(f"pullback: expected a cotangent of structure {out_tree}, found {tree}")
    of = tuple(index for index in range(len(given)) if jax_compat.can_carry_tangent(jaxpr.out_avals[index]))
    for index in of:
        _require_type(
            f"cotangent {index}", jaxpr.out_avals[index], jax_compat.aval_of(as_array(given[index]))
        )
    first = len(operands) - in_tree.num_leaves
    wrt = tuple(
        index for index in range(first, len(operands)) if jax_compat.can_carry_tangent(jaxpr.in_avals[index])
    )
    gradient_avals = [jax_compat.tangent_aval(jaxpr.in_avals[index]) for index in wrt]
    results = bind(
        "lift.vjp",
        [*operands, *(as_array(given[index]) for index in of)],
        {"callee": unchecked(jaxpr)},  # its checks have been made
        [*jaxpr.out_avals, *gradient_avals],
        name=name,
        wrt=wrt,
        of=of,
        again=True,
    )
    positions = [index - first for index in wrt]
    return _in_tree(in_tree, jaxpr.in_avals[first:], positions, results[len(jaxpr.out_avals) :])


def _in_tree(tree: Any, avals: Sequence[Any], positions: Sequence[int], gradients: Sequence[Any]) -> Any:
    """The gradients of the leaves at some positions; those that can have none have one of `float0`."""
    found = dict(zip(positions, gradients, strict=True))
    return jax.tree.unflatten(tree, _with_float0(found, avals))


def _with_float0(found: dict[int, Any], avals: Sequence[Any]) -> list[Any]:
    """What was found for positions among values; one of `float0` for the others."""
    return [found[index] if index in found else float0_like(aval) for index, aval in enumerate(avals)]


def value_and_grad(
    function: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable:
    """A function that returns `function`'s value and its gradient, as `jax.value_and_grad`.

    Args:
      function: A function of pytrees that returns a real scalar, or (scalar, auxiliary data) with `has_aux`.
      argnums: Which positional arguments to differentiate; the gradient is a tuple when this is a sequence.
        In the others, the function sees booleans, strings and what else is no array as they are.
      holomorphic: Whether the function is one of complex arguments that returns a complex scalar.
      allow_int: Whether differentiated leaves may be integers, booleans and keys; their gradients are
        `float0` arrays.

    Raises:
      TypeError: The output is not a real scalar (a complex one if `holomorphic`), or a differentiated leaf
        is not of a dtype that has a gradient.
    """
    argnums = operator.index(argnums) if isinstance(argnums, SupportsIndex) else argnums

    @wraps(function)
    def valued(*args: Any, **kwargs: Any) -> Any:
        positions = _positions(argnums, len(args))
        flags = plain_beside(positions, args, kwargs)
        traced, args, kwargs = set_aside(function, args, kwargs, flags)
        leaves, in_tree = jax.tree.flatten((args, kwargs))
        arrays = [as_array(leaf) for leaf in leaves]
        avals = [jax_compat.aval_of(leaf) for leaf in arrays]
        wrt = _leaves_of(args, positions, avals, holomorphic, allow_int)
        callee = Callee(traced, in_tree, avals)
        _require_scalar(callee, has_aux, holomorphic)
        result = callee.out_avals[0]
        results = callee.bind(
            "lift.vjp",
            [*arrays, jnp.ones(result.shape, result.dtype)],
            [*callee.out_avals, *(jax_compat.tangent_aval(avals[index]) for index in wrt)],
            wrt=callee.shifted(wrt),
            of=(0,),
        )
        out = jax.tree.unflatten(callee.out_tree, results[: len(callee.out_avals)])
        of_args = _in_tree(in_tree, avals, wrt, results[len(callee.out_avals) :])[0]
        gradients = tuple(of_args[position] for position in positions)
        return out, gradients[0] if isinstance(argnums, int) else gradients

    return valued


def grad(
    function: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable:
    """A function that returns `function`'s gradient, as `jax.grad`; with `has_aux`, (gradient, auxiliary
    data).
    """
    valued = value_and_grad(function, argnums, has_aux, holomorphic, allow_int)

    @wraps(function)
    def graded(*args: Any, **kwargs: Any) -> Any:
        value, gradient = valued(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return graded


def _positions(argnums: int | Sequence[int], count: int) -> list[int]:
    positions = [argnums] if isinstance(argnums, int) else list(argnums)
    for position in positions:
        if not -count <= position < count:
            raise ValueError(
                f"argnums: expected positions below {count}, the number of arguments, found {position}"
            )
    return [position % count for position in positions]


def _leaves_of(
    args: tuple[Any, ...], positions: Sequence[int], avals: Sequence[Any], holomorphic: bool, allow_int: bool
) -> tuple[int, ...]:
    """The flat positions of the leaves of some arguments that are differentiated, increasing."""
    sizes = [len(jax.tree.leaves(arg)) for arg in args]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    chosen = sorted(set(positions))
    wanted = [index for position in chosen for index in range(starts[position], starts[position + 1])]
    can_carry = [index for index in wanted if jax_compat.can_carry_tangent(avals[index])]
    is_complex = [index for index in wanted if jnp.issubdtype(avals[index].dtype, jnp.complexfloating)]
    fit, expected = (is_complex, "complex") if holomorphic else (can_carry, "floating-point or complex")
    for index in wanted:
        if index not in fit and not (allow_int and index not in can_carry):
            found = avals[index].str_short()
            raise TypeError(f"grad: expected {expected} inputs, found {found} among the arguments")
    return tuple(can_carry)


def _require_scalar(callee: Callee, has_aux: bool, holomorphic: bool) -> None:
    _outputs(callee, has_aux)
    out = jax.tree.unflatten(callee.out_tree, callee.out_avals)
    output = out[0] if has_aux else out
    dtype: Any = getattr(output, "dtype", None)
    kind, spelled = (jnp.complexfloating, "complex") if holomorphic else (jnp.floating, "real")
    if getattr(output, "shape", None) != () or not jnp.issubdtype(dtype, kind):
        found = output.str_short() if hasattr(output, "str_short") else str(jax.tree.structure(output))
        raise TypeError(f"grad: expected `{callee.name}` to return a {spelled} scalar, found {found}")


def _outputs(callee: Callee, has_aux: bool) -> tuple[int, tuple[int, ...]]:
    """How many leaves the output has, auxiliary data aside, and which of them can carry a tangent."""
    count = callee.out_tree.num_leaves
    if has_aux:
        children = callee.out_tree.children()
        if len(children) != 2:
            raise TypeError(
                f"has_aux: expected `{callee.name}` to return (output, auxiliary data), "
                f"found {callee.out_tree}"
            )
        count = children[0].num_leaves
    return count, tuple(
        index for index in range(count) if jax_compat.can_carry_tangent(callee.out_avals[index])
    )


def _matching_tangents(in_tree: Any, avals: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """A tangent for each primal leaf, None where it can carry none."""
    try:  # None stands for a leaf without a tangent, or for a None among the primals
        leaves = in_tree.flatten_up_to((tuple(tangents), {}))
    except ValueError:
        found = jax.tree.structure(tuple(tangents), is_leaf=lambda leaf: leaf is None)
        what = f"expected tangents of the primals' structure {in_tree.children()[0]}, found {found}"
        raise TypeError(f"jvp: {what}") from None
    given: list[Any] = []
    for index, (leaf, aval) in enumerate(zip(leaves, avals, strict=True)):
        if not jax_compat.can_carry_tangent(aval) or leaf is None:
            given.append(None)
            continue
        array = as_array(leaf)
        _require_type(f"tangent {index}", jax_compat.tangent_aval(aval), jax_compat.aval_of(array))
        given.append(array)
    return given


def _require_type(what: str, expected: Any, found: Any) -> None:
    if expected.shape != found.shape or expected.dtype != found.dtype:
        raise TypeError(f"{what}: expected {expected.str_short()}, found {found.str_short()}")


def float0_like(aval: Any) -> Any:
    """The tangent of a value that can carry none, as JAX spells it."""
    return np.zeros(aval.shape, jax.dtypes.float0)


def linearize(function: Callable, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The function's value at `primals`, and its derivative there as a function of tangents, as
    `jax.linearize`.

    The derivative is a pytree, and may cross function boundaries. Compiled together, what value and
    derivative share is computed once. With `has_aux`, the function returns (output, auxiliary data), and the
    latter comes third.
    """
    out = call(function)(*primals)
    derivative = Partial(partial(_push_forward, function, has_aux), primals)
    if not has_aux:
        return out, derivative
    value, aux = out
    return value, derivative, aux


def _push_forward(function: Callable, has_aux: bool, primals: tuple[Any, ...], *tangents: Any) -> Any:
    return _pushed_forward(function, primals, tangents, has_aux, again=True)[1]
