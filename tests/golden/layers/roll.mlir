// RUN: stablelift opt %s --pipeline='lift-roll,symbol-dce' | filecheck %s
// A chain of three calls is a loop over the stacked weights; the scale is the same in every step.
func.func public @main(%x: tensor<3xf32>, %s: tensor<f32>, %a: tensor<3xf32>, %b: tensor<3xf32>, %c: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @layer(%a, %s, %x) : (tensor<3xf32>, tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = call @layer(%b, %s, %0) : (tensor<3xf32>, tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  %2 = call @layer(%c, %s, %1) : (tensor<3xf32>, tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}
func.func private @layer(%w: tensor<3xf32>, %s: tensor<f32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.multiply %w, %x : tensor<3xf32>
  %1 = stablehlo.broadcast_in_dim %s, dims = [] : (tensor<f32>) -> tensor<3xf32>
  %2 = stablehlo.add %0, %1 : tensor<3xf32>
  return %2 : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[S:.*]]: tensor<f32>, %[[A:.*]]: tensor<3xf32>, %[[B:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[A1:.*]] = stablehlo.reshape %[[A]]
// CHECK-NEXT:    %[[B1:.*]] = stablehlo.reshape %[[B]]
// CHECK-NEXT:    %[[C1:.*]] = stablehlo.reshape %[[C]]
// CHECK-NEXT:    %[[W:.*]] = stablehlo.concatenate %[[A1]], %[[B1]], %[[C1]], dim = 0
// CHECK-NEXT:    %[[Y:.*]] = "lift.scan"(%[[S]], %[[X]], %[[W]]) {callee = @layer__step, in_axes = [0], length = 3 : i64, num_carry = 1 : i64, num_consts = 1 : i64
// CHECK-NEXT:    return %[[Y]]
// CHECK:       func.func private @layer__step(%[[C0:.*]]: tensor<f32>, %[[C2:.*]]: tensor<3xf32>, %[[C3:.*]]: tensor<3xf32>)
// CHECK-NEXT:    call @layer(%[[C3]], %[[C0]], %[[C2]])
