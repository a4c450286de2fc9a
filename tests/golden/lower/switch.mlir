// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// `case` takes its last branch for every index out of range: a negative one is made 0 first.
func.func @main(%index: tensor<i32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.switch"(%index, %x) {branches = [@sine, @same]} : (tensor<i32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @sine(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @same(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[INDEX:.*]]: tensor<i32>, %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT:  %[[MAXIMUM:.*]] = stablehlo.maximum %[[INDEX]], %[[CONST]] : tensor<i32>
// CHECK-NEXT:  %[[CASE:.*]] = "stablehlo.case"(%[[MAXIMUM]]) ({
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[X]] : tensor<3xf32>
// CHECK-NEXT:  stablehlo.return %[[SINE]] : tensor<3xf32>
// CHECK-NEXT:  }, {
// CHECK-NEXT:  stablehlo.return %[[X]] : tensor<3xf32>
// CHECK-NEXT:  }) : (tensor<i32>) -> tensor<3xf32>
// CHECK-NEXT:  return %[[CASE]] : tensor<3xf32>
