// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// No loop is left where one body would hold all steps.
func.func @main(%rate: tensor<f32>, %sum: tensor<f32>, %xs: tensor<2xf32>)
    -> (tensor<f32>, tensor<2xf32>) {
  %0:2 = "lift.scan"(%rate, %sum, %xs) {callee = @step, num_consts = 1 : i64, num_carry = 1 : i64,
      length = 2 : i64, reverse = false, unroll = 2 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<f32>, tensor<f32>, tensor<2xf32>) -> (tensor<f32>, tensor<2xf32>)
  return %0#0, %0#1 : tensor<f32>, tensor<2xf32>
}
func.func private @step(%rate: tensor<f32>, %sum: tensor<f32>, %x: tensor<f32>)
    -> (tensor<f32>, tensor<f32>) {
  %0 = stablehlo.multiply %rate, %x : tensor<f32>
  %1 = stablehlo.add %sum, %0 : tensor<f32>
  return %1, %0 : tensor<f32>, tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[RATE:.*]]: tensor<f32>, %[[SUM:.*]]: tensor<f32>, %[[XS:.*]]: tensor<2xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT:  %[[CONST_B:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<2xf32>
// CHECK-NEXT:  %[[CONST_C:.*]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT:  %[[DYNAMIC_SLICE:.*]] = stablehlo.dynamic_slice %[[XS]], %[[CONST_C]], sizes = [1]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[DYNAMIC_SLICE]] : (tensor<1xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[MULTIPLY:.*]] = stablehlo.multiply %[[RATE]], %[[RESHAPE]] : tensor<f32>
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[SUM]], %[[MULTIPLY]] : tensor<f32>
// CHECK-NEXT:  %[[RESHAPE_B:.*]] = stablehlo.reshape %[[MULTIPLY]] : (tensor<f32>) -> tensor<1xf32>
// CHECK-NEXT:  %[[DYNAMIC_UPDATE_SLICE:.*]] = stablehlo.dynamic_update_slice %[[CONST_B]], %[[RESHAPE_B]],
// CHECK-SAME:  %[[CONST_C]]
// CHECK-NEXT:  %[[DYNAMIC_SLICE_B:.*]] = stablehlo.dynamic_slice %[[XS]], %[[CONST]], sizes = [1]
// CHECK-NEXT:  %[[RESHAPE_C:.*]] = stablehlo.reshape %[[DYNAMIC_SLICE_B]] : (tensor<1xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[MULTIPLY_B:.*]] = stablehlo.multiply %[[RATE]], %[[RESHAPE_C]] : tensor<f32>
// CHECK-NEXT:  %[[ADD_B:.*]] = stablehlo.add %[[ADD]], %[[MULTIPLY_B]] : tensor<f32>
// CHECK-NEXT:  %[[RESHAPE_D:.*]] = stablehlo.reshape %[[MULTIPLY_B]] : (tensor<f32>) -> tensor<1xf32>
// CHECK-NEXT:  %[[DYNAMIC_UPDATE_SLICE_B:.*]] = stablehlo.dynamic_update_slice %[[DYNAMIC_UPDATE_SLICE]],
// CHECK-SAME:  %[[RESHAPE_D]], %[[CONST]]
// CHECK-NEXT:  return %[[ADD_B]], %[[DYNAMIC_UPDATE_SLICE_B]] : tensor<f32>, tensor<2xf32>
