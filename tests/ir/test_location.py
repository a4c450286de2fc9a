"""The user's place, read off the forms that locations have."""

import pytest

from stablelift.ir.location import error_at, where
from stablelift.ir.mlir import context, parse, walk

pytestmark = pytest.mark.smoke


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("loc(unknown)", None),
        ('loc("only a name")', None),
        ('loc("model.py":12:9)', "model.py:12:9"),
        ('loc("jit(f)/dot"("model.py":12:9))', "model.py:12:9"),
        ('loc(callsite("inner.py":3:1 at "outer.py":7:2))', "inner.py:3:1"),
        ('loc("f"(callsite("g"("inner.py":3:1) at "outer.py":7:2)))', "inner.py:3:1"),
        ('loc(fused["first.py":1:2, "second.py":3:4])', "first.py:1:2"),
        ('loc("a folder/my \\"model\\".py":4:5)', 'a folder/my "model".py:4:5'),
        ('loc("mod\u00e8le\\\\.py":4:5)', "mod\u00e8le\\.py:4:5"),
        ('loc("model.py":12:9 to :14)', "model.py:12:10"),  # JAX's, whose columns begin at zero
    ],
)
def test_where(location, place):
    with context() as ctx:
        module = parse(f"module {{}} {location}", ctx)
        assert where(module.operation.location) == place


def error_text(location, hint=None):
    text = f"""
    func.func @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {{
      %0 = stablehlo.add %x, %y : tensor<3xf32> loc({location})
      return %0 : tensor<3xf32>
    }}"""
    with context() as ctx:
        module = parse(text, ctx)
        (op,) = [op for op in walk(module.operation) if op.operation.name == "stablehlo.add"]
        return str(error_at(op, "no luck with `stablehlo.add`", hint=hint))


def test_error_with_a_place_and_a_hint():
    assert error_text('"model.py":12:9', "ask again") == (
        "model.py:12:9: error: no luck with `stablehlo.add`\n"
        "  op: stablehlo.add : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)\n"
        "  hint: ask again"
    )


def test_error_without():
    assert error_text("unknown") == (
        "error: no luck with `stablehlo.add`\n"
        "  op: stablehlo.add : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)"
    )
