// RUN: stablelift opt %s --pipeline='lift-seal' | filecheck %s
// A jitted function that scales what another one draws is a program of its own: XLA makes one product of two in it,
// which it could not if the draw were taken out of it, to be packed with others. So the call is kept.
func.func public @main(%k: tensor<2xui32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = "lift.call"(%k) {callee = @scaled, jitted = true} : (tensor<2xui32>) -> tensor<3xf32>
  %1 = "lift.call"(%k) {callee = @_normal, jitted = true} : (tensor<2xui32>) -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
func.func private @scaled(%k: tensor<2xui32>) -> tensor<3xf32> {
  %c = stablehlo.constant dense<0.3> : tensor<3xf32>
  %0 = "lift.call"(%k) {callee = @_normal, jitted = true} : (tensor<2xui32>) -> tensor<3xf32>
  %1 = stablehlo.multiply %0, %c : tensor<3xf32>
  return %1 : tensor<3xf32>
}
func.func private @_normal(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = stablehlo.constant dense<0.5> : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    "lift.call"(%arg0) {callee = @scaled, jitted = true, mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    stablehlo.optimization_barrier
// CHECK-NEXT:    "lift.call"(%arg0) {callee = @_normal, jitted = true} :
