// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Over the axis that is mapped a sum is a reduction, and all examples share it.
func.func @main(%x: tensor<5x3xf32>) -> tensor<3xf32> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [unit],
      axis_name = "examples"}
    : (tensor<5x3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.psum"(%x) {axis_name = ["examples"]} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[REDUCE:.*]] = stablehlo.reduce(%[[X]] init: %[[CONST]]) applies stablehlo.add across
// CHECK-SAME:  dimensions = [0]
// CHECK-NEXT:  return %[[REDUCE]] : tensor<3xf32>
