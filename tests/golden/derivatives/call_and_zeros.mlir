// RUN: stablelift opt %s --pipeline='lift-derivatives,symbol-dce' | filecheck %s
// A pullback that is given zeros for one of two results, as another pullback returns them for what it does not
// reach: there is no reverse of that one.
func.func public @main(%x: tensor<3xf32>, %ct: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %y:2 = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %zeros = stablehlo.constant dense<0.0> : tensor<3xf32>
  %0:3 = "lift.vjp"(%x, %ct, %zeros) {callee = @f, wrt = [0], of = [0, 1]}
    : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>)
  return %y#1, %0#2 : tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %y = stablehlo.sine %x : tensor<3xf32>
  %z = stablehlo.exponential %x : tensor<3xf32>
  return %y, %z : tensor<3xf32>, tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<3xf32>)
// CHECK:         %[[F:.*]]:3 = call @f__fwd(%[[X]])
// CHECK:         %[[G:.*]] = call @f__bwd(%[[F]]#2, %[[CT]])
// CHECK-NEXT:    return %[[F]]#1, %[[G]]
// CHECK:       func.func private @f__bwd
// CHECK-NEXT:    stablehlo.cosine
// CHECK-NEXT:    stablehlo.multiply
// CHECK-NEXT:    return
