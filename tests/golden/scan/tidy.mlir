// RUN: stablelift opt %s --pipeline=lift-tidy | filecheck %s
// %w comes in twice, %k is carried unchanged, %d starts and goes on like %c, %n is carried for nothing; of the stacked
// results one is unused, one is the constant %w, one the stacked input.
func.func @main(%w: tensor<3xf32>, %k: tensor<3xf32>, %c: tensor<3xf32>, %n: tensor<i32>, %x: tensor<5x3xf32>)
    -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>, tensor<3x5xf32>) {
  %0:7 = "lift.scan"(%w, %w, %k, %c, %c, %n, %x) {callee = @step, num_consts = 2 : i64, num_carry = 4 : i64,
    length = 5 : i64, reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0, 0, 1]}
    : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<i32>, tensor<5x3xf32>)
    -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<i32>, tensor<5x3xf32>, tensor<5x3xf32>, tensor<3x5xf32>)
  return %0#0, %0#1, %0#2, %0#5, %0#6
    : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>, tensor<3x5xf32>
}
func.func private @step(%w: tensor<3xf32>, %v: tensor<3xf32>, %k: tensor<3xf32>, %c: tensor<3xf32>,
    %d: tensor<3xf32>, %n: tensor<i32>, %x: tensor<3xf32>)
    -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<i32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.multiply %w, %c : tensor<3xf32>
  %1 = stablehlo.add %0, %k : tensor<3xf32>
  %2 = stablehlo.multiply %v, %d : tensor<3xf32>
  %3 = stablehlo.add %2, %k : tensor<3xf32>
  %4 = stablehlo.add %n, %n : tensor<i32>
  return %k, %1, %3, %4, %1, %v, %x
    : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<i32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[W:.*]]: tensor<3xf32>, %[[K:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>, %{{.*}}, %[[X:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:    %[[WS:.*]] = stablehlo.broadcast_in_dim %[[W]], dims = [1]
// CHECK-NEXT:    %[[XT:.*]] = stablehlo.transpose %[[X]], dims = [1, 0]
// CHECK-NEXT:    %[[R:.*]] = "lift.scan"(%[[W]], %[[K]], %[[C]]) {callee = @step, in_axes = [],
// CHECK-SAME:      num_carry = 1 : i64, num_consts = 2 : i64, out_axes = []
// CHECK-NEXT:    return %[[K]], %[[R]], %[[R]], %[[WS]], %[[XT]]
// CHECK-LABEL: func.func private @step
// CHECK-SAME:    %[[IW:.*]]: tensor<3xf32>, %[[IK:.*]]: tensor<3xf32>, %[[IC:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[P:.*]] = stablehlo.multiply %[[IW]], %[[IC]]
// CHECK-NEXT:    %[[Q:.*]] = stablehlo.add %[[P]], %[[IK]]
// CHECK-NEXT:    return %[[Q]]
