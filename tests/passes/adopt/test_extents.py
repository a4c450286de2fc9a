"""Ops that compute with sizes in other dialects compute the same as StableHLO."""

import re

import jax
import numpy as np

from stablelift.passes.adopt.extents import RULES
from stablelift.runtime.load import load_bytes

# By op: ops that compute %r, an index, from %c2, %c3, %c7 : index, %i : i64 (5), %x : tensor<2x3xf32>; its
# value.
CASES = {
    "arith.constant": ("%r = arith.constant 4 : index", 4),
    "index.constant": ('%r = "index.constant"() {value = 4 : index} : () -> index', 4),
    "shape.const_size": (
        "%s = shape.const_size 4\n %r = shape.size_to_index %s : !shape.size",
        4,
    ),
    "shape.const_shape": (
        "%s = shape.const_shape [4, 6] : tensor<2xindex>\n"
        " %r = tensor.extract %s[%c1] : tensor<2xindex>",
        6,
    ),
    "shape.shape_of": (
        "%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n"
        " %r = tensor.extract %s[%c1] : tensor<2xindex>",
        3,
    ),
    "shape.broadcast": (
        "%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n"
        " %t = shape.const_shape [7, 1, 3] : tensor<3xindex>\n"
        " %u = shape.broadcast %s, %t : tensor<2xindex>, tensor<3xindex> -> tensor<3xindex>\n"
        " %r = shape.num_elements %u : tensor<3xindex> -> index",
        42,
    ),
    "shape.num_elements": (
        "%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n"
        " %r = shape.num_elements %s : tensor<2xindex> -> index",
        6,
    ),
    "shape.get_extent": (
        "%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n"
        " %r = shape.get_extent %s, %c1 : tensor<2xindex>, index -> index",
        3,
    ),
    "shape.rank": (
        "%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n"
        " %r = shape.rank %s : tensor<2xindex> -> index",
        2,
    ),
    "shape.concat": (
        '%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n'
        ' %t = "shape.concat"(%s, %s) : (tensor<2xindex>, tensor<2xindex>) -> tensor<4xindex>\n'
        " %r = shape.num_elements %t : tensor<4xindex> -> index",
        36,
    ),
    "shape.from_extents": (
        "%s = shape.from_extents %c2, %c7 : index, index\n"
        " %t = shape.to_extent_tensor %s : !shape.shape -> tensor<2xindex>\n"
        " %r = shape.num_elements %t : tensor<2xindex> -> index",
        14,
    ),
    "tensor.dim": ("%r = tensor.dim %x, %c1 : tensor<2x3xf32>", 3),
    "tensor.from_elements": (
        "%s = tensor.from_elements %c2, %c7 : tensor<2xindex>\n"
        " %r = tensor.extract %s[%c1] : tensor<2xindex>",
        7,
    ),
    "tensor.extract": (
        "%s = stablehlo.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>\n"
        " %t = tensor.extract %s[%c1, %c0] : tensor<2x2xi64>\n"
        " %r = arith.index_cast %t : i64 to index",
        3,
    ),
    "arith.select": (
        "%s = arith.cmpi slt, %c2, %c7 : index\n %r = arith.select %s, %c7, %c2 : index",
        7,
    ),
    "arith.cmpi": (
        "%s = arith.cmpi uge, %c2, %c7 : index\n %r = arith.select %s, %c7, %c2 : index",
        2,
    ),
    "arith.index_castui": ("%r = arith.index_castui %i : i64 to index", 5),
    "arith.index_cast": ("%r = arith.index_cast %i : i64 to index", 5),
    "arith.trunci": ("%s = arith.trunci %i : i64 to i8\n %r = arith.index_cast %s : i8 to index", 5),
    "arith.extsi": (
        "%s = arith.trunci %i : i64 to i8\n %t = arith.extsi %s : i8 to i64\n"
        " %r = arith.index_cast %t : i64 to index",
        5,
    ),
    "arith.extui": (
        "%s = arith.trunci %i : i64 to i8\n %t = arith.extui %s : i8 to i64\n"
        " %r = arith.index_cast %t : i64 to index",
        5,
    ),
    "tensor.cast": (
        "%s = tensor.cast %x : tensor<2x3xf32> to tensor<?x3xf32>\n"
        " %r = tensor.dim %s, %c0 : tensor<?x3xf32>",
        2,
    ),
    "shape.size_to_index": (
        "%s = shape.index_to_size %c7\n %r = shape.size_to_index %s : !shape.size",
        7,
    ),
    "shape.to_extent_tensor": (
        "%s = shape.shape_of %x : tensor<2x3xf32> -> tensor<2xindex>\n"
        " %t = shape.to_extent_tensor %s : tensor<2xindex> -> tensor<2xindex>\n"
        " %r = shape.num_elements %t : tensor<2xindex> -> index",
        6,
    ),
    **{
        f"arith.{name}": (f"%r = arith.{name} %c7, %c2 : index", value)
        for name, value in {
            "addi": 9, "subi": 5, "muli": 14, "divsi": 3, "divui": 3, "floordivsi": 3, "remsi": 1,
            "remui": 1, "maxsi": 7, "maxui": 7, "minsi": 2, "minui": 2, "andi": 2, "ori": 7, "xori": 5,
            "ceildivsi": 4, "ceildivui": 4,
        }.items()
    },
    **{
        f"arith.{name}": (
            "%f = arith.constant 7.0 : f64\n %g = arith.constant 2.0 : f64\n"
            f" %s = arith.{name} %f, %g : f64\n"
            " %t = arith.fptosi %s : f64 to i64\n %r = arith.index_cast %t : i64 to index",
            value,
        )
        for name, value in {
            "addf": 9, "subf": 5, "mulf": 14, "divf": 3, "maximumf": 7, "minimumf": 2,
        }.items()
    },
    **{
        f"arith.{name}": (
            f"%f = arith.{name} %i : i64 to f32\n %g = arith.extf %f : f32 to f64\n"
            " %h = arith.truncf %g : f64 to f32\n %s = arith.fptoui %h : f32 to i64\n"
            " %t = arith.fptosi %h : f32 to i64\n %u = arith.addi %s, %t : i64\n"
            " %r = arith.index_cast %u : i64 to index",
            10,
        )
        for name in ("sitofp", "uitofp")
    },
}  # fmt: skip

WITHIN_OTHERS = {  # these occur in a case of another
    "shape.index_to_size", "arith.extf", "arith.truncf", "arith.fptosi", "arith.fptoui",
    "shape.from_extent_tensor", "shape.value_as_shape",
}  # fmt: skip


def test_every_rule_has_a_case():
    assert set(CASES) | WITHIN_OTHERS == set(RULES)


def source(cases):
    """A function that returns a vector with the %r of each case."""
    lines = [
        "func.func @main(%x: tensor<2x3xf32>, %n: tensor<i64>) -> tensor<?xi64> {",
        *(f"  %c{number} = arith.constant {number} : index" for number in (0, 1, 2, 7)),
        "  %i = tensor.extract %n[] : tensor<i64>",
    ]
    for index, (code, _) in enumerate(cases):
        named = re.sub(r"%([rstufgh])\b", rf"%\g<1>{index}", code)
        lines += named.split("\n")
        lines.append(f"%v{index} = arith.index_cast %r{index} : index to i64")
    values = ", ".join(f"%v{index}" for index in range(len(cases)))
    lines += [f"%y = tensor.from_elements {values} : tensor<{len(cases)}xi64>"]
    lines += [f"return %y : tensor<{len(cases)}xi64>", "}"]
    return "\n".join(lines).replace("tensor<?xi64>", f"tensor<{len(cases)}xi64>")


def test_all_cases():
    """In one program, so that XLA compiles once."""
    cases = list(CASES.values())
    program = load_bytes(source(cases).encode(), "extents.mlir")
    with jax.enable_x64(True):
        found = program(np.ones((2, 3), np.float32), np.int64(5))
    expected = {name: value for name, (_, value) in CASES.items()}
    assert dict(zip(CASES, found.tolist(), strict=True)) == expected
