"""cond and switch: one of several functions of a Module, chosen while the program runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from stablelift.errors import LiftArgumentError, LiftTypeError
from stablelift.frontend import functional
from stablelift.frontend.calling import function_name
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.carry import type_text
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import lift_directly


def cond(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    mdl: Any,
    *operands: Any,
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """`true_fun(mdl, *operands)` where `pred` holds, else `false_fun(mdl, *operands)`.

    Both are traced, `true_fun` first. They return the same types and create the same variables.
    Raises: LiftTypeError if they do not.
    """

    def run(call: Any, *args: Any, **kwargs: Any) -> Any:
        lifted = cond_scopes(pred, *call.bodies, variables=variables, rngs=rngs)
        return lifted(call.scopes, *args, **kwargs)

    return lift_directly("cond", run, (true_fun, false_fun), mdl, operands)


def switch(
    index: Any,
    branches: Sequence[Callable[..., Any]],
    mdl: Any,
    *operands: Any,
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """The branch at `index`, which is clamped to the range, applied to `(mdl, *operands)`.

    All are traced, in order. They return the same types and create the same variables.
    Raises: LiftTypeError if they do not, LiftArgumentError without a branch.
    """
    if not branches:
        raise LiftArgumentError("`switch` wants at least one branch, found none")

    def run(call: Any, *args: Any, **kwargs: Any) -> Any:
        lifted = switch_scopes(index, call.bodies, variables=variables, rngs=rngs)
        return lifted(call.scopes, *args, **kwargs)

    return lift_directly("switch", run, tuple(branches), mdl, operands)


def cond_scopes(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    *,
    variables: Filter = True,
    rngs: Filter = True,
) -> Callable[..., Any]:
    """The same for functions of `(scopes, *operands)`, as a function of them."""

    def chosen(branches: list[Callable[..., Any]], *operands: Any) -> Any:
        return functional.cond(pred, *branches, *operands)

    return _branching("cond", chosen, (true_fun, false_fun), variables, rngs)


def switch_scopes(
    index: Any, branches: Sequence[Callable[..., Any]], *, variables: Filter = True, rngs: Filter = True
) -> Callable[..., Any]:
    """The same for functions of `(scopes, *operands)`, as a function of them."""

    def chosen(functions: list[Callable[..., Any]], *operands: Any) -> Any:
        return functional.switch(index, functions, *operands)

    return _branching("switch", chosen, branches, variables, rngs)


def _branching(
    name: str, choose: Callable[..., Any], branches: Sequence[Callable[..., Any]], variables: Any, rngs: Any
) -> Callable[..., Any]:
    def branching(packed: Packed, *operands: Any) -> tuple[Any, Groups]:
        check_arrays(name, packed, operands)
        results = _Results(name, packed)

        def pure(branch: Callable[..., Any]) -> Callable[..., Any]:
            def run(variable_groups: Groups, rng_groups: Groups, *operands: Any) -> tuple[Any, Groups]:
                value, written = packed.run(branch, variable_groups, rng_groups, *operands)
                results.compare(function_name(branch), value, written[0])
                return value, written

            run.__name__ = function_name(branch)
            return run

        return choose([*map(pure, branches)], packed.variable_groups, packed.rng_groups, *operands)

    return pack(branching, (variables,), (variables,), (rngs,), name)


class _Results:
    """What the first branch returned and wrote, to compare the others with."""

    def __init__(self, lift: str, packed: Packed):
        self._paths = ["/".join(root.path) for root in packed.roots]
        self._what = f"the branches of `{lift}` in `{packed.path_text}`"
        self._first: tuple[str, dict[str, str], dict[str, str], Any] | None = None

    def compare(self, branch: str, value: Any, written: tuple[dict[str, Any], ...]) -> None:
        """Raises: LiftTypeError if this branch differs from the first in variables, structure or types."""
        by_path = written[0] if len(written) == 1 else dict(zip(self._paths, written, strict=True))
        found = branch, _types(by_path), _types(value), jax.tree_util.tree_structure(value)
        if self._first is None:
            self._first = found
            return
        first, variables, values, structure = self._first
        for kind, expected, types in (("variables", variables, found[1]), ("values", values, found[2])):
            details = [
                f"{place}: {expected.get(place, 'nothing')} from `{first}`, "
                f"{types.get(place, 'nothing')} from `{branch}`"
                for place in sorted(expected.keys() | types.keys())
                if expected.get(place) != types.get(place)
            ]
            if details:
                hint = (
                    "run all branches once when initialising, or create the variables before"
                    if kind == "variables"
                    else "convert the results to the same types"
                )
                raise LiftTypeError(f"{self._what} leave different {kind}", *details, hint=hint)
        if structure != found[3]:
            raise LiftTypeError(
                f"{self._what} return different structures",
                f"`{first}`: {structure}",
                f"`{branch}`: {found[3]}",
            )


def _types(tree: Any) -> dict[str, str]:
    """The type of each leaf, by its place."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        jax.tree_util.keystr(path, simple=True, separator="/") or "value": type_text(leaf)
        for path, leaf in leaves
    }
