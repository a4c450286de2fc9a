// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The scanned axis is the second of the operand and the first of the result.
func.func @main(%xs: tensor<3x5xf32>) -> tensor<5x3xf32> {
  %0 = "lift.scan"(%xs) {callee = @step, num_consts = 0 : i64, num_carry = 0 : i64, length = 5 : i64,
      reverse = false, unroll = 1 : i64, in_axes = [1], out_axes = [0]} : (tensor<3x5xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @step(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[XS:.*]]: tensor<3x5xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT:  %[[CONST_B:.*]] = stablehlo.constant dense<5> : tensor<i32>
// CHECK-NEXT:  %[[CONST_C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5x3xf32>
// CHECK-NEXT:  %[[CONST_D:.*]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT:  %[[WHILE:.*]]:2 = stablehlo.while(%[[CARRY:.*]] = %[[CONST_D]],
// CHECK-SAME:  %[[CARRY_B:.*]] = %[[CONST_C]]) : tensor<i32>, tensor<5x3xf32>
// CHECK-NEXT:  cond {
// CHECK-NEXT:  %[[COMPARE:.*]] = stablehlo.compare LT, %[[CARRY]], %[[CONST_B]]
// CHECK-NEXT:  stablehlo.return %[[COMPARE]] : tensor<i1>
// CHECK-NEXT:  } do {
// CHECK-NEXT:  %[[DYNAMIC_SLICE:.*]] = stablehlo.dynamic_slice %[[XS]], %[[CONST_D]], %[[CARRY]],
// CHECK-SAME:  sizes = [3, 1]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[DYNAMIC_SLICE]] : (tensor<3x1xf32>) -> tensor<3xf32>
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[RESHAPE]] : tensor<3xf32>
// CHECK-NEXT:  %[[RESHAPE_B:.*]] = stablehlo.reshape %[[SINE]] : (tensor<3xf32>) -> tensor<1x3xf32>
// CHECK-NEXT:  %[[DYNAMIC_UPDATE_SLICE:.*]] = stablehlo.dynamic_update_slice %[[CARRY_B]], %[[RESHAPE_B]],
// CHECK-SAME:  %[[CARRY]], %[[CONST_D]]
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[CARRY]], %[[CONST]] : tensor<i32>
// CHECK-NEXT:  stablehlo.return %[[ADD]], %[[DYNAMIC_UPDATE_SLICE]] : tensor<i32>, tensor<5x3xf32>
// CHECK-NEXT:  }
// CHECK-NEXT:  return %[[WHILE]]#1 : tensor<5x3xf32>
