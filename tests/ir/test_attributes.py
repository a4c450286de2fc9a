"""Attributes of lift ops come back as the Python values they were made from, and wrong kinds are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift.ir.attributes import decode, encode
from stablelift.ir.mlir import context, ir

pytestmark = pytest.mark.smoke

integers = st.integers(-(2**63), 2**63 - 1)
names = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=8)


def tuples(of):
    return st.lists(of, max_size=4).map(tuple)


KINDS = {
    "i64": integers,
    "bool": st.booleans(),
    "string": names,
    "strings": tuples(names),
    "symbol": names,
    "symbols": tuples(names),
    "indices": tuples(integers),
    "axes": tuples(st.none() | integers),
    "pairs": tuples(st.tuples(integers, integers)),
}


@pytest.mark.parametrize("optional", ["", "?"])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_round_trip(kind, optional, data):
    value = data.draw(KINDS[kind])
    with context():
        assert decode(kind + optional, ir.Attribute.parse(str(encode(kind + optional, value)))) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("i64", '"3"'),
        ("bool", "1 : i64"),
        ("string", "@f"),
        ("symbol", '"f"'),
        ("symbols", "@f"),
        ("indices", "[0, unit]"),
        ("axes", "[0, true]"),
        ("pairs", "[0, 1]"),
        ("strings", "dense<0> : tensor<1xi64>"),
    ],
)
def test_wrong_kind(kind, text):
    with context(), pytest.raises(TypeError):
        decode(kind, ir.Attribute.parse(text))
