// RUN: stablelift opt %s --pipeline='lift-prune' | filecheck %s
// Lifts take and return only what is needed: a map keeps the axes of that, and what is not mapped is not forwarded
// from within it. Of a gradient that nobody uses the function's call is left.
func.func public @main(%k: tensor<4x2xf32>, %x: tensor<3xf32>) -> (tensor<2x4xf32>, tensor<4x3xf32>) {
  %a, %y, %u = "lift.vmap"(%k, %x) {callee = @f, axis_size = 4, in_axes = [0, unit], out_axes = [1, 0, 0]} : (tensor<4x2xf32>, tensor<3xf32>) -> (tensor<2x4xf32>, tensor<4x3xf32>, tensor<4x3xf32>)
  %g, %dx = "lift.vjp"(%x, %x) {callee = @g, wrt = [0], of = [0]} : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %z = stablehlo.broadcast_in_dim %g, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
  %s = stablehlo.add %u, %z : tensor<4x3xf32>
  return %a, %s : tensor<2x4xf32>, tensor<4x3xf32>
}
func.func private @f(%k: tensor<2xf32>, %x: tensor<3xf32>) -> (tensor<2xf32>, tensor<3xf32>, tensor<3xf32>) {
  %a = stablehlo.negate %k : tensor<2xf32>
  %y = stablehlo.sine %x : tensor<3xf32>
  return %a, %y, %x : tensor<2xf32>, tensor<3xf32>, tensor<3xf32>
}
func.func private @g(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = stablehlo.cosine %x : tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[K:.*]]: tensor<4x2xf32>, %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[A:.*]]:2 = "lift.vmap"(%[[K]], %[[X]]) {axis_size = 4 : i64, callee = @f, in_axes = [0, unit], out_axes = [1, 0]}
// CHECK-NEXT:    %[[G:.*]] = "lift.call"(%[[X]]) {callee = @g} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK:         return %[[A]]#0
// CHECK:       func.func private @f(%[[P:.*]]: tensor<2xf32>, %[[Q:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[N:.*]] = stablehlo.negate %[[P]]
// CHECK-NEXT:    return %[[N]], %[[Q]]
