// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Operand and indices carry the batch: it is a batching dimension of the scatter, and no index is made for
// it.
func.func @main(%x: tensor<5x7xf32>, %i: tensor<5x2x1xi32>, %u: tensor<5x2xf32>) -> tensor<5x7xf32> {
  %0 = "lift.vmap"(%x, %i, %u) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0, 0], out_axes = [0]}
    : (tensor<5x7xf32>, tensor<5x2x1xi32>, tensor<5x2xf32>) -> tensor<5x7xf32>
  return %0 : tensor<5x7xf32>
}
func.func private @f(%x: tensor<7xf32>, %i: tensor<2x1xi32>, %u: tensor<2xf32>) -> tensor<7xf32> {
  %0 = "stablehlo.scatter"(%x, %i, %u) ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) {
    scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
        scatter_dims_to_operand_dims = [0], index_vector_dim = 1>
  } : (tensor<7xf32>, tensor<2x1xi32>, tensor<2xf32>) -> tensor<7xf32>
  return %0 : tensor<7xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x7xf32>, %[[I:.*]]: tensor<5x2x1xi32>, %[[U:.*]]: tensor<5x2xf32>)
// CHECK-NEXT:  %[[SCATTER:.*]] = "stablehlo.scatter"(%[[X]], %[[I]], %[[U]]) <{indices_are_sorted = false,
// CHECK-SAME:  scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [1],
// CHECK-SAME:  input_batching_dims = [0], scatter_indices_batching_dims = [0],
// CHECK-SAME:  scatter_dims_to_operand_dims = [1], index_vector_dim = 2>}> ({
// CHECK-NEXT:  ^bb0(%[[R:.*]]: tensor<f32>, %[[R_B:.*]]: tensor<f32>):
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[R]], %[[R_B]] : tensor<f32>
// CHECK-NEXT:  stablehlo.return %[[ADD]] : tensor<f32>
// CHECK-NEXT:  }) : (tensor<5x7xf32>, tensor<5x2x1xi32>, tensor<5x2xf32>) -> tensor<5x7xf32>
// CHECK-NEXT:  return %[[SCATTER]] : tensor<5x7xf32>
