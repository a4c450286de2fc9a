// RUN: stablelift opt %s --pipeline=lift-lower,cse | filecheck %s
// Twenty rounds of one addition, one rotation and one exclusive or; the first four rotate by 13, 15, 26 and 6.
func.func @main(%key1: tensor<ui32>, %key2: tensor<ui32>, %x: tensor<ui32>, %y: tensor<ui32>) -> tensor<ui32> {
  %0:2 = "lift.threefry2x32"(%key1, %key2, %x, %y) : (tensor<ui32>, tensor<ui32>, tensor<ui32>, tensor<ui32>) -> (tensor<ui32>, tensor<ui32>)
  return %0#0 : tensor<ui32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[KEY1:.*]]: tensor<ui32>, %[[KEY2:.*]]: tensor<ui32>, %[[X:.*]]: tensor<ui32>, %[[Y:.*]]: tensor<ui32>)
// CHECK:       %[[KEYS:.*]] = stablehlo.xor %[[KEY1]], %[[KEY2]]
// CHECK-NEXT:  %[[PARITY:.*]] = stablehlo.constant dense<466688986>
// CHECK-NEXT:  %[[KEY3:.*]] = stablehlo.xor %[[KEYS]], %[[PARITY]]
// CHECK-NEXT:  %[[X0:.*]] = stablehlo.add %[[X]], %[[KEY1]]
// CHECK-NEXT:  %[[Y0:.*]] = stablehlo.add %[[Y]], %[[KEY2]]
// CHECK-NEXT:  %[[X1:.*]] = stablehlo.add %[[X0]], %[[Y0]]
// CHECK-NEXT:  %[[C13:.*]] = stablehlo.constant dense<13>
// CHECK-NEXT:  %[[LEFT:.*]] = stablehlo.shift_left %[[Y0]], %[[C13]]
// CHECK-NEXT:  %[[C19:.*]] = stablehlo.constant dense<19>
// CHECK-NEXT:  %[[RIGHT:.*]] = stablehlo.shift_right_logical %[[Y0]], %[[C19]]
// CHECK-NEXT:  %[[ROTATED:.*]] = stablehlo.or %[[LEFT]], %[[RIGHT]]
// CHECK-NEXT:  %[[Y1:.*]] = stablehlo.xor %[[X1]], %[[ROTATED]]
// CHECK-NEXT:  stablehlo.add %[[X1]], %[[Y1]]
// CHECK-COUNT-19: stablehlo.shift_left
// CHECK-NOT:   stablehlo.shift_left
// CHECK:       return
