// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The sum of the windows that hold an element is a sum over windows of the cotangent.
func.func public @forward(%x: tensor<5xf32>, %d: tensor<5xf32>) -> tensor<3xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5xf32>, tensor<5xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y#1 : tensor<3xf32>
}
func.func public @reverse(%x: tensor<5xf32>, %ct: tensor<3xf32>) -> tensor<5xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<5xf32>)
  return %y#1 : tensor<5xf32>
}
func.func private @f(%x: tensor<5xf32>) -> tensor<3xf32> {
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %y = "stablehlo.reduce_window"(%x, %c) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
  }) {window_dimensions = array<i64: 2>, window_strides = array<i64: 2>, padding = dense<[[0, 1]]> : tensor<1x2xi64>}
    : (tensor<5xf32>, tensor<f32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<5xf32>, %[[DX:.*]]: tensor<5xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[REDUCE_WINDOW:.*]] = "stablehlo.reduce_window"(%[[DX]], %[[ZERO]]) <{padding = dense<[[0, 1]]>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         return %[[REDUCE_WINDOW]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<5xf32>, %[[CT:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[CT]], %[[ZERO]], low = [1], high = [0], interior = [1]
// CHECK:         %[[REDUCE_WINDOW:.*]] = "stablehlo.reduce_window"(%[[PAD]], %[[ZERO]]) <{base_dilations = array<i64: 1>, padding = dense<0>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         return %[[REDUCE_WINDOW]]
