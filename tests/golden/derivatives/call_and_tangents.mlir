// RUN: stablelift opt %s --pipeline='lift-derivatives,symbol-dce' | filecheck %s
// A call and the tangents of the same call: forward mode, which has both. The call whose result is needed
// before the tangents arrive stays.
func.func public @main(%x: tensor<3xf32>, %dx: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %y = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> tensor<3xf32>
  %0:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]} : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %z = "lift.call"(%dx) {callee = @f} : (tensor<3xf32>) -> tensor<3xf32>
  %1:2 = "lift.jvp"(%dx, %z) {callee = @f, wrt = [0], of = [0]} : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y, %0#1, %1#1 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = stablehlo.sine %x : tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[DX:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[F:.*]]:2 = call @f__jvp(%[[X]], %[[DX]])
// CHECK-NEXT:    %[[Z:.*]] = "lift.call"(%[[DX]]) {callee = @f}
// CHECK-NEXT:    %[[G:.*]]:2 = call @f__jvp(%[[DX]], %[[Z]])
// CHECK-NEXT:    return %[[F]]#0, %[[F]]#1, %[[G]]#1
