"""For every op that lift-legalize writes as others: a function that holds it, as text, and its types."""

from __future__ import annotations

from tests.passes.batching.cases import Case, one_op

LEGALIZABLE: dict[str, Case] = {}
"""The case of each op."""


def add(op: str, source: str, *types: str) -> None:
    LEGALIZABLE[f"stablehlo.{op}"] = Case(source, types)


def one(op: str, types: tuple[str, ...], result: str, attributes: str = "") -> None:
    add(op, one_op(f"stablehlo.{op}", types, result, attributes), *types)


def sized(op: str, types: tuple[str, ...], sizes: str, result: str, attributes: str = "") -> None:
    """An op whose last operands are constants."""
    constants = [part.split(":") for part in sizes.replace(" ", "").split(";")]
    names = [f"%x{index}" for index in range(len(types))] + [f"%c{index}" for index in range(len(constants))]
    spelled = [f"tensor<{type}>" for type in [*types, *(type for _, type in constants)]]
    arguments = ", ".join(f"%x{index}: tensor<{type}>" for index, type in enumerate(types))
    lines = [
        f"  %c{index} = stablehlo.constant dense<{value}> : tensor<{type}>"
        for index, (value, type) in enumerate(constants)
    ]
    lines.append(
        f'  %y = "stablehlo.{op}"({", ".join(names)}) {{{attributes}}} '
        f": ({', '.join(spelled)}) -> tensor<{result}>"
    )
    lines = [f"func.func public @main({arguments}) -> tensor<{result}> {{", *lines]
    lines += [f"  return %y : tensor<{result}>", "}"]
    add(op, "\n".join(lines), *types)


sized("dynamic_reshape", ("3x4xf32",), "[2, 6]: 2xi32", "2x6xf32")
sized(
    "dynamic_broadcast_in_dim",
    ("3x1xf32",),
    "[3, 2, 4]: 3xi32",
    "3x2x4xf32",
    "broadcast_dimensions = array<i64: 0, 2>",
)
sized("dynamic_pad", ("2x3xf32", "f32"), "[1, 0]: 2xi64; [0, 2]: 2xi64; [1, 0]: 2xi64", "4x5xf32")
sized("real_dynamic_slice", ("4x5xf32",), "[1, 0]: 2xi32; [3, 4]: 2xi32; [1, 2]: 2xi32", "2x2xf32")
sized(
    "dynamic_gather",
    ("3x4x2xf32", "2x3x2xi32"),
    "[1, 2, 2]: 3xi32",
    "2x3x2x2xf32",
    "dimension_numbers = #stablehlo.gather<offset_dims = [2, 3], collapsed_slice_dims = [0], "
    "start_index_map = [1, 0], index_vector_dim = 2>",
)
sized(
    "dynamic_conv",
    ("2x5x6x3xf32", "2x3x3x4xf32"),
    "[[0, 1], [1, 0]]: 2x2xi32",
    "2x5x5x4xf32",
    "dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, "
    "feature_group_count = 1 : i64, batch_group_count = 1 : i64",
)
add(
    "dynamic_iota",
    """
    func.func public @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %shape = stablehlo.constant dense<[2, 3]> : tensor<2xi32>
      %0 = stablehlo.dynamic_iota %shape, dim = 1 : (tensor<2xi32>) -> tensor<2x3xf32>
      %1 = stablehlo.add %x, %0 : tensor<2x3xf32>
      return %1 : tensor<2x3xf32>
    }""",
    "2x3xf32",
)
add(
    "get_dimension_size",
    """
    func.func public @main(%x: tensor<2x3xi32>) -> tensor<i32> {
      %0 = stablehlo.get_dimension_size %x, dim = 1 : (tensor<2x3xi32>) -> tensor<i32>
      return %0 : tensor<i32>
    }""",
    "2x3xi32",
)

one("broadcast", ("3xf32",), "1x2x3xf32", "broadcast_sizes = array<i64: 1, 2>")
one("dot", ("2x3xf32", "3xf32"), "2xf32")
one("cross-replica-sum", ("2x3xf32",), "2x3xf32", "replica_groups = dense<0> : tensor<1x1xi64>")
one("einsum", ("2x3x4xf32", "4x2x5xf32"), "5x2x3xf32", 'einsum_config = "aij,jak->kai"')
one("unary_einsum", ("2x3x4xf32",), "4x2xf32", 'einsum_config = "aij->ja"')
one("torch_index_select", ("3x5x4xf32", "3x2xi32"), "3x2x4xf32", "batch_dims = 1 : i64, dim = 1 : i64")
add(
    "get_tuple_element",
    """
    func.func public @main(%x: tensor<f32>, %y: tensor<2xf32>) -> tensor<2xf32> {
      %0 = stablehlo.tuple %x, %y : tuple<tensor<f32>, tensor<2xf32>>
      %1 = stablehlo.get_tuple_element %0[1] : (tuple<tensor<f32>, tensor<2xf32>>) -> tensor<2xf32>
      return %1 : tensor<2xf32>
    }""",
    "f32",
    "2xf32",
)
one("custom_call", ("2x3xf32",), "2x3xf32", 'call_target_name = "mhlo.erf"')
add(
    "composite",
    """
    func.func public @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %0 = stablehlo.composite "chlo.erf" %x {decomposition = @impl} : (tensor<2x3xf32>) -> tensor<2x3xf32>
      return %0 : tensor<2x3xf32>
    }
    func.func private @impl(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %0 = chlo.erf %x : tensor<2x3xf32> -> tensor<2x3xf32>
      return %0 : tensor<2x3xf32>
    }""",
    "2x3xf32",
)
add(
    "create_token",
    """
    func.func public @main(%x: tensor<f32>) -> tensor<f32> {
      %0 = "stablehlo.create_token"() : () -> !stablehlo.token
      %1 = stablehlo.after_all %0, %0 : !stablehlo.token
      %2:2 = stablehlo.optimization_barrier %x, %1 : tensor<f32>, !stablehlo.token
      return %2#0 : tensor<f32>
    }""",
    "f32",
)


def ragged(numbers: str, types: tuple[str, ...], result: str) -> None:
    attributes = f"ragged_dot_dimension_numbers = #chlo.ragged_dot<{numbers}>"
    LEGALIZABLE["chlo.ragged_dot"] = Case(one_op("chlo.ragged_dot", types, result, attributes), types)


ragged(
    "lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], "
    "rhs_group_dimensions = [0]",
    ("11x3xf32", "2x3x4xf32", "2xi32"),
    "11x4xf32",
)


def broadcasting(names: str, types: tuple[str, ...], result: str, attributes: str = "") -> None:
    for name in names.split():
        op = f"chlo.broadcast_{name}"
        LEGALIZABLE[op] = Case(one_op(op, types, result, attributes), types)


F, INT = ("2x3xf32", "3xf32"), ("2x3xi32", "3xi32")

broadcasting("add divide maximum minimum multiply next_after power remainder subtract", F, "2x3xf32")
broadcasting("atan2 polygamma zeta", ("1x3xf32", "2x1xf32"), "2x3xf32")
broadcasting("and or xor shift_left shift_right_arithmetic shift_right_logical", INT, "2x3xi32")
broadcasting("complex", ("3xf32", "2x3xf32"), "2x3xcomplex<f32>", "broadcast_dimensions = array<i64: 1>")
broadcasting("select", ("2x3xi1", "f32", "3xf32"), "2x3xf32")
broadcasting(
    "compare",
    F,
    "2x3xi1",
    "comparison_direction = #chlo<comparison_direction LT>, compare_type = #chlo<comparison_type FLOAT>",
)
