// RUN: stablelift opt %s --pipeline=lift-hoist | filecheck %s
// The kernels are joined once, before the loop; the broadcast of their sum stays where XLA fuses it.
func.func @main(%u: tensor<3x2xf32>, %v: tensor<3x1xf32>, %c: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %0 = "lift.scan"(%u, %v, %c) {callee = @step, num_consts = 2 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [], out_axes = []}
    : (tensor<3x2xf32>, tensor<3x1xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
func.func private @step(%u: tensor<3x2xf32>, %v: tensor<3x1xf32>, %c: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %w = stablehlo.concatenate %u, %v, dim = 1 : (tensor<3x2xf32>, tensor<3x1xf32>) -> tensor<3x3xf32>
  %s = stablehlo.reduce(%w init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<3x3xf32>, tensor<f32>) -> tensor<3xf32>
  %b = stablehlo.broadcast_in_dim %s, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
  %0 = stablehlo.dot_general %c, %w, contracting_dims = [1] x [0] : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %1 = stablehlo.add %0, %b : tensor<4x3xf32>
  return %1 : tensor<4x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[U:.*]]: tensor<3x2xf32>, %[[V:.*]]: tensor<3x1xf32>, %[[C:.*]]: tensor<4x3xf32>)
// CHECK:         %[[W:.*]] = stablehlo.concatenate %[[U]], %[[V]], dim = 1
// CHECK-NEXT:    %[[S:.*]] = stablehlo.reduce(%[[W]]
// CHECK-NEXT:    "lift.scan"(%[[W]], %[[S]], %[[C]])
// CHECK-LABEL: func.func private @step
// CHECK-SAME:    %[[IW:.*]]: tensor<3x3xf32>, %[[IS:.*]]: tensor<3xf32>, %[[IC:.*]]: tensor<4x3xf32>)
// CHECK-NEXT:    %[[B:.*]] = stablehlo.broadcast_in_dim %[[IS]], dims = [1]
// CHECK-NEXT:    %[[P:.*]] = stablehlo.dot_general %[[IC]], %[[IW]]
// CHECK-NEXT:    stablehlo.add %[[P]], %[[B]]
