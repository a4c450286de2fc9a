"""What is inferred of shapes before anything runs is what numpy finds, whatever the sizes are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stablelift.frontend.language.shapes import (
    Mismatch,
    Rest,
    agree,
    broadcast,
    matmul,
    reduce,
    substitute,
    unify,
)

SIZES = {"a": 2, "b": 3, "c": 5}
sizes = st.sampled_from(["a", "b", 1, 7])
rests = {"r": (4, 6), "s": ()}
rest = st.sampled_from(["r", "s", None])
with_rest = st.tuples(st.lists(sizes, max_size=2), rest, st.lists(sizes, max_size=3))
shapes = with_rest.map(lambda parts: (*parts[0], *([Rest(parts[1])] if parts[1] else []), *parts[2]))
SETTINGS = {**SIZES, **rests}


def concrete(shape):
    return substitute(shape, SETTINGS)


def agrees_with_numpy(infer, compute):
    """`infer` may know nothing; what it knows must hold, and what it refuses must fail."""
    try:
        inferred = infer()
    except Mismatch:
        try:
            compute()
        except ValueError:
            return
        raise
    if inferred is None:
        return
    try:
        found = compute()
    except ValueError:
        # Not every mistake is seen before the sizes are known.
        return
    expected = concrete(inferred)
    assert expected is not None and len(expected) == len(found)
    assert all(size is None or size == other for size, other in zip(expected, found, strict=True))


@given(shapes, shapes)
def test_broadcast(left, right):
    agrees_with_numpy(
        lambda: broadcast(left, right), lambda: np.broadcast_shapes(concrete(left), concrete(right))
    )


@given(shapes, shapes)
def test_matmul(left, right):
    agrees_with_numpy(
        lambda: matmul(left, right), lambda: (np.zeros(concrete(left)) @ np.zeros(concrete(right))).shape
    )


@given(shapes, st.lists(st.integers(-3, 3), max_size=2, unique=True), st.booleans())
def test_reduce(shape, axes, keepdims):
    agrees_with_numpy(
        lambda: reduce(shape, tuple(axes), keepdims),
        lambda: np.sum(np.zeros(concrete(shape)), axis=tuple(axes), keepdims=keepdims).shape,
    )


@given(shapes)
def test_every_shape_agrees_with_itself_and_what_it_stands_for(shape):
    assert agree(shape, shape)
    bound = {}
    found = concrete(shape)
    unify(shape, found, bound)
    assert substitute(shape, bound) == found


@given(shapes, shapes)
def test_unify_refuses_only_what_cannot_be(pattern, found):
    bound = {}
    try:
        unify(pattern, found, bound)
    except Mismatch:
        assert concrete(pattern) != concrete(found)
        return
    for name, size in bound.items():
        assert isinstance(size, tuple) or size is None or isinstance(size, (str, int)), name
