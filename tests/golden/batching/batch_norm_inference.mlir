// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The batch is folded into the feature axis, and unfolded from the result.
func.func @main(%x: tensor<5x2x3xf32>, %s: tensor<5x3xf32>) -> tensor<5x2x3xf32> {
  %0 = "lift.vmap"(%x, %s) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0], out_axes = [0]}
    : (tensor<5x2x3xf32>, tensor<5x3xf32>) -> tensor<5x2x3xf32>
  return %0 : tensor<5x2x3xf32>
}
func.func private @f(%x: tensor<2x3xf32>, %s: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = "stablehlo.batch_norm_inference"(%x, %s, %s, %s, %s) {epsilon = 0.001 : f32, feature_index = 1 : i64}
    : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x2x3xf32>, %[[S:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[TRANSPOSE:.*]] = stablehlo.transpose %[[X]], dims = [1, 0, 2]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[TRANSPOSE]]
// CHECK-NEXT:  %[[RESHAPE_B:.*]] = stablehlo.reshape %[[S]]
// CHECK-NEXT:  %[[BATCH_NORM_INFERENCE:.*]] = "stablehlo.batch_norm_inference"(%[[RESHAPE]], %[[RESHAPE_B]],
// CHECK-SAME:  %[[RESHAPE_B]], %[[RESHAPE_B]], %[[RESHAPE_B]]) <{epsilon = 1.000000e-03 : f32, feature_index
// CHECK-SAME:  = 1 : i64}> : (tensor<2x15xf32>, tensor<15xf32>, tensor<15xf32>, tensor<15xf32>,
// CHECK-SAME:  tensor<15xf32>) -> tensor<2x15xf32>
// CHECK-NEXT:  %[[RESHAPE_C:.*]] = stablehlo.reshape %[[BATCH_NORM_INFERENCE]]
// CHECK-NEXT:  %[[TRANSPOSE_B:.*]] = stablehlo.transpose %[[RESHAPE_C]], dims = [1, 0, 2]
// CHECK-NEXT:  return %[[TRANSPOSE_B]] : tensor<5x2x3xf32>
