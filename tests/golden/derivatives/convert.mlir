// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The cotangent is converted back to the operand's type.
func.func public @forward(%x: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xbf16> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xbf16>, tensor<4xbf16>)
  return %y#1 : tensor<4xbf16>
}
func.func public @reverse(%x: tensor<4xf32>, %ct: tensor<4xbf16>) -> tensor<4xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xbf16>) -> (tensor<4xbf16>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xbf16> {
  %y = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xbf16>
  return %y : tensor<4xbf16>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[CONVERT:.*]] = stablehlo.convert %[[DX]]
// CHECK-NEXT:    return %[[CONVERT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xbf16>
// CHECK:         %[[CONVERT:.*]] = stablehlo.convert %[[CT]]
// CHECK-NEXT:    return %[[CONVERT]]
