// RUN: stablelift opt %s --pipeline=lift-fuse,lift-tidy | filecheck %s
// The second loop reads what the first stacks, through %t: one loop computes all of it, and %a is not stacked.
func.func @main(%c: tensor<3xf32>, %d: tensor<3xf32>, %x: tensor<5x3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %a:2 = "lift.scan"(%c, %x) {callee = @f, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = true, unroll = 1 : i64, in_axes = [0], out_axes = [0]} : (tensor<3xf32>, tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>)
  %t = stablehlo.tanh %a#1 : tensor<5x3xf32>
  %e = stablehlo.sine %a#0 : tensor<3xf32>
  %b = "lift.scan"(%d, %t, %x) {callee = @g, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = true, unroll = 1 : i64, in_axes = [0, 0], out_axes = []} : (tensor<3xf32>, tensor<5x3xf32>, tensor<5x3xf32>) -> tensor<3xf32>
  return %e, %b : tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%c: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.multiply %c, %x : tensor<3xf32>
  return %0, %c : tensor<3xf32>, tensor<3xf32>
}
func.func private @g(%d: tensor<3xf32>, %t: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.subtract %d, %t : tensor<3xf32>
  %1 = stablehlo.divide %0, %x : tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[C:.*]]: tensor<3xf32>, %[[D:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:    %[[R:.*]]:2 = "lift.scan"(%[[C]], %[[D]], %[[X]]) {callee = @g, in_axes = [0], {{.*}}out_axes = [], reverse = true
// CHECK-NEXT:    %[[E:.*]] = stablehlo.sine %[[R]]#0
// CHECK-NEXT:    return %[[E]], %[[R]]#1
// CHECK-LABEL: func.func private @g
// CHECK-SAME:    %[[IC:.*]]: tensor<3xf32>, %[[ID:.*]]: tensor<3xf32>, %[[IX:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[P:.*]] = stablehlo.multiply %[[IC]], %[[IX]]
// CHECK-NEXT:    %[[T:.*]] = stablehlo.tanh %[[IC]]
// CHECK-NEXT:    %[[S:.*]] = stablehlo.subtract %[[ID]], %[[T]]
// CHECK-NEXT:    %[[Q:.*]] = stablehlo.divide %[[S]], %[[IX]]
// CHECK-NEXT:    return %[[P]], %[[Q]]
