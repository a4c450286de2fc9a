// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The cotangent goes where the value came from, zeros to the other side; the predicate has none.
func.func public @forward(%x0: tensor<4xi1>, %x1: tensor<4xf32>, %x2: tensor<4xf32>, %d0: tensor<4xf32>, %d1: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x0, %x1, %x2, %d0, %d1) {callee = @f, wrt = [1, 2], of = [0]}
       : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x0: tensor<4xi1>, %x1: tensor<4xf32>, %x2: tensor<4xf32>, %ct: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y:3 = "lift.vjp"(%x0, %x1, %x2, %ct) {callee = @f, wrt = [1, 2], of = [0]}
       : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y#1, %y#2 : tensor<4xf32>, tensor<4xf32>
}
func.func private @f(%x0: tensor<4xi1>, %x1: tensor<4xf32>, %x2: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.select %x0, %x1, %x2 : tensor<4xi1>, tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<4xi1>, %[[X1:.*]]: tensor<4xf32>, %[[X2:.*]]: tensor<4xf32>, %[[DX0:.*]]: tensor<4xf32>, %[[DX1:.*]]: tensor<4xf32>
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[X0]], %[[DX0]], %[[DX1]]
// CHECK-NEXT:    return %[[SELECT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<4xi1>, %[[X1:.*]]: tensor<4xf32>, %[[X2:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[X0]], %[[CT]], %[[ZERO]]
// CHECK:         %[[SELECT2:.*]] = stablehlo.select %[[X0]], %[[ZERO]], %[[CT]]
// CHECK-NEXT:    return %[[SELECT]], %[[SELECT2]]
