// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Elements equal to the result share evenly.
func.func public @forward(%x: tensor<2x3xf32>, %dx: tensor<2x3xf32>) -> tensor<2xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  return %y#1 : tensor<2xf32>
}
func.func public @reverse(%x: tensor<2x3xf32>, %ct: tensor<2xf32>) -> tensor<2x3xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x3xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<2x3xf32>)
  return %y#1 : tensor<2x3xf32>
}
func.func private @f(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %c = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %y = stablehlo.reduce(%x init: %c) applies stablehlo.maximum across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %[[DX:.*]]: tensor<2x3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[LEAST:.*]] = stablehlo.constant dense<0xFF800000> : tensor<f32>
// CHECK:         %[[SUM:.*]] = stablehlo.reduce(%[[X]] init: %[[LEAST]]) applies stablehlo.maximum across dimensions = [1]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[SUM]], dims = [0]
// CHECK:         %[[MASK:.*]] = stablehlo.compare EQ, %[[X]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[CONVERT:.*]] = stablehlo.convert %[[MASK]]
// CHECK:         %[[SUMB:.*]] = stablehlo.reduce(%[[CONVERT]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [1]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[DX]], %[[CONVERT]]
// CHECK:         %[[SUMC:.*]] = stablehlo.reduce(%[[PRODUCT]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [1]
// CHECK:         %[[QUOTIENT:.*]] = stablehlo.divide %[[SUMC]], %[[SUMB]]
// CHECK-NEXT:    return %[[QUOTIENT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %[[CT:.*]]: tensor<2xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[LEAST:.*]] = stablehlo.constant dense<0xFF800000> : tensor<f32>
// CHECK:         %[[SUM:.*]] = stablehlo.reduce(%[[X]] init: %[[LEAST]]) applies stablehlo.maximum across dimensions = [1]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[SUM]], dims = [0]
// CHECK:         %[[MASK:.*]] = stablehlo.compare EQ, %[[X]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[CONVERT:.*]] = stablehlo.convert %[[MASK]]
// CHECK:         %[[SUMB:.*]] = stablehlo.reduce(%[[CONVERT]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [1]
// CHECK:         %[[QUOTIENT:.*]] = stablehlo.divide %[[CT]], %[[SUMB]]
// CHECK:         %[[BROADCAST_IN_DIMB:.*]] = stablehlo.broadcast_in_dim %[[QUOTIENT]], dims = [0]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[BROADCAST_IN_DIMB]], %[[CONVERT]]
// CHECK-NEXT:    return %[[PRODUCT]]
