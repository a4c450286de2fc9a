// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Each of the three tensors is the contraction of the other two.
func.func public @forward(%a: tensor<2x3x4xf32>, %b: tensor<5x2x4xf32>, %da: tensor<2x3x4xf32>, %db: tensor<5x2x4xf32>) -> tensor<2x3x5xf32> {
  %y:2 = "lift.jvp"(%a, %b, %da, %db) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x3x4xf32>, tensor<5x2x4xf32>, tensor<2x3x4xf32>, tensor<5x2x4xf32>) -> (tensor<2x3x5xf32>, tensor<2x3x5xf32>)
  return %y#1 : tensor<2x3x5xf32>
}
func.func public @reverse(%a: tensor<2x3x4xf32>, %b: tensor<5x2x4xf32>, %ct: tensor<2x3x5xf32>) -> (tensor<2x3x4xf32>, tensor<5x2x4xf32>) {
  %y:3 = "lift.vjp"(%a, %b, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x3x4xf32>, tensor<5x2x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5xf32>, tensor<2x3x4xf32>, tensor<5x2x4xf32>)
  return %y#1, %y#2 : tensor<2x3x4xf32>, tensor<5x2x4xf32>
}
func.func private @f(%a: tensor<2x3x4xf32>, %b: tensor<5x2x4xf32>) -> tensor<2x3x5xf32> {
  %y = stablehlo.dot_general %a, %b, batching_dims = [0] x [1], contracting_dims = [2] x [2], precision = [HIGHEST, DEFAULT] : (tensor<2x3x4xf32>, tensor<5x2x4xf32>) -> tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[A:.*]]: tensor<2x3x4xf32>, %[[B:.*]]: tensor<5x2x4xf32>, %[[DA:.*]]: tensor<2x3x4xf32>, %[[DB:.*]]: tensor<5x2x4xf32>
// CHECK:         %[[DOT:.*]] = stablehlo.dot_general %[[DA]], %[[B]], batching_dims = [0] x [1], contracting_dims = [2] x [2], precision = [HIGHEST, DEFAULT]
// CHECK:         %[[DOTB:.*]] = stablehlo.dot_general %[[A]], %[[DB]], batching_dims = [0] x [1], contracting_dims = [2] x [2], precision = [HIGHEST, DEFAULT]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[DOT]], %[[DOTB]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[A:.*]]: tensor<2x3x4xf32>, %[[B:.*]]: tensor<5x2x4xf32>, %[[CT:.*]]: tensor<2x3x5xf32>
// CHECK:         %[[DOT:.*]] = stablehlo.dot_general %[[CT]], %[[B]], batching_dims = [0] x [1], contracting_dims = [2] x [0], precision = [HIGHEST, DEFAULT]
// CHECK:         %[[DOTB:.*]] = stablehlo.dot_general %[[CT]], %[[A]], batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [HIGHEST, DEFAULT]
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[DOTB]], dims = [1, 0, 2]
// CHECK-NEXT:    return %[[DOT]], %[[TRANSPOSE]]
