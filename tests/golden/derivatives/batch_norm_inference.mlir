// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Differentiated by its decomposition; the features are on axis 1.
func.func public @forward(%x: tensor<2x3x4xf32>, %g: tensor<3xf32>, %b: tensor<3xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>, %dx: tensor<2x3x4xf32>, %db: tensor<3xf32>) -> tensor<2x3x4xf32> {
  %y:2 = "lift.jvp"(%x, %g, %b, %m, %v, %dx, %db) {callee = @f, wrt = [0, 2], of = [0]}
       : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2x3x4xf32>, tensor<3xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>)
  return %y#1 : tensor<2x3x4xf32>
}
func.func public @reverse(%x: tensor<2x3x4xf32>, %g: tensor<3xf32>, %b: tensor<3xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>, %ct: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<3xf32>) {
  %y:3 = "lift.vjp"(%x, %g, %b, %m, %v, %ct) {callee = @f, wrt = [0, 2], of = [0]}
       : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<3xf32>)
  return %y#1, %y#2 : tensor<2x3x4xf32>, tensor<3xf32>
}
func.func private @f(%x: tensor<2x3x4xf32>, %g: tensor<3xf32>, %b: tensor<3xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>) -> tensor<2x3x4xf32> {
  %y = "stablehlo.batch_norm_inference"(%x, %g, %b, %m, %v) {epsilon = 0.25 : f32, feature_index = 1 : i64}
    : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<2x3x4xf32>, %[[G:.*]]: tensor<3xf32>, %{{.*}}: tensor<3xf32>, %{{.*}}: tensor<3xf32>, %[[V:.*]]: tensor<3xf32>, %[[DX:.*]]: tensor<2x3x4xf32>, %[[DB:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<2.500000e-01> : tensor<3xf32>
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[V]], %[[C]]
// CHECK:         %[[RSQRT:.*]] = stablehlo.rsqrt %[[ADD]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[G]], %[[RSQRT]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[MULTIPLY]], dims = [1]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[DX]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[BROADCAST_IN_DIMB:.*]] = stablehlo.broadcast_in_dim %[[DB]], dims = [1]
// CHECK:         %[[ADDB:.*]] = stablehlo.add %[[MULTIPLYB]], %[[BROADCAST_IN_DIMB]]
// CHECK-NEXT:    return %[[ADDB]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<2x3x4xf32>, %[[G:.*]]: tensor<3xf32>, %{{.*}}: tensor<3xf32>, %{{.*}}: tensor<3xf32>, %[[V:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<2x3x4xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<2.500000e-01> : tensor<3xf32>
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[V]], %[[CB]]
// CHECK:         %[[RSQRT:.*]] = stablehlo.rsqrt %[[ADD]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[G]], %[[RSQRT]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[MULTIPLY]], dims = [1]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[CT]] init: %[[C]]) applies stablehlo.add across dimensions = [0, 2]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[CT]], %[[BROADCAST_IN_DIM]]
// CHECK-NEXT:    return %[[MULTIPLYB]], %[[REDUCE]]
