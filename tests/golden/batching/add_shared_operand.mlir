// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// An operand that all examples share is broadcast where an elementwise op needs it, and only there:
// its exponential is computed once.
func.func @main(%x: tensor<5x3xf32>, %w: tensor<3xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%x, %w) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<5x3xf32>, tensor<3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%x: tensor<3xf32>, %w: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.exponential %w : tensor<3xf32>
  %1 = stablehlo.add %x, %0 : tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3xf32>, %[[W:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[EXPONENTIAL:.*]] = stablehlo.exponential %[[W]] : tensor<3xf32>
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[EXPONENTIAL]], dims = [1]
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[X]], %[[BROADCAST_IN_DIM]] : tensor<5x3xf32>
// CHECK-NEXT:  return %[[ADD]] : tensor<5x3xf32>
