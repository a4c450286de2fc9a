"""The attributes of lift ops as Python values, and back.

A kind names what an attribute holds: `i64`, `bool`, `string`, `strings`, `symbol` (`@f`), `symbols`,
`indices` (integers), `axes` (integers, or `unit` for "not mapped", None in Python), `pairs` and `groups` (of
positions). A kind that ends in `?` may be left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stablelift.ir.attr import i64
from stablelift.ir.mlir import ir


def _array(encode: Callable[[Any], ir.Attribute]) -> Callable[[Any], ir.Attribute]:
    return lambda values: ir.ArrayAttr.get([encode(value) for value in values])


def _axis(value: int | None) -> ir.Attribute:
    return ir.UnitAttr.get() if value is None else i64(value)


_ENCODE: dict[str, Callable[[Any], ir.Attribute]] = {
    "i64": i64,
    "bool": lambda value: ir.BoolAttr.get(value),
    "string": lambda value: ir.StringAttr.get(value),
    "strings": _array(lambda value: ir.StringAttr.get(value)),
    "symbol": lambda value: ir.FlatSymbolRefAttr.get(value),
    "symbols": _array(lambda value: ir.FlatSymbolRefAttr.get(value)),
    "indices": _array(i64),
    "axes": _array(_axis),
    "pairs": _array(_array(i64)),
    "groups": _array(_array(i64)),
}

_ITEM = {
    "strings": "string",
    "symbols": "symbol",
    "indices": "i64",
    "axes": "axis",
    "pairs": "indices",
    "groups": "indices",
}

_CLASS: dict[str, Any] = {
    "i64": ir.IntegerAttr,
    "bool": ir.BoolAttr,
    "string": ir.StringAttr,
    "symbol": ir.FlatSymbolRefAttr,
}


def encode(kind: str, value: Any) -> ir.Attribute:
    """The MLIR attribute for a Python value of `kind`."""
    return _ENCODE[kind.removesuffix("?")](value)


def decode(kind: str, attribute: ir.Attribute) -> Any:
    """The Python value of an attribute of `kind`; sequences become tuples.

    Raises:
      TypeError: The attribute is not of that kind.
    """
    kind = kind.removesuffix("?")
    if kind == "axis":
        return None if isinstance(attribute, ir.UnitAttr) else decode("i64", attribute)
    if kind in _ITEM:
        if not isinstance(attribute, ir.ArrayAttr):
            raise TypeError(kind)
        return tuple(decode(_ITEM[kind], item) for item in attribute)
    if not isinstance(attribute, _CLASS[kind]):
        raise TypeError(kind)
    return attribute.value  # type: ignore[attr-defined]
