// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The gradient of an input that all examples share is the sum of theirs.
func.func @main(%x: tensor<5xf32>, %w: tensor<f32>) -> tensor<5xf32> {
  %0 = "lift.vmap"(%x, %w) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<5xf32>, tensor<f32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}
func.func private @f(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %0 = "lift.custom_vjp"(%x, %w) {callee = @times, fwd = @forward, bwd = @backward}
      : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
func.func private @times(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %0 = stablehlo.multiply %x, %w : tensor<f32>
  return %0 : tensor<f32>
}
func.func private @forward(%x: tensor<f32>, %w: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %0 = stablehlo.multiply %x, %w : tensor<f32>
  return %0, %x, %w : tensor<f32>, tensor<f32>, tensor<f32>
}
func.func private @backward(%x: tensor<f32>, %w: tensor<f32>, %ct: tensor<f32>)
    -> (tensor<f32>, tensor<f32>) {
  %0 = stablehlo.multiply %ct, %w : tensor<f32>
  %1 = stablehlo.multiply %ct, %x : tensor<f32>
  return %0, %1 : tensor<f32>, tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5xf32>, %[[W:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[CUSTOM_VJP:.*]] = "lift.custom_vjp"(%[[X]], %[[W]]) {bwd = @backward__vmap_sum,
// CHECK-SAME:  callee = @times__vmap, fwd = @forward__vmap}
// CHECK-NEXT:  return %[[CUSTOM_VJP]] : tensor<5xf32>

// CHECK-LABEL: func.func private @backward__vmap_sum
// CHECK-SAME:  %[[A0:.*]]: tensor<5xf32>, %[[A1:.*]]: tensor<f32>, %[[A2:.*]]: tensor<5xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[A1]], dims = []
// CHECK-NEXT:  %[[MULTIPLY:.*]] = stablehlo.multiply %[[A2]], %[[BROADCAST_IN_DIM]] : tensor<5xf32>
// CHECK-NEXT:  %[[MULTIPLY_B:.*]] = stablehlo.multiply %[[A2]], %[[A0]] : tensor<5xf32>
// CHECK-NEXT:  %[[REDUCE:.*]] = stablehlo.reduce(%[[MULTIPLY_B]] init: %[[CONST]]) applies stablehlo.add
// CHECK-SAME:  across dimensions = [0]
// CHECK-NEXT:  return %[[MULTIPLY]], %[[REDUCE]] : tensor<5xf32>, tensor<f32>

// CHECK-LABEL: func.func private @times__vmap
// CHECK-SAME:  %[[A0_B:.*]]: tensor<5xf32>, %[[A1_B:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[BROADCAST_IN_DIM_B:.*]] = stablehlo.broadcast_in_dim %[[A1_B]], dims = []
// CHECK-NEXT:  %[[MULTIPLY_C:.*]] = stablehlo.multiply %[[A0_B]], %[[BROADCAST_IN_DIM_B]] : tensor<5xf32>
// CHECK-NEXT:  return %[[MULTIPLY_C]] : tensor<5xf32>

// CHECK-LABEL: func.func private @forward__vmap
// CHECK-SAME:  %[[A0_C:.*]]: tensor<5xf32>, %[[A1_C:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[BROADCAST_IN_DIM_C:.*]] = stablehlo.broadcast_in_dim %[[A1_C]], dims = []
// CHECK-NEXT:  %[[MULTIPLY_D:.*]] = stablehlo.multiply %[[A0_C]], %[[BROADCAST_IN_DIM_C]] : tensor<5xf32>
// CHECK-NEXT:  return %[[MULTIPLY_D]], %[[A0_C]], %[[A1_C]] : tensor<5xf32>, tensor<5xf32>, tensor<f32>
