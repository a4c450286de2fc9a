// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// An image and a kernel for each example: the batch is one more group of features.
func.func @main(%x: tensor<5x2x6x3xf32>, %w: tensor<5x2x3x4xf32>) -> tensor<5x2x5x4xf32> {
  %0 = "lift.vmap"(%x, %w) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0], out_axes = [0]}
    : (tensor<5x2x6x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x5x4xf32>
  return %0 : tensor<5x2x5x4xf32>
}
func.func private @f(%x: tensor<2x6x3xf32>, %w: tensor<2x3x4xf32>) -> tensor<2x5x4xf32> {
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<2x6x3xf32>, tensor<2x3x4xf32>) -> tensor<2x5x4xf32>
  return %0 : tensor<2x5x4xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x2x6x3xf32>, %[[W:.*]]: tensor<5x2x3x4xf32>)
// CHECK-NEXT:  %[[TRANSPOSE:.*]] = stablehlo.transpose %[[X]], dims = [1, 2, 0, 3]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[TRANSPOSE]]
// CHECK-NEXT:  %[[TRANSPOSE_B:.*]] = stablehlo.transpose %[[W]], dims = [1, 2, 0, 3]
// CHECK-NEXT:  %[[RESHAPE_B:.*]] = stablehlo.reshape %[[TRANSPOSE_B]]
// CHECK-NEXT:  %[[CONVOLUTION:.*]] = stablehlo.convolution(%[[RESHAPE]], %[[RESHAPE_B]]) dim_numbers = [b,
// CHECK-SAME:  0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64,
// CHECK-SAME:  feature_group_count = 5 : i64}
// CHECK-NEXT:  %[[RESHAPE_C:.*]] = stablehlo.reshape %[[CONVOLUTION]]
// CHECK-NEXT:  %[[TRANSPOSE_C:.*]] = stablehlo.transpose %[[RESHAPE_C]], dims = [2, 0, 1, 3]
// CHECK-NEXT:  return %[[TRANSPOSE_C]] : tensor<5x2x5x4xf32>
