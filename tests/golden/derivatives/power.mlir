// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// At an exponent of zero the power is constant; at a base of zero the logarithm counts as zero.
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
  %y = stablehlo.power %x0, %x1 : tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[DX0:.*]]: tensor<4xf32>, %[[DX1:.*]]: tensor<4xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK:         %[[POWER:.*]] = stablehlo.power %[[X0]], %[[X1]]
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare EQ, %[[X1]], %[[ZERO]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %[[ONE]], %[[X1]]
// CHECK:         %[[SUBTRACT:.*]] = stablehlo.subtract %[[X1]], %[[ONE]]
// CHECK:         %[[POWER2:.*]] = stablehlo.power %[[X0]], %[[SUBTRACT]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[SELECT]], %[[POWER2]]
// CHECK:         %[[SELECT2:.*]] = stablehlo.select %[[COMPARE]], %[[ZERO]], %[[MULTIPLY]]
// CHECK:         %[[COMPARE2:.*]] = stablehlo.compare EQ, %[[X0]], %[[ZERO]]
// CHECK:         %[[SELECT3:.*]] = stablehlo.select %[[COMPARE2]], %[[ONE]], %[[X0]]
// CHECK:         %[[LOG:.*]] = stablehlo.log %[[SELECT3]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[LOG]], %[[POWER]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[DX0]], %[[SELECT2]]
// CHECK:         %[[MULTIPLY4:.*]] = stablehlo.multiply %[[DX1]], %[[MULTIPLY2]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLY3]], %[[MULTIPLY4]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK:         %[[POWER:.*]] = stablehlo.power %[[X0]], %[[X1]]
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare EQ, %[[X1]], %[[ZERO]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %[[ONE]], %[[X1]]
// CHECK:         %[[SUBTRACT:.*]] = stablehlo.subtract %[[X1]], %[[ONE]]
// CHECK:         %[[POWER2:.*]] = stablehlo.power %[[X0]], %[[SUBTRACT]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[SELECT]], %[[POWER2]]
// CHECK:         %[[SELECT2:.*]] = stablehlo.select %[[COMPARE]], %[[ZERO]], %[[MULTIPLY]]
// CHECK:         %[[COMPARE2:.*]] = stablehlo.compare EQ, %[[X0]], %[[ZERO]]
// CHECK:         %[[SELECT3:.*]] = stablehlo.select %[[COMPARE2]], %[[ONE]], %[[X0]]
// CHECK:         %[[LOG:.*]] = stablehlo.log %[[SELECT3]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[LOG]], %[[POWER]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[CT]], %[[SELECT2]]
// CHECK:         %[[MULTIPLY4:.*]] = stablehlo.multiply %[[CT]], %[[MULTIPLY2]]
// CHECK-NEXT:    return %[[MULTIPLY3]], %[[MULTIPLY4]]
