// RUN: stablelift opt %s --pipeline='lift-seal' | filecheck %s
// The draw is sealed, the layer's call is not, and what the draw calls in turn is left alone.
func.func public @main(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = "lift.call"(%k) {callee = @Dense, layer = "Dense"} : (tensor<2xui32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @Dense(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = "lift.call"(%k) {callee = @_normal} : (tensor<2xui32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @_normal(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = "lift.call"(%k) {callee = @_uniform} : (tensor<2xui32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @_uniform(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = stablehlo.constant dense<0.5> : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[Y:.*]] = "lift.call"
// CHECK-NEXT:    return %[[Y]]
// CHECK:       func.func private @Dense
// CHECK-NEXT:    %[[D:.*]] = "lift.call"
// CHECK-NEXT:    %[[S:.*]] = stablehlo.optimization_barrier %[[D]]
// CHECK-NEXT:    return %[[S]]
// CHECK:       func.func private @_normal
// CHECK-NEXT:    %[[U:.*]] = "lift.call"
// CHECK-NEXT:    return %[[U]]
