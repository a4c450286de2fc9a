// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The batch is an axis that the reduction leaves alone.
func.func @main(%x: tensor<5x3x4xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<5x3x4xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%x: tensor<3x4xf32>) -> tensor<3xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1]
      : (tensor<3x4xf32>, tensor<f32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3x4xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[REDUCE:.*]] = stablehlo.reduce(%[[X]] init: %[[CONST]]) applies stablehlo.add across
// CHECK-SAME:  dimensions = [2]
// CHECK-NEXT:  return %[[REDUCE]] : tensor<5x3xf32>
