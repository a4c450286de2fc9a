// RUN: stablelift opt %s --pipeline='lift-seal,lift-prune' | filecheck %s
// The result that only another dead call used keeps neither its part of the function nor @x alive.
func.func public @main(%k: tensor<2xui32>, %x: tensor<3xf32>) -> tensor<2xui32> {
  %0:2 = "lift.call"(%k, %x) {callee = @jitted, jitted = true} : (tensor<2xui32>, tensor<3xf32>) -> (tensor<2xui32>, tensor<3xf32>)
  %1 = "lift.call"(%0#1) {callee = @head, jitted = true} : (tensor<3xf32>) -> tensor<3xf32>
  return %0#0 : tensor<2xui32>
}
func.func private @jitted(%k: tensor<2xui32>, %x: tensor<3xf32>) -> (tensor<2xui32>, tensor<3xf32>) {
  %0 = stablehlo.add %k, %k : tensor<2xui32>
  %1 = stablehlo.tanh %x : tensor<3xf32>
  return %0, %1 : tensor<2xui32>, tensor<3xf32>
}
func.func private @head(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.cosine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[K:.*]]: tensor<2xui32>, %{{.*}}: tensor<3xf32>)
// CHECK-NEXT:    %[[A:.*]] = "lift.call"(%[[K]]) {callee = @jitted, jitted = true}
// CHECK-NEXT:    %[[S:.*]] = stablehlo.optimization_barrier %[[A]]
// CHECK-NEXT:    return %[[S]]
// CHECK-NOT:     tanh
