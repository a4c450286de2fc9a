// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Rows of a table that all examples share: the batch is one more dimension of the indices.
func.func @main(%table: tensor<7x3xf32>, %i: tensor<5x2x1xi32>) -> tensor<5x2x3xf32> {
  %0 = "lift.vmap"(%table, %i) {callee = @f, axis_size = 5 : i64, in_axes = [unit, 0], out_axes = [0]}
    : (tensor<7x3xf32>, tensor<5x2x1xi32>) -> tensor<5x2x3xf32>
  return %0 : tensor<5x2x3xf32>
}
func.func private @f(%table: tensor<7x3xf32>, %i: tensor<2x1xi32>) -> tensor<2x3xf32> {
  %0 = "stablehlo.gather"(%table, %i) {
    dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0],
        start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 1, 3>, indices_are_sorted = false
  } : (tensor<7x3xf32>, tensor<2x1xi32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[TABLE:.*]]: tensor<7x3xf32>, %[[I:.*]]: tensor<5x2x1xi32>)
// CHECK-NEXT:  %[[GATHER:.*]] = "stablehlo.gather"(%[[TABLE]],
// CHECK-SAME:  %[[I]]) <{dimension_numbers = #stablehlo.gather<offset_dims = [2],
// CHECK-SAME:  collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 2>,
// CHECK-SAME:  indices_are_sorted = false, slice_sizes = array<i64: 1, 3>}>
// CHECK-NEXT:  return %[[GATHER]] : tensor<5x2x3xf32>
