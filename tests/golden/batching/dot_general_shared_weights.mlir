// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// One matrix for all examples: the batch is a free axis of the left operand, and no matrix is repeated.
func.func @main(%x: tensor<5x4xf32>, %w: tensor<4x3xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%x, %w) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<5x4xf32>, tensor<4x3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%x: tensor<4xf32>, %w: tensor<4x3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [0] x [0]
      : (tensor<4xf32>, tensor<4x3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x4xf32>, %[[W:.*]]: tensor<4x3xf32>)
// CHECK-NEXT:  %[[DOT_GENERAL:.*]] = stablehlo.dot_general %[[X]], %[[W]], contracting_dims = [1] x [0]
// CHECK-NEXT:  return %[[DOT_GENERAL]] : tensor<5x3xf32>
