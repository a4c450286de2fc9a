// RUN: stablelift opt %s --pipeline=lift-legalize,canonicalize | filecheck %s
// An einsum is a contraction; its result's axes are put in order.
func.func @main(%x: tensor<2x3x4xf32>, %y: tensor<4x2x5xf32>) -> tensor<5x2x3xf32> {
  %0 = stablehlo.einsum %x, %y, config = "aij,jak->kai"
    : (tensor<2x3x4xf32>, tensor<4x2x5xf32>) -> tensor<5x2x3xf32>
  return %0 : tensor<5x2x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<2x3x4xf32>, %[[Y:.*]]: tensor<4x2x5xf32>)
// CHECK-NEXT:  %[[DOT_GENERAL:.*]] = stablehlo.dot_general %[[X]], %[[Y]], batching_dims = [0] x [1],
// CHECK-SAME:  contracting_dims = [2] x [0]
// CHECK-NEXT:  %[[TRANSPOSE:.*]] = stablehlo.transpose %[[DOT_GENERAL]], dims = [2, 0, 1]
// CHECK-NEXT:  return %[[TRANSPOSE]] : tensor<5x2x3xf32>
