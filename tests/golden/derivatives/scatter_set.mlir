// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Of updates at one place a single one wins: their numbers, scattered likewise, say which.
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
      stablehlo.return %b : tensor<f32>
  }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}
    : (tensor<5xf32>, tensor<3x1xi32>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<5xf32>, %[[X1:.*]]: tensor<3x1xi32>, %[[X2:.*]]: tensor<3xf32>, %[[DX0:.*]]: tensor<5xf32>, %[[DX1:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK-DAG:     %[[ZERO2:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK-DAG:     %[[ZEROS:.*]] = stablehlo.constant dense<0> : tensor<3xui32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<true> : tensor<i1>
// CHECK-DAG:     %[[C2:.*]] = stablehlo.constant dense<4> : tensor<1xi32>
// CHECK-DAG:     %[[ZEROS2:.*]] = stablehlo.constant dense<0> : tensor<3x1xi32>
// CHECK-DAG:     %[[ZEROS3:.*]] = stablehlo.constant dense<0> : tensor<5xui32>
// CHECK-DAG:     %[[C3:.*]] = stablehlo.constant dense<1> : tensor<3xui32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[IOTA]], %[[C3]]
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[ZEROS3]], %[[X1]], %[[ADD]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}>
// CHECK:           stablehlo.return
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare EQ, %[[SCATTER]], %[[ZEROS3]]
// CHECK:         %[[GATHER:.*]] = "stablehlo.gather"(%[[SCATTER]], %[[X1]]) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}>
// CHECK:         %[[COMPARE2:.*]] = stablehlo.compare GE, %[[X1]], %[[ZEROS2]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[C2]], dims = [1]
// CHECK:         %[[COMPARE3:.*]] = stablehlo.compare LE, %[[X1]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[COMPARE2]], %[[COMPARE3]]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[AND]] init: %[[C]]) applies stablehlo.and across dimensions = [1]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[REDUCE]], %[[GATHER]], %[[ZEROS]]
// CHECK:         %[[COMPARE4:.*]] = stablehlo.compare EQ, %[[SELECT]], %[[ADD]]
// CHECK:         %[[SELECT2:.*]] = stablehlo.select %[[COMPARE]], %[[DX0]], %[[ZERO2]]
// CHECK:         %[[SELECT3:.*]] = stablehlo.select %[[COMPARE4]], %[[DX1]], %[[ZERO]]
// CHECK:         %[[SCATTER2:.*]] = "stablehlo.scatter"(%[[ZERO2]], %[[X1]], %[[SELECT3]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         %[[ADD2:.*]] = stablehlo.add %[[SELECT2]], %[[SCATTER2]]
// CHECK-NEXT:    return %[[ADD2]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<5xf32>, %[[X1:.*]]: tensor<3x1xi32>, %[[X2:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<5xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK-DAG:     %[[ZERO2:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK-DAG:     %[[ZEROS:.*]] = stablehlo.constant dense<0> : tensor<3xui32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<true> : tensor<i1>
// CHECK-DAG:     %[[C2:.*]] = stablehlo.constant dense<4> : tensor<1xi32>
// CHECK-DAG:     %[[ZEROS2:.*]] = stablehlo.constant dense<0> : tensor<3x1xi32>
// CHECK-DAG:     %[[ZEROS3:.*]] = stablehlo.constant dense<0> : tensor<5xui32>
// CHECK-DAG:     %[[C3:.*]] = stablehlo.constant dense<1> : tensor<3xui32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[IOTA]], %[[C3]]
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[ZEROS3]], %[[X1]], %[[ADD]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}>
// CHECK:           stablehlo.return
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare EQ, %[[SCATTER]], %[[ZEROS3]]
// CHECK:         %[[GATHER:.*]] = "stablehlo.gather"(%[[SCATTER]], %[[X1]]) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}>
// CHECK:         %[[COMPARE2:.*]] = stablehlo.compare GE, %[[X1]], %[[ZEROS2]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[C2]], dims = [1]
// CHECK:         %[[COMPARE3:.*]] = stablehlo.compare LE, %[[X1]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[COMPARE2]], %[[COMPARE3]]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[AND]] init: %[[C]]) applies stablehlo.and across dimensions = [1]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[REDUCE]], %[[GATHER]], %[[ZEROS]]
// CHECK:         %[[COMPARE4:.*]] = stablehlo.compare EQ, %[[SELECT]], %[[ADD]]
// CHECK:         %[[SELECT2:.*]] = stablehlo.select %[[COMPARE]], %[[CT]], %[[ZERO2]]
// CHECK:         %[[GATHER2:.*]] = "stablehlo.gather"(%[[CT]], %[[X1]]) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}>
// CHECK:         %[[SELECT3:.*]] = stablehlo.select %[[REDUCE]], %[[GATHER2]], %[[ZERO]]
// CHECK:         %[[SELECT4:.*]] = stablehlo.select %[[COMPARE4]], %[[SELECT3]], %[[ZERO]]
// CHECK-NEXT:    return %[[SELECT2]], %[[SELECT4]]
