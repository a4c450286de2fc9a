// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The second carry starts shared and stays it; the first is mapped after one step, so it is mapped from the
// start.
// The scanned axis moves behind the batch.
func.func @main(%sum: tensor<f32>, %count: tensor<f32>, %xs: tensor<5x4xf32>)
    -> (tensor<5xf32>, tensor<f32>, tensor<5x4xf32>) {
  %0:3 = "lift.vmap"(%sum, %count, %xs) {callee = @f, axis_size = 5 : i64, in_axes = [unit, unit, 0],
      out_axes = [0, unit, 0]}
    : (tensor<f32>, tensor<f32>, tensor<5x4xf32>) -> (tensor<5xf32>, tensor<f32>, tensor<5x4xf32>)
  return %0#0, %0#1, %0#2 : tensor<5xf32>, tensor<f32>, tensor<5x4xf32>
}
func.func private @f(%sum: tensor<f32>, %count: tensor<f32>, %xs: tensor<4xf32>)
    -> (tensor<f32>, tensor<f32>, tensor<4xf32>) {
  %0:3 = "lift.scan"(%sum, %count, %xs) {callee = @step, num_consts = 0 : i64, num_carry = 2 : i64,
      length = 4 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<f32>, tensor<f32>, tensor<4xf32>) -> (tensor<f32>, tensor<f32>, tensor<4xf32>)
  return %0#0, %0#1, %0#2 : tensor<f32>, tensor<f32>, tensor<4xf32>
}
func.func private @step(%sum: tensor<f32>, %count: tensor<f32>, %x: tensor<f32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %0 = stablehlo.add %sum, %x : tensor<f32>
  %one = stablehlo.constant dense<1.0> : tensor<f32>
  %1 = stablehlo.add %count, %one : tensor<f32>
  return %0, %1, %0 : tensor<f32>, tensor<f32>, tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[SUM:.*]]: tensor<f32>, %[[COUNT:.*]]: tensor<f32>, %[[XS:.*]]: tensor<5x4xf32>)
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[SUM]], dims = []
// CHECK-NEXT:  %[[SCAN:.*]]:3 = "lift.scan"(%[[BROADCAST_IN_DIM]], %[[COUNT]], %[[XS]])
// CHECK-SAME:  {callee = @step__vmap, in_axes = [1], length = 4 : i64, num_carry = 2 : i64,
// CHECK-SAME:  num_consts = 0 : i64, out_axes = [1], reverse = false, unroll = 1 : i64}
// CHECK-NEXT:  return %[[SCAN]]#0, %[[SCAN]]#1, %[[SCAN]]#2 : tensor<5xf32>, tensor<f32>, tensor<5x4xf32>

// CHECK-LABEL: func.func private @step__vmap
// CHECK-SAME:  %[[A0:.*]]: tensor<5xf32>, %[[A1:.*]]: tensor<f32>, %[[A2:.*]]: tensor<5xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[A0]], %[[A2]] : tensor<5xf32>
// CHECK-NEXT:  %[[ADD_B:.*]] = stablehlo.add %[[A1]], %[[CONST]] : tensor<f32>
// CHECK-NEXT:  return %[[ADD]], %[[ADD_B]], %[[ADD]] : tensor<5xf32>, tensor<f32>, tensor<5xf32>
