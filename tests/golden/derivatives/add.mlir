// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The identity of each operand: nothing is emitted but the sum of the tangents.
func.func public @forward(%x0: tensor<4xf32>, %x1: tensor<4xf32>, %d0: tensor<4xf32>, %d1: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x0, %x1, %d0, %d1) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x0: tensor<4xf32>, %x1: tensor<4xf32>, %ct: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y:3 = "lift.vjp"(%x0, %x1, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y#1, %y#2 : tensor<4xf32>, tensor<4xf32>
}
func.func private @f(%x0: tensor<4xf32>, %x1: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.add %x0, %x1 : tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[DX0:.*]]: tensor<4xf32>, %[[DX1:.*]]: tensor<4xf32>
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[DX0]], %[[DX1]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK-NEXT:    return %[[CT]], %[[CT]]
