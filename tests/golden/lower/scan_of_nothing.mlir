// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Without steps the carry is what it was, and the results are stacks of nothing.
func.func @main(%rate: tensor<f32>, %sum: tensor<f32>, %xs: tensor<0xf32>)
    -> (tensor<f32>, tensor<0xf32>) {
  %0:2 = "lift.scan"(%rate, %sum, %xs) {callee = @step, num_consts = 1 : i64, num_carry = 1 : i64,
      length = 0 : i64, reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<f32>, tensor<f32>, tensor<0xf32>) -> (tensor<f32>, tensor<0xf32>)
  return %0#0, %0#1 : tensor<f32>, tensor<0xf32>
}
func.func private @step(%rate: tensor<f32>, %sum: tensor<f32>, %x: tensor<f32>)
    -> (tensor<f32>, tensor<f32>) {
  %0 = stablehlo.multiply %rate, %x : tensor<f32>
  %1 = stablehlo.add %sum, %0 : tensor<f32>
  return %1, %0 : tensor<f32>, tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[RATE:.*]]: tensor<f32>, %[[SUM:.*]]: tensor<f32>, %[[XS:.*]]: tensor<0xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<0xf32>
// CHECK-NEXT:  return %[[SUM]], %[[CONST]] : tensor<f32>, tensor<0xf32>
