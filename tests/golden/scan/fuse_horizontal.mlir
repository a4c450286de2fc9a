// RUN: stablelift opt %s --pipeline=lift-fuse,lift-tidy | filecheck %s
// The same loop twice, as a function and its gradient leave it, the second time with one more stacked result: once is
// enough. The third has another direction and stays.
func.func @main(%c: tensor<3xf32>, %x: tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>, tensor<3xf32>) {
  %a = "lift.scan"(%c, %x) {callee = @f, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = []} : (tensor<3xf32>, tensor<5x3xf32>) -> tensor<3xf32>
  %b:2 = "lift.scan"(%c, %x) {callee = @g, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0]} : (tensor<3xf32>, tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>)
  %d = "lift.scan"(%c, %x) {callee = @f, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = true, unroll = 1 : i64, in_axes = [0], out_axes = []} : (tensor<3xf32>, tensor<5x3xf32>) -> tensor<3xf32>
  return %a, %b#1, %d : tensor<3xf32>, tensor<5x3xf32>, tensor<3xf32>
}
func.func private @f(%c: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.multiply %c, %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @g(%c: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.multiply %c, %x : tensor<3xf32>
  return %0, %c : tensor<3xf32>, tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[C:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:    %[[R:.*]]:2 = "lift.scan"(%[[C]], %[[X]]) {{.*}}num_carry = 1 : i64, {{.*}}out_axes = [0], reverse = false
// CHECK-NEXT:    %[[D:.*]] = "lift.scan"(%[[C]], %[[X]]) {{.*}}reverse = true
// CHECK-NEXT:    return %[[R]]#0, %[[R]]#1, %[[D]]
