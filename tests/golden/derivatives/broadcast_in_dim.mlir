// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// New axes and axes that grew are summed.
func.func public @forward(%x: tensor<3x1xf32>, %dx: tensor<3x1xf32>) -> tensor<2x5x3xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<3x1xf32>, tensor<3x1xf32>) -> (tensor<2x5x3xf32>, tensor<2x5x3xf32>)
  return %y#1 : tensor<2x5x3xf32>
}
func.func public @reverse(%x: tensor<3x1xf32>, %ct: tensor<2x5x3xf32>) -> tensor<3x1xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<3x1xf32>, tensor<2x5x3xf32>) -> (tensor<2x5x3xf32>, tensor<3x1xf32>)
  return %y#1 : tensor<3x1xf32>
}
func.func private @f(%x: tensor<3x1xf32>) -> tensor<2x5x3xf32> {
  %y = stablehlo.broadcast_in_dim %x, dims = [2, 1] : (tensor<3x1xf32>) -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<3x1xf32>, %[[DX:.*]]: tensor<3x1xf32>
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[DX]], dims = [2, 1]
// CHECK-NEXT:    return %[[BROADCAST_IN_DIM]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<3x1xf32>, %[[CT:.*]]: tensor<2x5x3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[SUM:.*]] = stablehlo.reduce(%[[CT]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [0, 1]
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[SUM]]
// CHECK-NEXT:    return %[[RESHAPE]]
