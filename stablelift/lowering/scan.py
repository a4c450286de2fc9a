"""scan and map: loops of known length, as `jax.lax` has them, along any axes and with loop invariants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.axes import normalized_axes, prefix_axes, whole_size, with_axis, without_axis
from stablelift.lowering.callee import (
    Callee,
    as_array,
    avals_of,
    flat_arrays,
    name_of,
    require_callable,
    stand_for,
)
from stablelift.lowering.carry import settled
from stablelift.lowering.jaxprs import silent
from stablelift.lowering.mapping import vmap
from stablelift.lowering.primitive import bind
from stablelift.lowering.segmented import Checkpoints, Segmented, binomial


def scan(
    function: Callable,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    *,
    in_axes: Any = 0,
    out_axes: Any = 0,
    checkpoint: Checkpoints | None = None,
) -> tuple[Any, Any]:
    """A loop that carries a value and stacks what it yields, as `jax.lax.scan`, along any axes.

    Args:
      function: (carry, x) -> (next carry, y), all pytrees.
      init: The first carry; its types stay the same from step to step.
      xs: A pytree of arrays; None for a loop that reads nothing.
      length: The number of steps; needed only if nothing is scanned.
      reverse: Whether to go from the last element to the first.
      unroll: Steps in one iteration of the lowered loop; True for no loop at all.
      in_axes: The axis to scan in xs, or a prefix tree of them; None for a value that every step sees whole.
      out_axes: The axis to stack ys on, or a prefix tree; None for a y that depends neither on the carry nor
        on a slice, which is computed once.
      checkpoint: How many carries a reverse sweep keeps along the loop, or "sqrt" of its steps; it runs the
        segments between them again, and keeps what it uses of one of them. Axes count from the front then.
        "binomial:N" keeps N carries and what it uses of one step, and runs the fewest steps again that this
        allows. None leaves to the optimiser what each step keeps.

    Returns:
      The last carry, and the ys, stacked.

    Raises:
      TypeError: The next carry has another structure or type than the carry, named by its path.
      ValueError: xs differ in length, nothing says how long the loop is, a y of axis None depends on the
        loop, or `unroll` is negative.
    """
    require_callable("scan", function)
    if unroll < 0:
        raise ValueError(f"scan: expected unroll of at least 0, or True, found {unroll}")
    loop = Loop(function, init, xs, in_axes, out_axes, length)
    snapshots = binomial(checkpoint)
    if checkpoint is None or snapshots is not None:
        return loop.run(reverse=reverse, unroll=unroll, checkpoints=snapshots)

    def steps(carry: Any, xs: Any, length: int) -> tuple[Any, Any]:
        return scan(function, carry, xs, length, reverse, unroll, in_axes=in_axes, out_axes=out_axes)

    def segments(step: Callable, carry: Any, xs: Any, length: int) -> tuple[Any, Any]:
        return scan(step, carry, xs, length, reverse, in_axes=in_axes, out_axes=out_axes)

    arrays = jax.tree.map(as_array, xs)
    return Segmented(steps, segments, in_axes, out_axes).run(init, arrays, loop.length, checkpoint, reverse)


def map(function: Callable, xs: Any, *, batch_size: int | None = None) -> Any:
    """`function` applied to each element along axis 0, one after the other, as `jax.lax.map`.

    With `batch_size`, to so many of them at a time, and to the rest at once.

    Raises:
      ValueError: xs differ in length, or `batch_size` is not positive.
    """
    require_callable("map", function)
    if batch_size is None:
        return scan(lambda _, x: ((), function(x)), (), xs)[1]
    if batch_size < 1:
        raise ValueError(f"map: expected a batch_size of at least 1, found {batch_size}")
    xs = jax.tree.map(as_array, xs)
    size = Loop(lambda _, x: ((), ()), (), xs).length
    whole = size - size % batch_size
    batches = jax.tree.map(lambda x: x[:whole].reshape(-1, batch_size, *x.shape[1:]), xs)
    ys = map(vmap(function), batches)
    ys = jax.tree.map(lambda y: y.reshape(whole, *y.shape[2:]), ys)
    if whole == size:
        return ys
    rest = vmap(function)(jax.tree.map(lambda x: x[whole:], xs))
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), ys, rest)


class Loop:
    """A scan whose body is traced, once, on the types that the loop starts with.

    `in_axes` and `out_axes` are prefix trees of xs and ys. An axis of None means, among xs, a value that
    every step sees whole; among ys, a value that no carry and no slice has a part in: it is computed once,
    before the loop.
    """

    def __init__(
        self,
        function: Callable,
        init: Any,
        xs: Any,
        in_axes: Any = 0,
        out_axes: Any = 0,
        length: int | None = None,
    ):
        self._function, self._init, self._out_axes = function, init, out_axes
        leaves, self._xs_tree = flat_arrays(xs)
        avals = avals_of(leaves)
        found = prefix_axes("in_axes", in_axes, xs)
        self._axes = [_scanned_axis(axis, aval) for axis, aval in zip(found, avals, strict=True)]
        self._whole = [x for x, axis in zip(leaves, self._axes, strict=True) if axis is None]
        self._scanned = [x for x, axis in zip(leaves, self._axes, strict=True) if axis is not None]
        self.length = self._agreed_length(length)
        self._slices = [
            without_axis(aval, axis) for aval, axis in zip(avals, self._axes, strict=True) if axis is not None
        ]
        carry, self._carry_tree = flat_arrays(init)
        self._body = self._trace(avals_of(carry))

    def _trace(self, carry: Sequence[Any]) -> Callee:
        """The body as a callee of the whole values, the carry and the slices."""

        def body(whole: list[Any], carry: list[Any], slices: list[Any]) -> Any:
            of = {True: iter(whole), False: iter(slices)}
            xs = jax.tree.unflatten(self._xs_tree, [next(of[axis is None]) for axis in self._axes])
            return self._function(jax.tree.unflatten(self._carry_tree, carry), xs)

        body.__name__ = name_of(self._function)
        stand_for(body, self._function)
        avals = (avals_of(self._whole), list(carry), self._slices)
        in_tree = jax.tree.structure((avals, {}))
        return Callee(body, in_tree, jax.tree.leaves(avals))

    def invariants(self) -> Any:
        """The ys of axis None; the tree of ys with None in the other places.

        Raises:
          LoopDependence: One of them depends on the carry or on a slice.
        """
        (_, y_tree), axes = self._body.out_tree.children(), self._y_axes(self._body)
        start = self._carry_tree.num_leaves
        wanted = [start + index for index, axis in enumerate(axes) if axis is None]
        jaxpr, used = jax_compat.restrict(silent(self._body.jaxpr), wanted)
        outside = len(self._body.constants) + len(self._whole)
        if any(used[outside:]):
            raise LoopDependence([self._y_path(index - start) for index in wanted if self._depends(index)])
        operands = [*self._body.constants, *self._whole]
        given = [x for x, is_used in zip(operands, used, strict=False) if is_used]
        if jax_compat.computes_nothing(jaxpr):
            results = jax_compat.evaluate(jaxpr, *given)
        else:
            results = bind("lift.call", given, {"callee": jaxpr}, jaxpr.out_avals, name="invariants")
        values = iter(results)
        return jax.tree.unflatten(y_tree, [next(values) if axis is None else None for axis in axes])

    def _depends(self, output: int) -> bool:
        _, used = jax_compat.restrict(silent(self._body.jaxpr), [output])
        return any(used[len(self._body.constants) + len(self._whole) :])

    def run(
        self,
        invariants: Any = None,
        reverse: bool = False,
        unroll: int | bool = 1,
        checkpoints: int | None = None,
    ) -> tuple[Any, Any]:
        """The last carry, and the ys. `invariants` are those that `invariants()` gave, if they are known.

        With `checkpoints` a reverse keeps that many carries, by the binomial schedule.

        Raises:
          TypeError: The body changes the structure or a type of the carry.
          LoopDependence: see `invariants`.
        """
        traced = self._body
        self._body, carry = settled("scan", self._trace, self._init, pair=True, traced=traced)
        body, count = self._body, len(carry)
        axes = self._y_axes(body)
        whole = None in axes
        if whole and invariants is None:
            invariants = self.invariants()
        kept = [*range(count), *(count + index for index, axis in enumerate(axes) if axis is not None)]
        jaxpr = jax_compat.restrict(body.jaxpr, kept, keep_inputs=True)[0] if whole else body.jaxpr
        out_axes = [axis for axis in axes if axis is not None]
        ys = [
            with_axis(aval, axis, self.length)
            for aval, axis in zip(jaxpr.out_avals[count:], out_axes, strict=True)
        ]
        constants = [*body.constants, *self._whole]
        results = bind(
            "lift.scan",
            [*constants, *carry, *self._scanned],
            {"callee": jaxpr},
            [*jaxpr.out_avals[:count], *ys],
            name=body.name,
            num_consts=len(constants),
            num_carry=count,
            length=self.length,
            reverse=reverse,
            unroll=max(1, self.length if unroll is True else int(unroll)),
            in_axes=tuple(axis for axis in self._axes if axis is not None),
            out_axes=tuple(out_axes),
            checkpoints=checkpoints,
        )
        stacked = iter(results[count:])
        carry_tree, y_tree = body.out_tree.children()
        known = y_tree.flatten_up_to(invariants) if whole else [None] * len(axes)
        leaves = [value if axis is None else next(stacked) for value, axis in zip(known, axes, strict=True)]
        return jax.tree.unflatten(carry_tree, results[:count]), jax.tree.unflatten(y_tree, leaves)

    def _y_axes(self, body: Callee) -> list[int | None]:
        children = body.out_tree.children()
        if len(children) != 2:
            raise TypeError(
                f"scan: expected `{body.name}` to return (carry, y), found {body.out_tree}"
            )
        y_tree = children[1]
        template = jax.tree.unflatten(y_tree, range(y_tree.num_leaves))
        axes = prefix_axes("out_axes", self._out_axes, template)
        return normalized_axes("out_axes", axes, body.out_avals[children[0].num_leaves :], extra=1)

    def _y_path(self, index: int) -> str:
        y_tree = self._body.out_tree.children()[1]
        paths = jax.tree_util.tree_leaves_with_path(jax.tree.unflatten(y_tree, range(y_tree.num_leaves)))
        return jax.tree_util.keystr(paths[index][0], simple=True, separator="/")

    def _agreed_length(self, length: int | None) -> int:
        avals = avals_of(self._scanned)
        axes = [axis for axis in self._axes if axis is not None]
        sizes = {aval.shape[axis] for aval, axis in zip(avals, axes, strict=True)}
        sizes |= {whole_size(length)} if length is not None else set()
        if len(sizes) != 1:
            spelled = [
                aval.str_short() + (f" along axis {axis}" if axis else "")
                for aval, axis in zip(avals, axes, strict=True)
            ]
            spelled += [f"length={length}"] if length is not None else []
            found = ", ".join(spelled) or "neither xs nor length"
            raise ValueError(f"scan: expected one length, found {found}")
        return sizes.pop()


class LoopDependence(ValueError):
    """A value that is to be computed before a loop depends on it; `paths` are its places among the ys."""

    def __init__(self, paths: Sequence[str]):
        super().__init__(f"scan: expected ys that do not depend on the loop, found {', '.join(paths)}")
        self.paths = list(paths)


def _scanned_axis(axis: int | None, aval: Any) -> int | None:
    if axis is None:
        return None
    if not aval.shape:
        raise ValueError(f"scan: expected xs with an axis to scan, found {aval.str_short()}")
    return normalized_axes("in_axes", [axis], [aval])[0]
