// RUN: stablelift opt %s --pipeline=lift-derivatives | filecheck %s
// The reverse of a scan is a scan the other way round. Of the residuals, %w and %x are there already; the carry is
// stacked, and the first product computed again from it. The gradient of %w is summed in the carry, that of %x stacked.
func.func @main(%w: tensor<3xf32>, %c: tensor<3xf32>, %x: tensor<5x3xf32>, %ct: tensor<3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>) {
  %0:3 = "lift.vjp"(%w, %c, %x, %ct) {callee = @loop, wrt = [0, 2], of = [0]}
    : (tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>)
  return %0#1, %0#2 : tensor<3xf32>, tensor<5x3xf32>
}
func.func private @loop(%w: tensor<3xf32>, %c: tensor<3xf32>, %x: tensor<5x3xf32>) -> tensor<3xf32> {
  %0 = "lift.scan"(%w, %c, %x) {callee = @step, num_consts = 1 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = []}
    : (tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @step(%w: tensor<3xf32>, %c: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.multiply %w, %c : tensor<3xf32>
  %1 = stablehlo.multiply %0, %x : tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK-LABEL: func.func private @loop__vjp
// CHECK-SAME:    %[[W:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<5x3xf32>, %[[CT:.*]]: tensor<3xf32>
// CHECK:         %[[F:.*]]:2 = "lift.scan"(%[[W]], %[[C]], %[[X]])
// CHECK-SAME:      out_axes = [0], reverse = false
// CHECK:         %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK:         %[[B:.*]]:3 = "lift.scan"(%[[W]], %[[CT]], %[[ZERO]],
// CHECK-SAME:      num_carry = 2 : i64, num_consts = 1 : i64, out_axes = [0], reverse = true
// CHECK:         return %[[F]]#0, %[[B]]#1, %[[B]]#2
