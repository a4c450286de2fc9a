// RUN: stablelift opt %s --pipeline='lift-derivatives,symbol-dce' | filecheck %s
// A pullback without its call, whose results have been computed: what it computes of them again tells nobody.
func.func public @main(%x: tensor<3xf32>, %ct: tensor<3xf32>) -> tensor<3xf32> {
  %0:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0], again = true} : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %0#1 : tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = "lift.call"(%x) {callee = @told} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
func.func private @told(%x: tensor<3xf32>) -> tensor<3xf32> {
  stablehlo.custom_call @stablelift.callback(%x) {backend_config = "debug_print:0:0", has_side_effect = true} : (tensor<3xf32>) -> ()
  %y = stablehlo.sine %x : tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[F:.*]]:2 = call @f__fwd__quiet(%[[X]])
// CHECK-NEXT:    %[[G:.*]] = call @f__bwd(%[[F]]#1, %[[CT]])
// CHECK-NEXT:    return %[[G]]
// CHECK-NOT:   stablelift.callback
