// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A start that differs from example to example makes a gather. The second axis is taken whole, so its start
// is 0 and
// is no part of the index vectors.
func.func @main(%x: tensor<5x4x3xf32>, %i: tensor<5xi32>, %j: tensor<i32>) -> tensor<5x2x3xf32> {
  %0 = "lift.vmap"(%x, %i, %j) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0, unit], out_axes = [0]}
    : (tensor<5x4x3xf32>, tensor<5xi32>, tensor<i32>) -> tensor<5x2x3xf32>
  return %0 : tensor<5x2x3xf32>
}
func.func private @f(%x: tensor<4x3xf32>, %i: tensor<i32>, %j: tensor<i32>) -> tensor<2x3xf32> {
  %0 = stablehlo.dynamic_slice %x, %i, %j, sizes = [2, 3]
      : (tensor<4x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x4x3xf32>, %[[I:.*]]: tensor<5xi32>, %[[J:.*]]: tensor<i32>)
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[I]] : (tensor<5xi32>) -> tensor<5x1xi32>
// CHECK-NEXT:  %[[GATHER:.*]] = "stablehlo.gather"(%[[X]],
// CHECK-SAME:  %[[RESHAPE]]) <{dimension_numbers = #stablehlo.gather<offset_dims = [1, 2],
// CHECK-SAME:  operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1],
// CHECK-SAME:  index_vector_dim = 1>, slice_sizes = array<i64: 1, 2, 3>}>
// CHECK-NEXT:  return %[[GATHER]] : tensor<5x2x3xf32>
