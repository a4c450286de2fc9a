// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// An opaque primitive becomes what JAX lowers it to.
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.foreign"(%x) {callee = @sine, primitive = "sin"} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @sine(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[X]] : tensor<3xf32>
// CHECK-NEXT:  return %[[SINE]] : tensor<3xf32>
