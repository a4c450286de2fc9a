// RUN: stablelift opt %s --pipeline=lift-raise | filecheck %s
// What a branch uses from outside becomes an argument of all branches; an index out of range means the last.
func.func @main(%i: tensor<i32>, %x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "stablehlo.case"(%i) ({
    %1 = stablehlo.sine %x : tensor<3xf32>
    stablehlo.return %1 : tensor<3xf32>
  }, {
    stablehlo.return %y : tensor<3xf32>
  }) : (tensor<i32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[I:.*]]: tensor<i32>, %[[X:.*]]: tensor<3xf32>, %[[Y:.*]]: tensor<3xf32>
// CHECK:         %[[LAST:.*]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK:         %[[BELOW:.*]] = stablehlo.compare LT, %[[I]]
// CHECK-NEXT:    %[[J:.*]] = stablehlo.select %[[BELOW]], %[[LAST]], %[[I]]
// CHECK-NEXT:    "lift.switch"(%[[J]], %[[X]], %[[Y]]) {branches = [@branch_0, @branch_1]}
// CHECK-LABEL: func.func private @branch_0
// CHECK-NEXT:    stablehlo.sine %arg0
// CHECK-LABEL: func.func private @branch_1
// CHECK-NEXT:    return %arg1
