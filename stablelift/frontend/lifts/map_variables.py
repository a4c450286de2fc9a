"""map_variables: a Module that sees its variables through a function; and add_metadata_axis on top of it.

Nothing is traced apart: both functions run where the Module runs, and may use the Module around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stablelift.frontend import meta
from stablelift.frontend.filters import Filter, is_filter_empty, subtract_filters
from stablelift.frontend.frozen_dict import unfreeze
from stablelift.frontend.lifts.axes import In, Out
from stablelift.frontend.lifts.pack import Groups, Packed, pack
from stablelift.frontend.lifts.transform import LiftedCall, lift_transform


def _same(variables: Any) -> Any:
    return variables


def map_variables(
    target: Any,
    mapped_collections: Filter = True,
    trans_in_fn: Callable[[Any], Any] = _same,
    trans_out_fn: Callable[[Any], Any] = _same,
    init: bool = False,
    mutable: bool = False,
    rngs: Filter = True,
    variables: Filter = True,
    methods: Any = None,
) -> Any:
    """Let a Module class, or a function of a Module, see its variables transformed.

    Args:
      target: The class or function.
      mapped_collections: The collections to transform.
      trans_in_fn: From `{collection: variables}` as they are stored to what the target sees.
      trans_out_fn: The way back, for what the target created or wrote; only with `init` or `mutable`.
      init: Whether the target runs once on what is stored, to create it, before it runs on what it is to see.
      mutable: Whether the target may write the mapped collections.
      rngs: The streams that the target sees.
      variables: The other collections that it sees.
      methods: As in all lifts of classes.

    Raises: TransformTargetError.
    """
    return lift_transform(
        "map_variables",
        _make,
        target,
        methods,
        mapped_collections=mapped_collections,
        trans_in_fn=trans_in_fn,
        trans_out_fn=trans_out_fn,
        init=init,
        mutable=mutable,
        rngs=rngs,
        variables=variables,
    )


def _make(
    mapped_collections: Filter = True,
    trans_in_fn: Callable[[Any], Any] = _same,
    trans_out_fn: Callable[[Any], Any] = _same,
    **options: Any,
) -> Any:
    def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        lifted = map_variables_scopes(call.body, mapped_collections, trans_in_fn, trans_out_fn, **options)
        return lifted(call.scopes, *args, **kwargs)

    return run


def map_variables_scopes(
    fn: Callable[..., Any],
    mapped_collections: Filter,
    map_in_fn: Callable[[Any], Any] = _same,
    map_out_fn: Callable[[Any], Any] = _same,
    init: bool = False,
    mutable: bool = False,
    rngs: Filter = True,
    variables: Filter = True,
) -> Callable[..., Any]:
    """The same for `fn(scopes, *args)`, as a function of `(scopes, *args)`."""
    writes = mutable or init
    writable = True if writes else subtract_filters(True, mapped_collections)

    def mapped(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
        def run(target: Any, mutable: Filter) -> tuple[Any, Groups]:
            groups = (target, others)
            return packed.run(
                fn, groups, packed.rng_groups, *args, mutable=mutable, traced=False, **kwargs
            )

        target, others = packed.variable_groups
        if init and any(not is_filter_empty(packed.mutable(root)) for root in packed.roots):
            created = map(map_out_fn, run(target, True)[1][0])
            target = tuple({**given, **new} for given, new in zip(target, created, strict=True))
        seen = tuple(map_in_fn(unfreeze(collections)) for collections in target)
        value, (written, kept) = run(seen, writable)
        return value, (tuple(map(map_out_fn, written)) if writes else written, kept)

    into = (mapped_collections, variables)
    out_of = into if writes else (False, subtract_filters(variables, mapped_collections))
    return pack(mapped, into, out_of, (rngs,), "map_variables", enable_kwargs=True)


def add_metadata_axis(
    target: Any, variable_axes: Mapping[Any, Any] = {}, metadata_params: Mapping[Any, Any] = {}
) -> Any:
    """Let the boxes of a Module class, or a function of a Module, know of an axis that a lift will add.

    The target sees the boxes of each collection in `variable_axes` without the axis, as inside `vmap` or
    `scan`; outside they have it. Arrays stay as they are, as does a collection with axis None.
    """
    for col, axis in variable_axes.items():
        index = axis.axis if isinstance(axis, In | Out) else axis
        if index is not None:
            target = map_variables(
                target,
                col,
                trans_in_fn=lambda tree, index=index: meta.remove_axis(tree, index, metadata_params),
                trans_out_fn=lambda tree, index=index: meta.add_axis(tree, index, metadata_params),
                mutable=True,
            )
    return target
