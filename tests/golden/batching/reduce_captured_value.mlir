// RUN: stablelift opt %s --pipeline=lift-batching,symbol-dce | filecheck %s
// The region uses a value from outside that all examples share: it still does, in the batched function.
func.func @main(%x: tensor<3x5xf32>, %y: tensor<f32>) -> tensor<3xf32> {
  %0 = "lift.vmap"(%x, %y) {callee = @f, axis_size = 3 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<3x5xf32>, tensor<f32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @f(%x: tensor<5xf32>, %y: tensor<f32>) -> tensor<f32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %zero) across dimensions = [0] : (tensor<5xf32>, tensor<f32>) -> tensor<f32>
    reducer(%a: tensor<f32>, %b: tensor<f32>) {
      %1 = stablehlo.multiply %a, %y : tensor<f32>
      %2 = stablehlo.add %1, %b : tensor<f32>
      stablehlo.return %2 : tensor<f32>
    }
  return %0 : tensor<f32>
}
// CHECK-LABEL: func.func private @f__vmap
// CHECK-SAME:  %[[X:.*]]: tensor<3x5xf32>, %[[Y:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[REDUCE:.*]] = stablehlo.reduce(%[[X]] init: %[[ZERO]]) across dimensions = [1]
// CHECK-NEXT:  reducer(%[[A:.*]]: tensor<f32>, %[[B:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[MULTIPLY:.*]] = stablehlo.multiply %[[A]], %[[Y]] : tensor<f32>
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[MULTIPLY]], %[[B]] : tensor<f32>
// CHECK-NEXT:  stablehlo.return %[[ADD]] : tensor<f32>
// CHECK:       return %[[REDUCE]] : tensor<3xf32>
