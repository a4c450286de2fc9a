// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Two steps in a body; the fifth is left for after the loop.
func.func @main(%rate: tensor<f32>, %sum: tensor<f32>, %xs: tensor<5xf32>)
    -> (tensor<f32>, tensor<5xf32>) {
  %0:2 = "lift.scan"(%rate, %sum, %xs) {callee = @step, num_consts = 1 : i64, num_carry = 1 : i64,
      length = 5 : i64, reverse = false, unroll = 2 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<f32>, tensor<f32>, tensor<5xf32>) -> (tensor<f32>, tensor<5xf32>)
  return %0#0, %0#1 : tensor<f32>, tensor<5xf32>
}
func.func private @step(%rate: tensor<f32>, %sum: tensor<f32>, %x: tensor<f32>)
    -> (tensor<f32>, tensor<f32>) {
  %0 = stablehlo.multiply %rate, %x : tensor<f32>
  %1 = stablehlo.add %sum, %0 : tensor<f32>
  return %1, %0 : tensor<f32>, tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[RATE:.*]]: tensor<f32>, %[[SUM:.*]]: tensor<f32>, %[[XS:.*]]: tensor<5xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT:  %[[CONST_B:.*]] = stablehlo.constant dense<4> : tensor<i32>
// CHECK-NEXT:  %[[CONST_C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK-NEXT:  %[[CONST_D:.*]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT:  %[[WHILE:.*]]:3 = stablehlo.while(%[[CARRY:.*]] = %[[CONST_D]], %[[CARRY_B:.*]] = %[[SUM]],
// CHECK-SAME:  %[[CARRY_C:.*]] = %[[CONST_C]]) : tensor<i32>, tensor<f32>, tensor<5xf32>
// CHECK-NEXT:  cond {
// CHECK-NEXT:  %[[COMPARE:.*]] = stablehlo.compare LT, %[[CARRY]], %[[CONST_B]]
// CHECK-NEXT:  stablehlo.return %[[COMPARE]] : tensor<i1>
// CHECK-NEXT:  } do {
// CHECK-NEXT:  %[[DYNAMIC_SLICE:.*]] = stablehlo.dynamic_slice %[[XS]], %[[CARRY]], sizes = [1]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[DYNAMIC_SLICE]] : (tensor<1xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[MULTIPLY:.*]] = stablehlo.multiply %[[RATE]], %[[RESHAPE]] : tensor<f32>
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[CARRY_B]], %[[MULTIPLY]] : tensor<f32>
// CHECK-NEXT:  %[[RESHAPE_B:.*]] = stablehlo.reshape %[[MULTIPLY]] : (tensor<f32>) -> tensor<1xf32>
// CHECK-NEXT:  %[[DYNAMIC_UPDATE_SLICE:.*]] = stablehlo.dynamic_update_slice %[[CARRY_C]], %[[RESHAPE_B]],
// CHECK-SAME:  %[[CARRY]]
// CHECK-NEXT:  %[[ADD_B:.*]] = stablehlo.add %[[CARRY]], %[[CONST]] : tensor<i32>
// CHECK-NEXT:  %[[DYNAMIC_SLICE_B:.*]] = stablehlo.dynamic_slice %[[XS]], %[[ADD_B]], sizes = [1]
// CHECK-NEXT:  %[[RESHAPE_C:.*]] = stablehlo.reshape %[[DYNAMIC_SLICE_B]] : (tensor<1xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[MULTIPLY_B:.*]] = stablehlo.multiply %[[RATE]], %[[RESHAPE_C]] : tensor<f32>
// CHECK-NEXT:  %[[ADD_C:.*]] = stablehlo.add %[[ADD]], %[[MULTIPLY_B]] : tensor<f32>
// CHECK-NEXT:  %[[RESHAPE_D:.*]] = stablehlo.reshape %[[MULTIPLY_B]] : (tensor<f32>) -> tensor<1xf32>
// CHECK-NEXT:  %[[DYNAMIC_UPDATE_SLICE_B:.*]] = stablehlo.dynamic_update_slice %[[DYNAMIC_UPDATE_SLICE]],
// CHECK-SAME:  %[[RESHAPE_D]], %[[ADD_B]]
// CHECK-NEXT:  %[[ADD_D:.*]] = stablehlo.add %[[ADD_B]], %[[CONST]] : tensor<i32>
// CHECK-NEXT:  stablehlo.return %[[ADD_D]], %[[ADD_C]], %[[DYNAMIC_UPDATE_SLICE_B]] : tensor<i32>,
// CHECK-SAME:  tensor<f32>, tensor<5xf32>
// CHECK-NEXT:  }
// CHECK-NEXT:  %[[DYNAMIC_SLICE_C:.*]] = stablehlo.dynamic_slice %[[XS]], %[[CONST_B]], sizes = [1]
// CHECK-NEXT:  %[[RESHAPE_E:.*]] = stablehlo.reshape %[[DYNAMIC_SLICE_C]] : (tensor<1xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[MULTIPLY_C:.*]] = stablehlo.multiply %[[RATE]], %[[RESHAPE_E]] : tensor<f32>
// CHECK-NEXT:  %[[ADD_E:.*]] = stablehlo.add %[[WHILE]]#1, %[[MULTIPLY_C]] : tensor<f32>
// CHECK-NEXT:  %[[RESHAPE_F:.*]] = stablehlo.reshape %[[MULTIPLY_C]] : (tensor<f32>) -> tensor<1xf32>
// CHECK-NEXT:  %[[DYNAMIC_UPDATE_SLICE_C:.*]] = stablehlo.dynamic_update_slice %[[WHILE]]#2,
// CHECK-SAME:  %[[RESHAPE_F]], %[[CONST_B]]
// CHECK-NEXT:  return %[[ADD_E]], %[[DYNAMIC_UPDATE_SLICE_C]] : tensor<f32>, tensor<5xf32>
