// RUN: stablelift opt %s --pipeline='lift-outline,lift-inline,symbol-dce' | filecheck %s
// A large function that is called three times stays a call; the small one in it, and the one called once, do not.
func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @layer(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = call @layer(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = call @layer(%1) : (tensor<3xf32>) -> tensor<3xf32>
  %3 = call @twice(%2) : (tensor<3xf32>) -> tensor<3xf32>
  return %3 : tensor<3xf32>
}
func.func private @layer(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @twice(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = call @twice(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = call @twice(%1) : (tensor<3xf32>) -> tensor<3xf32>
  %3 = call @twice(%2) : (tensor<3xf32>) -> tensor<3xf32>
  return %3 : tensor<3xf32>
}
func.func private @twice(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  %1 = stablehlo.sine %0 : tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    call @layer(%{{.*}}) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    call @layer(%{{.*}}) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    call @layer(%{{.*}}) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    stablehlo.sine
// CHECK-NEXT:    stablehlo.sine
// CHECK-NEXT:    return
// CHECK:       func.func private @layer
// CHECK-NOT:     call @
// CHECK:         return
