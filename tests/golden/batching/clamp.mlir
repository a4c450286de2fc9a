// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A scalar bound that all examples share stays a scalar; one that differs is broadcast.
func.func @main(%low: tensor<5xf32>, %x: tensor<5x3xf32>, %high: tensor<f32>)
    -> (tensor<5x3xf32>, tensor<5x3xf32>) {
  %0:2 = "lift.vmap"(%low, %x, %high) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0, unit],
      out_axes = [0, 0]}
    : (tensor<5xf32>, tensor<5x3xf32>, tensor<f32>) -> (tensor<5x3xf32>, tensor<5x3xf32>)
  return %0#0, %0#1 : tensor<5x3xf32>, tensor<5x3xf32>
}
func.func private @f(%low: tensor<f32>, %x: tensor<3xf32>, %high: tensor<f32>)
    -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.clamp %high, %x, %high : (tensor<f32>, tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %1 = stablehlo.clamp %low, %x, %high : (tensor<f32>, tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[LOW:.*]]: tensor<5xf32>, %[[X:.*]]: tensor<5x3xf32>, %[[HIGH:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[CLAMP:.*]] = stablehlo.clamp %[[HIGH]], %[[X]], %[[HIGH]]
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[LOW]], dims = [0]
// CHECK-NEXT:  %[[CLAMP_B:.*]] = stablehlo.clamp %[[BROADCAST_IN_DIM]], %[[X]], %[[HIGH]]
// CHECK-NEXT:  return %[[CLAMP]], %[[CLAMP_B]] : tensor<5x3xf32>, tensor<5x3xf32>
