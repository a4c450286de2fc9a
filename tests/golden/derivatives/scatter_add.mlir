// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A scatter drops what falls outside and a gather clamps: the updates' cotangent is masked.
func.func public @forward(%x0: tensor<5xf32>, %x1: tensor<3x1xi32>, %x2: tensor<3xf32>, %d0: tensor<5xf32>, %d1: tensor<3xf32>) -> tensor<5xf32> {
  %y:2 = "lift.jvp"(%x0, %x1, %x2, %d0, %d1) {callee = @f, wrt = [0, 2], of = [0]}
       : (tensor<5xf32>, tensor<3x1xi32>, tensor<3xf32>, tensor<5xf32>, tensor<3xf32>) -> (tensor<5xf32>, tensor<5xf32>)
  return %y#1 : tensor<5xf32>
}
func.func public @reverse(%x0: tensor<5xf32>, %x1: tensor<3x1xi32>, %x2: tensor<3xf32>, %ct: tensor<5xf32>) -> (tensor<5xf32>, tensor<3xf32>) {
  %y:3 = "lift.vjp"(%x0, %x1, %x2, %ct) {callee = @f, wrt = [0, 2], of = [0]}
       : (tensor<5xf32>, tensor<3x1xi32>, tensor<3xf32>, tensor<5xf32>) -> (tensor<5xf32>, tensor<5xf32>, tensor<3xf32>)
  return %y#1, %y#2 : tensor<5xf32>, tensor<3xf32>
}
func.func private @f(%x0: tensor<5xf32>, %x1: tensor<3x1xi32>, %x2: tensor<3xf32>) -> tensor<5xf32> {
  %y = "stablehlo.scatter"(%x0, %x1, %x2) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
  }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}
    : (tensor<5xf32>, tensor<3x1xi32>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<5xf32>, %[[X1:.*]]: tensor<3x1xi32>, %[[X2:.*]]: tensor<3xf32>, %[[DX0:.*]]: tensor<5xf32>, %[[DX1:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[ZERO]], %[[X1]], %[[DX1]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[DX0]], %[[SCATTER]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<5xf32>, %[[X1:.*]]: tensor<3x1xi32>, %[[X2:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<5xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<true> : tensor<i1>
// CHECK-DAG:     %[[C2:.*]] = stablehlo.constant dense<4> : tensor<1xi32>
// CHECK-DAG:     %[[ZEROS:.*]] = stablehlo.constant dense<0> : tensor<3x1xi32>
// CHECK:         %[[GATHER:.*]] = "stablehlo.gather"(%[[CT]], %[[X1]]) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}>
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %[[X1]], %[[ZEROS]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[C2]], dims = [1]
// CHECK:         %[[COMPARE2:.*]] = stablehlo.compare LE, %[[X1]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[COMPARE]], %[[COMPARE2]]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[AND]] init: %[[C]]) applies stablehlo.and across dimensions = [1]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[REDUCE]], %[[GATHER]], %[[ZERO]]
// CHECK-NEXT:    return %[[CT]], %[[SELECT]]
