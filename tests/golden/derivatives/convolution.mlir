// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A window that moves by 2 over distances of 3, with padding: for the left operand stride and base dilation change places.
func.func public @forward(%x: tensor<2x5x3xf32>, %k: tensor<3x3x4xf32>, %dx: tensor<2x5x3xf32>, %dk: tensor<3x3x4xf32>) -> tensor<2x8x4xf32> {
  %y:2 = "lift.jvp"(%x, %k, %dx, %dk) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x5x3xf32>, tensor<3x3x4xf32>, tensor<2x5x3xf32>, tensor<3x3x4xf32>) -> (tensor<2x8x4xf32>, tensor<2x8x4xf32>)
  return %y#1 : tensor<2x8x4xf32>
}
func.func public @reverse(%x: tensor<2x5x3xf32>, %k: tensor<3x3x4xf32>, %ct: tensor<2x8x4xf32>) -> (tensor<2x5x3xf32>, tensor<3x3x4xf32>) {
  %y:3 = "lift.vjp"(%x, %k, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x5x3xf32>, tensor<3x3x4xf32>, tensor<2x8x4xf32>) -> (tensor<2x8x4xf32>, tensor<2x5x3xf32>, tensor<3x3x4xf32>)
  return %y#1, %y#2 : tensor<2x5x3xf32>, tensor<3x3x4xf32>
}
func.func private @f(%x: tensor<2x5x3xf32>, %k: tensor<3x3x4xf32>) -> tensor<2x8x4xf32> {
  %y = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f],
      window = {stride = [2], pad = [[4, 3]], lhs_dilate = [3], rhs_dilate = [2]}
      {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
      : (tensor<2x5x3xf32>, tensor<3x3x4xf32>) -> tensor<2x8x4xf32>
  return %y : tensor<2x8x4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<2x5x3xf32>, %[[K:.*]]: tensor<3x3x4xf32>, %[[DX:.*]]: tensor<2x5x3xf32>, %[[DK:.*]]: tensor<3x3x4xf32>
// CHECK:         %[[CONVOLUTION:.*]] = stablehlo.convolution(%[[DX]], %[[K]]) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [2], pad = [[4, 3]], lhs_dilate = [3], rhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
// CHECK:         %[[CONVOLUTIONB:.*]] = stablehlo.convolution(%[[X]], %[[DK]]) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [2], pad = [[4, 3]], lhs_dilate = [3], rhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[CONVOLUTION]], %[[CONVOLUTIONB]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<2x5x3xf32>, %[[K:.*]]: tensor<3x3x4xf32>, %[[CT:.*]]: tensor<2x8x4xf32>
// CHECK:         %[[REVERSE:.*]] = stablehlo.reverse %[[K]], dims = [0]
// CHECK:         %[[CONVOLUTION:.*]] = stablehlo.convolution(%[[CT]], %[[REVERSE]]) dim_numbers = [b, 0, f]x[0, o, i]->[b, 0, f], window = {stride = [3], pad = [[0, 2]], lhs_dilate = [2], rhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
// CHECK:         %[[CONVOLUTIONB:.*]] = stablehlo.convolution(%[[X]], %[[CT]]) dim_numbers = [f, 0, b]x[i, 0, o]->[0, b, f], window = {stride = [2], pad = [[4, 2]], lhs_dilate = [3], rhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
// CHECK-NEXT:    return %[[CONVOLUTION]], %[[CONVOLUTIONB]]
