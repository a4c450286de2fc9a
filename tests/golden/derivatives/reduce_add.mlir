// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A sum is linear: the cotangent is repeated, and the initial value's is its sum.
func.func public @forward(%x0: tensor<2x3xf32>, %x1: tensor<f32>, %d0: tensor<2x3xf32>, %d1: tensor<f32>) -> tensor<3xf32> {
  %y:2 = "lift.jvp"(%x0, %x1, %d0, %d1) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x3xf32>, tensor<f32>, tensor<2x3xf32>, tensor<f32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y#1 : tensor<3xf32>
}
func.func public @reverse(%x0: tensor<2x3xf32>, %x1: tensor<f32>, %ct: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<f32>) {
  %y:3 = "lift.vjp"(%x0, %x1, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x3xf32>, tensor<f32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<2x3xf32>, tensor<f32>)
  return %y#1, %y#2 : tensor<2x3xf32>, tensor<f32>
}
func.func private @f(%x0: tensor<2x3xf32>, %x1: tensor<f32>) -> tensor<3xf32> {
  %y = stablehlo.reduce(%x0 init: %x1) applies stablehlo.add across dimensions = [0] : (tensor<2x3xf32>, tensor<f32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<2x3xf32>, %[[X1:.*]]: tensor<f32>, %[[DX0:.*]]: tensor<2x3xf32>, %[[DX1:.*]]: tensor<f32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[DX0]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [0]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[DX1]], dims = []
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[REDUCE]], %[[BROADCAST_IN_DIM]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<2x3xf32>, %[[X1:.*]]: tensor<f32>, %[[CT:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[CT]], dims = [1]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[CT]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [0]
// CHECK-NEXT:    return %[[BROADCAST_IN_DIM]], %[[REDUCE]]
