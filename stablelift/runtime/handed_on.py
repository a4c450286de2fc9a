"""Which arguments of a function are donated, and which its results take the place of in the next call."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import jax

from stablelift.lowering.jax_compat import TreeDef
from stablelift.runtime.arguments import places
from stablelift.runtime.program import Program
from stablelift.runtime.types import spelled


def donated_arguments(
    program: Program, donate: bool | int | Sequence[int], carry: int | None, positional: int
) -> tuple[int, ...]:
    """The positions that `donate` means: itself, or for True those of what is carried.

    Only the `positional` leading arguments are given by position.
    """
    if isinstance(donate, bool):
        count = returned_arguments(program, range(positional)) if carry is None else carry
        return tuple(range(count)) if donate else ()
    positions = (donate,) if isinstance(donate, int) else tuple(donate)
    return tuple(position for position in positions if position < positional)


def returned_arguments(program: Program, among: Collection[int]) -> int:
    """How many leading arguments, all `among` these, have the tree and types of the result at their place."""
    ins, outs = program.in_tree.children(), results_of(program)
    root = program.out_tree.node_data()
    if outs[:1] != [program.out_tree] and (root is None or root[0] not in (tuple, list)):
        return 0
    leaves = 0
    for part, (taken, returned) in enumerate(zip(ins, outs, strict=False)):
        span = slice(leaves, leaves + taken.num_leaves)
        pairs = zip(program.in_avals[span], program.out_avals[span], strict=False)
        same = all((one.shape, one.dtype) == (other.shape, other.dtype) for one, other in pairs)
        if part not in among or taken != returned or not same:
            return part
        leaves = span.stop
    return min(len(ins), len(outs))


def results_of(program: Program) -> list[TreeDef]:
    """The trees of the results: the children of what is returned, or itself in the first argument's place."""
    tree = program.out_tree
    return [tree] if tree in program.in_tree.children()[:1] else tree.children()


def check_state(program: Program, carry: int, keywords: Sequence[str] = ()) -> None:
    """Raise a ValueError unless the leading results have the trees and types of the leading arguments.

    Where there are `keywords`, the last argument is a dict of them, which is not carried.
    """
    ins, outs = program.in_tree.children(), results_of(program)
    if keywords and carry >= len(ins):
        raise ValueError(
            f"carry: expected the {carry} leading arguments of `{program.name}` by position, found "
            f"{len(ins) - 1} beside {', '.join(keywords)}"
        )
    if carry > len(ins) or carry > len(outs):
        raise ValueError(
            f"carry: expected at most {min(len(ins), len(outs))} for `{program.name}`, which takes "
            f"{len(ins)} arguments and returns {len(outs)} results, found {carry}"
        )
    for part in range(carry):
        if ins[part] != outs[part]:
            raise ValueError(
                f"carry: result {part} of `{program.name}` cannot take the place of argument {part}\n"
                f"  argument: {ins[part]}\n  result: {outs[part]}"
            )
    count = sum(tree.num_leaves for tree in ins[:carry])
    pairs = zip(program.in_avals[:count], program.out_avals[:count], strict=True)
    for index, (taken, returned) in enumerate(pairs):
        if (taken.shape, taken.dtype) != (returned.shape, returned.dtype):
            args = jax.tree.unflatten(program.in_tree, program.in_avals)
            raise ValueError(
                f"carry: {places(args)[index]} of `{program.name}` is {spelled(taken)} when taken and "
                f"{spelled(returned)} when returned; they must have one shape and dtype"
            )
