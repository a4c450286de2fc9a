// RUN: stablelift opt %s --pipeline='lift-roll' | filecheck %s
// Two calls are not worth a loop.
func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @layer(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = call @layer(%0) : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
func.func private @layer(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    call @layer
// CHECK-NEXT:    call @layer
// CHECK-NEXT:    return
