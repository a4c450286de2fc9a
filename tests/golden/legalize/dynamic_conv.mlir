// RUN: stablelift opt %s --pipeline=lift-legalize,canonicalize | filecheck %s
// The padding is an operand of the op, and an attribute of its static namesake.
func.func @main(%x: tensor<2x5x6x3xf32>, %w: tensor<2x3x3x4xf32>) -> tensor<2x5x5x4xf32> {
  %padding = stablehlo.constant dense<[[0, 1], [1, 0]]> : tensor<2x2xi32>
  %0 = "stablehlo.dynamic_conv"(%x, %w, %padding) {
    dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>,
    feature_group_count = 1 : i64, batch_group_count = 1 : i64
  } : (tensor<2x5x6x3xf32>, tensor<2x3x3x4xf32>, tensor<2x2xi32>) -> tensor<2x5x5x4xf32>
  return %0 : tensor<2x5x5x4xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<2x5x6x3xf32>, %[[W:.*]]: tensor<2x3x3x4xf32>)
// CHECK-NEXT:  %[[CONVOLUTION:.*]] = stablehlo.convolution(%[[X]], %[[W]]) dim_numbers = [b, 0, 1,
// CHECK-SAME:  f]x[0, 1, i, o]->[b, 0, 1, f], window = {pad = [[0, 1], [1, 0]]} {batch_group_count = 1 : i64,
// CHECK-SAME:  feature_group_count = 1 : i64} : (tensor<2x5x6x3xf32>, tensor<2x3x3x4xf32>) ->
// CHECK-SAME:  tensor<2x5x5x4xf32>
// CHECK-NEXT:  return %[[CONVOLUTION]] : tensor<2x5x5x4xf32>
