// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// polygamma(1, x): the order comes first.
func.func public @forward(%x: tensor<6xf32>, %dx: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func public @reverse(%x: tensor<6xf32>, %ct: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func private @f(%x: tensor<6xf32>) -> tensor<6xf32> {
  %y = chlo.digamma %x : tensor<6xf32> -> tensor<6xf32>
  return %y : tensor<6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<6xf32>, %[[DX:.*]]: tensor<6xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK:         %[[POLYGAMMA:.*]] = chlo.polygamma %[[ONE]], %[[X]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[DX]], %[[POLYGAMMA]]
// CHECK-NEXT:    return %[[PRODUCT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<6xf32>, %[[CT:.*]]: tensor<6xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK:         %[[POLYGAMMA:.*]] = chlo.polygamma %[[ONE]], %[[X]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[CT]], %[[POLYGAMMA]]
// CHECK-NEXT:    return %[[PRODUCT]]
