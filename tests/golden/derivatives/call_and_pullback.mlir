// RUN: stablelift opt %s --pipeline='lift-derivatives,symbol-dce' | filecheck %s
// A call and the pullback of the same call: one forward function that returns what the reverse one needs.
func.func public @main(%x: tensor<3xf32>, %ct: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %y = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> tensor<3xf32>
  %0:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]} : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y, %0#1 : tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = stablehlo.sine %x : tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[F:.*]]:2 = call @f__fwd(%[[X]])
// CHECK-NEXT:    %[[G:.*]] = call @f__bwd(%[[F]]#1, %[[CT]])
// CHECK-NEXT:    return %[[F]]#0, %[[G]]
