// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// One branch is taken whatever the index.
func.func @main(%index: tensor<i32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.switch"(%index, %x) {branches = [@sine]} : (tensor<i32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @sine(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[INDEX:.*]]: tensor<i32>, %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[X]] : tensor<3xf32>
// CHECK-NEXT:  return %[[SINE]] : tensor<3xf32>
