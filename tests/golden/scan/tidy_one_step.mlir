// RUN: stablelift opt %s --pipeline=lift-tidy,lift-inline | filecheck %s
// A loop of one step is its body; one of none gives back its start, and stacks of no elements.
func.func @main(%c: tensor<3xf32>, %x: tensor<1x3xf32>, %e: tensor<3x0xf32>)
    -> (tensor<3xf32>, tensor<3x1xf32>, tensor<3xf32>, tensor<0x3xf32>) {
  %0:2 = "lift.scan"(%c, %x) {callee = @step, num_consts = 0 : i64, num_carry = 1 : i64, length = 1 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [1]}
    : (tensor<3xf32>, tensor<1x3xf32>) -> (tensor<3xf32>, tensor<3x1xf32>)
  %1:2 = "lift.scan"(%c, %e) {callee = @step, num_consts = 0 : i64, num_carry = 1 : i64, length = 0 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [1], out_axes = [0]}
    : (tensor<3xf32>, tensor<3x0xf32>) -> (tensor<3xf32>, tensor<0x3xf32>)
  return %0#0, %0#1, %1#0, %1#1 : tensor<3xf32>, tensor<3x1xf32>, tensor<3xf32>, tensor<0x3xf32>
}
func.func private @step(%c: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.multiply %c, %x : tensor<3xf32>
  return %0, %x : tensor<3xf32>, tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[C:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<1x3xf32>,
// CHECK-NEXT:    %[[ROW:.*]] = stablehlo.reshape %[[X]]
// CHECK-NEXT:    %[[P:.*]] = stablehlo.multiply %[[C]], %[[ROW]]
// CHECK-NEXT:    %[[Y:.*]] = stablehlo.reshape %[[ROW]] : (tensor<3xf32>) -> tensor<3x1xf32>
// CHECK-NEXT:    %[[E:.*]] = stablehlo.constant {{.*}} : tensor<0x3xf32>
// CHECK-NEXT:    return %[[P]], %[[Y]], %[[C]], %[[E]]
