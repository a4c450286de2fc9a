"""`leafwise`: an optimiser whose update is traced once for each kind of leaf, instead of for each leaf.

A deep model has hundreds of parameters of a few shapes. `optimiser.update` spells its arithmetic out for
every one of them, and tracing that takes longer than tracing the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from stablelift.frontend.leafwise.separable import State, require_separable
from stablelift.frontend.leafwise.somewhere import Somewhere


def leafwise(optimiser: Any) -> Any:
    """`optimiser`, updating equal leaves by one function that is traced once; state and results are the same.

    For `stablelift.compile`, which compiles equal calls once and rolls them with the layers; it works under
    `jax.jit` and outside of traces as well.

    Args:
      optimiser: A gradient transformation as in optax: a named tuple of functions `init(params)` and
        `update(updates, state, params=None, **extra)`. What becomes of a leaf may depend on the leaf's own
        update, parameter and state, on their types, and on what all leaves share (step counts, `extra`): as
        in `adam`, `sgd`, `lion`, `adafactor`. Chain what looks at all leaves in front of it:
        `optax.chain(optax.clip_by_global_norm(1.0), leafwise(optax.adam(1e-3)))`.

    Raises:
      TypeError: `optimiser` is no such named tuple.
      ValueError: At the first update: what becomes of a leaf depends on other leaves, on how many there are,
        or on where in the tree the leaf is (a mask or labels by path). What depends on the number of a layer
        alone is not seen.
    """
    if not all(hasattr(optimiser, name) for name in ("init", "update", "_replace")):
        raise TypeError(
            "leafwise: expected a gradient transformation, a named tuple of `init` and `update`, found "
            f"{optimiser!r}"
        )
    form: State | None = None
    checked: set[tuple[Any, bool]] = set()

    @jax.jit
    def of_leaf(update: Any, state: Sequence[Any], param: Any, extra: dict[str, Any]) -> Any:
        assert form is not None
        before = form.joined(
            [Somewhere([part]) if own else part for part, own in zip(state, form.is_own, strict=True)]
        )
        given = None if param is None else Somewhere([param])
        new, after = optimiser.update(Somewhere([update]), before, given, **extra)
        parts = zip(form.parts(after), form.is_own, strict=True)
        return new.values[0], [part.values[0] if own else part for part, own in parts]

    def updated(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        nonlocal form
        leaves, tree = jax.tree.flatten(updates)
        if len(leaves) < 2:
            return optimiser.update(updates, state, params, **extra)
        if (tree, params is None) not in checked:
            form = require_separable(optimiser, updates, params is not None, extra)
            checked.add((tree, params is None))
        assert form is not None
        columns = [
            tree.flatten_up_to(part) if own else [part] * len(leaves)
            for part, own in zip(form.parts(state), form.is_own, strict=True)
        ]
        given = [None] * len(leaves) if params is None else tree.flatten_up_to(params)
        results = [
            of_leaf(leaf, [column[index] for column in columns], given[index], extra)
            for index, leaf in enumerate(leaves)
        ]
        made = zip(*(parts for _, parts in results), strict=True)
        after = [
            jax.tree.unflatten(tree, column) if own else column[0]
            for column, own in zip(made, form.is_own, strict=True)
        ]
        return jax.tree.unflatten(tree, [new for new, _ in results]), form.joined(after)

    return optimiser._replace(update=updated)
