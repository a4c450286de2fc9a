// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Groups of the features: the kernel's move from its result features to its summed ones, the right operand is a convolution in groups of the batch.
func.func public @forward(%x: tensor<2x7x6xf32>, %k: tensor<3x2x9xf32>, %dx: tensor<2x7x6xf32>, %dk: tensor<3x2x9xf32>) -> tensor<2x5x9xf32> {
  %y:2 = "lift.jvp"(%x, %k, %dx, %dk) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x7x6xf32>, tensor<3x2x9xf32>, tensor<2x7x6xf32>, tensor<3x2x9xf32>) -> (tensor<2x5x9xf32>, tensor<2x5x9xf32>)
  return %y#1 : tensor<2x5x9xf32>
}
func.func public @reverse(%x: tensor<2x7x6xf32>, %k: tensor<3x2x9xf32>, %ct: tensor<2x5x9xf32>) -> (tensor<2x7x6xf32>, tensor<3x2x9xf32>) {
  %y:3 = "lift.vjp"(%x, %k, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x7x6xf32>, tensor<3x2x9xf32>, tensor<2x5x9xf32>) -> (tensor<2x5x9xf32>, tensor<2x7x6xf32>, tensor<3x2x9xf32>)
  return %y#1, %y#2 : tensor<2x7x6xf32>, tensor<3x2x9xf32>
}
func.func private @f(%x: tensor<2x7x6xf32>, %k: tensor<3x2x9xf32>) -> tensor<2x5x9xf32> {
  %y = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {}
      {batch_group_count = 1 : i64, feature_group_count = 3 : i64}
      : (tensor<2x7x6xf32>, tensor<3x2x9xf32>) -> tensor<2x5x9xf32>
  return %y : tensor<2x5x9xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<2x7x6xf32>, %[[K:.*]]: tensor<3x2x9xf32>, %[[DX:.*]]: tensor<2x7x6xf32>, %[[DK:.*]]: tensor<3x2x9xf32>
// CHECK:         %[[CONVOLUTION:.*]] = stablehlo.convolution(%[[DX]], %[[K]]) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 3 : i64}
// CHECK:         %[[CONVOLUTIONB:.*]] = stablehlo.convolution(%[[X]], %[[DK]]) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 3 : i64}
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[CONVOLUTION]], %[[CONVOLUTIONB]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<2x7x6xf32>, %[[K:.*]]: tensor<3x2x9xf32>, %[[CT:.*]]: tensor<2x5x9xf32>
// CHECK:         %[[REVERSE:.*]] = stablehlo.reverse %[[K]], dims = [0]
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[REVERSE]]
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[RESHAPE]], dims = [0, 2, 1, 3]
// CHECK:         %[[RESHAPEB:.*]] = stablehlo.reshape %[[TRANSPOSE]]
// CHECK:         %[[CONVOLUTION:.*]] = stablehlo.convolution(%[[CT]], %[[RESHAPEB]]) dim_numbers = [b, 0, f]x[0, o, i]->[b, 0, f], window = {stride = [1], pad = [[2, 2]], lhs_dilate = [1], rhs_dilate = [1]} {batch_group_count = 1 : i64, feature_group_count = 3 : i64}
// CHECK:         %[[CONVOLUTIONB:.*]] = stablehlo.convolution(%[[X]], %[[CT]]) dim_numbers = [f, 0, b]x[i, 0, o]->[0, b, f], window = {stride = [1], pad = [[0, 0]], lhs_dilate = [1], rhs_dilate = [1]} {batch_group_count = 3 : i64, feature_group_count = 1 : i64}
// CHECK-NEXT:    return %[[CONVOLUTION]], %[[CONVOLUTIONB]]
