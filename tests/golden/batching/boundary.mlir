// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The boundary moves axes: a mapped axis 1 comes to the front and leaves for axis 1 again.
func.func @main(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [1], out_axes = [1]}
    : (tensor<3x5xf32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.tanh %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<3x5xf32>)
// CHECK-NEXT:  %[[TRANSPOSE:.*]] = stablehlo.transpose %[[X]], dims = [1, 0]
// CHECK-NEXT:  %[[TANH:.*]] = stablehlo.tanh %[[TRANSPOSE]] : tensor<5x3xf32>
// CHECK-NEXT:  %[[TRANSPOSE_B:.*]] = stablehlo.transpose %[[TANH]], dims = [1, 0]
// CHECK-NEXT:  return %[[TRANSPOSE_B]] : tensor<3x5xf32>
