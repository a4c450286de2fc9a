"""A program whose layers are rolled into loops, and whose state stays stacked between its calls."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax

from stablelift.ir.policy import Policy
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import as_array, named
from stablelift.passes.layers.layout import Group
from stablelift.passes.layers.roll import Roll
from stablelift.runtime.carried import Carried, settled
from stablelift.runtime.handed_on import results_of
from stablelift.runtime.program import Program
from stablelift.runtime.stacks import stacked, unstacked


class Rolled:
    """A program compiled with its layers rolled: called on the trees that the program takes.

    The first `carry` arguments are handed on as the first `carry` results, `Carried` where they are more than
    one array. Each may also be given as a plain tree, whose layers are then stacked once.
    """

    def __init__(
        self, program: Program, carry: int, donated: Sequence[int] = (), remat: Policy | None = None
    ):
        self._in_trees = program.in_tree.children()
        self._out_tree = program.out_tree
        out_trees = results_of(program) if carry else []
        self._out_trees = out_trees
        self._in_starts = _starts(self._in_trees)
        self._out_starts = _starts(out_trees)
        self._carry = carry
        state = tuple(
            (self._in_starts[part] + leaf, self._out_starts[part] + leaf, part)
            for part in range(carry)
            for leaf in range(self._in_trees[part].num_leaves)
        )
        self.program = program.made_by(
            lambda program: program.after_passes(layers=(Roll(state), "symbol-dce"), remat=remat)
        )
        layout = self.program.finished.layout
        assert layout is not None
        self.layout = layout
        # Which of the rolled program's arguments and results belong to each part of the state, and which to
        # the other arguments and results.
        self._arguments = [self._part_of(group[0], self._in_starts) for group in self.layout.arguments]
        self._results = [self._part_of(group[0], self._out_starts) for group in self.layout.results]
        self._taken = _by_part(self.layout.arguments, self._arguments, self._in_starts)
        known = {groups: groups for groups in self._taken}  # as one object they are compared at once
        returned = _by_part(self.layout.results, self._results, self._out_starts)
        self._returned = [known.get(groups, groups) for groups in returned]
        given_up = tuple(index for index, part in enumerate(self._arguments) if part in donated)
        self._jitted = jax.jit(named(self.program.bind, program.name), donate_argnums=given_up)
        self._signatures = [
            (tree, tuple(map(jax_compat.aval_of, program.out_avals[start : start + tree.num_leaves])))
            for tree, start in zip(out_trees, self._out_starts, strict=False)
        ]

    def __call__(self, *args: Any) -> Any:
        return self.call(self._jitted, *args)

    def lower(self) -> Any:
        """JAX's lowered form of the program."""
        return self._jitted.lower(*self.program.in_avals)

    def call(self, run: Any, *args: Any) -> Any:
        """The results on these arguments by `run`, the program on arrays as it takes them."""
        held = [
            list(arg.arrays)
            if isinstance(arg, Carried) and arg.groups == self._taken[part]
            else self._stacked(part, arg.tree if isinstance(arg, Carried) else arg)
            for part, arg in enumerate(map(settled, args))
        ]
        given = [iter(arrays) for arrays in held]
        results = run(*(next(given[part]) for part in self._arguments))
        return self._assembled(results)

    # From trees to the program's arguments, and from its results to trees

    def _stacked(self, part: int, tree: Any) -> list[Any]:
        """A plain argument as the rolled program takes it."""
        return stacked(self._taken[part], [as_array(leaf) for leaf in jax.tree.leaves(tree)])

    def _assembled(self, results: Sequence[Any]) -> Any:
        """The trees of the results; inside of a trace, which compares trees, plain ones."""
        if not self._carry:
            return jax.tree.unflatten(self._out_tree, results)
        by_part: list[list[Any]] = [[] for _ in self._out_trees]
        for part, result in zip(self._results, results, strict=True):
            by_part[part].append(result)
        carried = 0 if any(map(jax_compat.is_tracer, results)) else self._carry
        values = [
            Carried(self._returned[part], self._signatures[part], arrays, partial(self._read, part))
            if part < carried and not jax.tree_util.treedef_is_leaf(self._out_trees[part])
            else self._read(part, arrays)
            for part, arrays in enumerate(by_part)
        ]
        return values[0] if self._out_trees[0] == self._out_tree else _filled(self._out_tree, values)

    def _read(self, part: int, arrays: Sequence[Any]) -> Any:
        """The tree of one result, from the rolled program's results that belong to it."""
        return jax.tree.unflatten(self._out_trees[part], unstacked(self._returned[part], arrays))

    def _part_of(self, position: int, starts: Sequence[int]) -> int:
        return max(part for part, start in enumerate(starts) if start <= position)


def _by_part(groups: Sequence[Group], parts: Sequence[int], starts: Sequence[int]) -> list[tuple[Group, ...]]:
    """The groups of each part, by positions among its own leaves."""
    own: list[list[Group]] = [[] for _ in starts]
    for group, part in zip(groups, parts, strict=True):
        own[part].append(tuple(position - starts[part] for position in group))
    return list(map(tuple, own))


def _starts(trees: Sequence[Any]) -> list[int]:
    starts = [0]
    for tree in trees:
        starts.append(starts[-1] + tree.num_leaves)
    return starts[:-1] or [0]


def _filled(tree: Any, children: Sequence[Any]) -> Any:
    """The node at the root of the tree, of these children."""
    root = jax.tree.unflatten(tree, [0] * tree.num_leaves)
    spine = jax.tree.structure(root, is_leaf=lambda node: node is not root)
    return jax.tree.unflatten(spine, children)
