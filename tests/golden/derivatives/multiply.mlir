// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A repeated operand: both of its uses count.
func.func public @forward(%x: tensor<6xf32>, %dx: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func public @reverse(%x: tensor<6xf32>, %ct: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func private @f(%x: tensor<6xf32>) -> tensor<6xf32> {
  %y = stablehlo.multiply %x, %x : tensor<6xf32>
  return %y : tensor<6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<6xf32>, %[[DX:.*]]: tensor<6xf32>
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[DX]], %[[X]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[PRODUCT]], %[[PRODUCT]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<6xf32>, %[[CT:.*]]: tensor<6xf32>
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[CT]], %[[X]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[PRODUCT]], %[[PRODUCT]]
// CHECK-NEXT:    return %[[ADD]]
