// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The positions are sorted along, and say where each cotangent belongs: the sort is not done twice.
func.func public @forward(%x: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "stablehlo.sort"(%x) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %p = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
  }) {dimension = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[SORT:.*]]:2 = "stablehlo.sort"(%[[X]], %[[IOTA]]) <{dimension = 0
// CHECK:           stablehlo.compare LT,
// CHECK:           stablehlo.return
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[SORT]]#1
// CHECK:         %[[GATHER:.*]] = "stablehlo.gather"(%[[DX]], %[[RESHAPE]]) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}>
// CHECK-NEXT:    return %[[GATHER]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[SORT:.*]]:2 = "stablehlo.sort"(%[[X]], %[[IOTA]]) <{dimension = 0
// CHECK:           stablehlo.compare LT,
// CHECK:           stablehlo.return
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[SORT]]#1
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[ZERO]], %[[RESHAPE]], %[[CT]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}>
// CHECK:           stablehlo.return
// CHECK:         return %[[SCATTER]]
