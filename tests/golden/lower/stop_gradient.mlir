// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The value itself.
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.stop_gradient"(%x) {} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:  return %[[X]] : tensor<3xf32>
