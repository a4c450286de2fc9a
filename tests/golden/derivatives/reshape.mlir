// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A reshape back.
func.func public @forward(%x: tensor<2x6xf32>, %d: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x6xf32>, tensor<2x6xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>)
  return %y#1 : tensor<3x4xf32>
}
func.func public @reverse(%x: tensor<2x6xf32>, %ct: tensor<3x4xf32>) -> tensor<2x6xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x6xf32>, tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<2x6xf32>)
  return %y#1 : tensor<2x6xf32>
}
func.func private @f(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %y = stablehlo.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<2x6xf32>, %[[DX:.*]]: tensor<2x6xf32>
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[DX]]
// CHECK-NEXT:    return %[[RESHAPE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<2x6xf32>, %[[CT:.*]]: tensor<3x4xf32>
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[CT]]
// CHECK-NEXT:    return %[[RESHAPE]]
