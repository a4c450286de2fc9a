// RUN: stablelift opt %s --pipeline='lift-seal' | filecheck %s
// The draw is sealed, the layer's call is not; in a lift the ops are kept apart as well; what the draw calls in turn is left
// alone.
func.func public @main(%k: tensor<2xui32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = "lift.call"(%k) {callee = @Dense, layer = "Dense"} : (tensor<2xui32>) -> tensor<3xf32>
  %1 = "lift.remat"(%k) {callee = @Remat, prevent_cse = true} : (tensor<2xui32>) -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
func.func private @Remat(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = "lift.call"(%k) {callee = @_normal, jitted = true} : (tensor<2xui32>) -> tensor<3xf32>
  %1 = stablehlo.sine %0 : tensor<3xf32>
  %2 = stablehlo.cosine %1 : tensor<3xf32>
  return %2 : tensor<3xf32>
}
func.func private @Dense(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = "lift.call"(%k) {callee = @_normal, jitted = true} : (tensor<2xui32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @_normal(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = "lift.call"(%k) {callee = @_uniform, jitted = true} : (tensor<2xui32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @_uniform(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = stablehlo.constant dense<0.5> : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[Y:.*]] = "lift.call"
// CHECK-NEXT:    %[[Z:.*]] = "lift.remat"
// CHECK-NEXT:    return %[[Y]], %[[Z]]
// CHECK:       func.func private @Remat
// CHECK-NEXT:    %[[R:.*]] = "lift.call"
// CHECK-NEXT:    %[[B:.*]] = stablehlo.optimization_barrier %[[R]]
// CHECK-NEXT:    %[[J:.*]] = call @sealed_3_f32(%[[B]])
// CHECK-NEXT:    %[[N:.*]] = stablehlo.sine %[[J]]
// CHECK-NEXT:    %[[K:.*]] = call @sealed_3_f32(%[[N]])
// CHECK-NEXT:    %[[C:.*]] = stablehlo.cosine %[[K]]
// CHECK-NEXT:    return %[[C]]
// CHECK:       func.func private @Dense
// CHECK-NEXT:    %[[D:.*]] = "lift.call"
// CHECK-NEXT:    %[[S:.*]] = stablehlo.optimization_barrier %[[D]]
// CHECK-NEXT:    return %[[S]]
// CHECK:       func.func private @_normal
// CHECK-NEXT:    %[[U:.*]] = "lift.call"
// CHECK-NEXT:    return %[[U]]
