// RUN: stablelift opt %s --pipeline='lift-prune' | filecheck %s
// An argument that a function hands back is the operand itself, and what it returns twice is one result.
func.func public @main(%w: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %y:3 = call @f(%w) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>)
  return %y#0, %y#1, %y#2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%w: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %y = stablehlo.sine %w : tensor<3xf32>
  return %y, %w, %y : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}
// CHECK:       func.func public @main(%[[W:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[Y:.*]] = call @f(%[[W]]) : (tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT:    return %[[Y]], %[[W]], %[[Y]]
