// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The angle of a point: both partial derivatives are over its squared distance.
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
  %y = stablehlo.atan2 %x0, %x1 : tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[DX0:.*]]: tensor<4xf32>, %[[DX1:.*]]: tensor<4xf32>
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[X0]], %[[X0]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[X1]], %[[X1]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLY]], %[[MULTIPLY2]]
// CHECK:         %[[DIVIDE:.*]] = stablehlo.divide %[[X1]], %[[ADD]]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[X0]]
// CHECK:         %[[DIVIDE2:.*]] = stablehlo.divide %[[NEGATE]], %[[ADD]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[DX0]], %[[DIVIDE]]
// CHECK:         %[[MULTIPLY4:.*]] = stablehlo.multiply %[[DX1]], %[[DIVIDE2]]
// CHECK:         %[[ADD2:.*]] = stablehlo.add %[[MULTIPLY3]], %[[MULTIPLY4]]
// CHECK-NEXT:    return %[[ADD2]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[X0]], %[[X0]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[X1]], %[[X1]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLY]], %[[MULTIPLY2]]
// CHECK:         %[[DIVIDE:.*]] = stablehlo.divide %[[X1]], %[[ADD]]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[X0]]
// CHECK:         %[[DIVIDE2:.*]] = stablehlo.divide %[[NEGATE]], %[[ADD]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[CT]], %[[DIVIDE]]
// CHECK:         %[[MULTIPLY4:.*]] = stablehlo.multiply %[[CT]], %[[DIVIDE2]]
// CHECK-NEXT:    return %[[MULTIPLY3]], %[[MULTIPLY4]]
