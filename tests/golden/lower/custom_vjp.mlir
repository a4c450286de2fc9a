// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A user's rule has done its part once derivatives are generated: the function itself is left.
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.custom_vjp"(%x) {callee = @sine, fwd = @sine, bwd = @back} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @sine(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @back(%ct: tensor<3xf32>) -> tensor<3xf32> {
  return %ct : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[X]] : tensor<3xf32>
// CHECK-NEXT:  return %[[SINE]] : tensor<3xf32>
