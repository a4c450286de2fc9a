// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A permutation that is not its own inverse.
func.func public @forward(%x: tensor<2x3x4xf32>, %dx: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> (tensor<4x2x3xf32>, tensor<4x2x3xf32>)
  return %y#1 : tensor<4x2x3xf32>
}
func.func public @reverse(%x: tensor<2x3x4xf32>, %ct: tensor<4x2x3xf32>) -> tensor<2x3x4xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x3x4xf32>, tensor<4x2x3xf32>) -> (tensor<4x2x3xf32>, tensor<2x3x4xf32>)
  return %y#1 : tensor<2x3x4xf32>
}
func.func private @f(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %y = stablehlo.transpose %x, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  return %y : tensor<4x2x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<2x3x4xf32>, %[[DX:.*]]: tensor<2x3x4xf32>
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[DX]], dims = [2, 0, 1]
// CHECK-NEXT:    return %[[TRANSPOSE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<2x3x4xf32>, %[[CT:.*]]: tensor<4x2x3xf32>
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[CT]], dims = [1, 2, 0]
// CHECK-NEXT:    return %[[TRANSPOSE]]
