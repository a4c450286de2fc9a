"""Ops whose shapes are operands, here of types that say them, so that a loop can be the oracle."""

from __future__ import annotations

from tests.passes.batching.cases import Case

OPEN: dict[str, list[Case]] = {}
"""The cases by the op that they witness."""


def add(op: str, arguments: str, sizes: tuple[str, ...], attributes: str, result: str) -> None:
    """A case of an op on arguments of types such as `2xf32 3xi32`, and behind them on sizes: `("2, 3",)`."""
    types = arguments.split()
    names = [f"%x{index}" for index in range(len(types))]
    given = ", ".join(f"{name}: tensor<{type}>" for name, type in zip(names, types, strict=True))
    lines = [f"func.func public @main({given}) -> tensor<{result}> {{"]
    for index, values in enumerate(sizes):
        type = f"{len(values.split(','))}xi32"
        lines.append(f"  %s{index} = stablehlo.constant dense<[{values}]> : tensor<{type}>")
        names.append(f"%s{index}")
        types.append(type)
    signature = ", ".join(f"tensor<{type}>" for type in types)
    lines.append(f'  %y = "{op}"({", ".join(names)}) {{{attributes}}} : ({signature}) -> tensor<{result}>')
    source = "\n".join([*lines, f"  return %y : tensor<{result}>", "}"])
    OPEN.setdefault(op, []).append(Case(source, tuple(arguments.split())))


add("stablehlo.dynamic_reshape", "2x3xf32", ("3, 2",), "", "3x2xf32")
add(
    "stablehlo.dynamic_broadcast_in_dim",
    "3xf32",
    ("2, 3",),
    "broadcast_dimensions = array<i64: 1>, known_nonexpanding_dimensions = array<i64: 0>",
    "2x3xf32",
)
add("stablehlo.dynamic_pad", "2x3xf32 f32", ("1, 0", "0, 2", "1, 0"), "", "4x5xf32")
add("stablehlo.real_dynamic_slice", "4x5xf32", ("1, 0", "4, 5", "2, 1"), "", "2x5xf32")
add("stablehlo.get_dimension_size", "2x3xf32", (), "dimension = 1 : i64", "i32")
add(
    "stablehlo.dynamic_gather",
    "4x3xf32 2x1xi32",
    ("1, 3",),
    "dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], "
    "start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false",
    "2x3xf32",
)
