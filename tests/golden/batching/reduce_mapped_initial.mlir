// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// `reduce` starts from one scalar: from the identity, and the examples' own are added after.
func.func @main(%x: tensor<5x3xf32>, %v: tensor<5xf32>) -> tensor<5xf32> {
  %0 = "lift.vmap"(%x, %v) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0], out_axes = [0]}
    : (tensor<5x3xf32>, tensor<5xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}
func.func private @f(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<f32> {
  %0 = stablehlo.reduce(%x init: %v) applies stablehlo.multiply across dimensions = [0]
      : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3xf32>, %[[V:.*]]: tensor<5xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[REDUCE:.*]] = stablehlo.reduce(%[[X]] init: %[[CONST]]) applies stablehlo.multiply
// CHECK-SAME:  across dimensions = [1] : (tensor<5x3xf32>, tensor<f32>) -> tensor<5xf32>
// CHECK-NEXT:  %[[MULTIPLY:.*]] = stablehlo.multiply %[[V]], %[[REDUCE]]
// CHECK-NEXT:  return %[[MULTIPLY]] : tensor<5xf32>
