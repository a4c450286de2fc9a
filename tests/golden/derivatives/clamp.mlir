// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A tangent passes strictly inside of the bounds; a scalar bound sums.
func.func public @forward(%l: tensor<f32>, %x: tensor<6xf32>, %h: tensor<f32>, %dx: tensor<6xf32>, %dh: tensor<f32>) -> tensor<6xf32> {
  %y:2 = "lift.jvp"(%l, %x, %h, %dx, %dh) {callee = @f, wrt = [1, 2], of = [0]}
       : (tensor<f32>, tensor<6xf32>, tensor<f32>, tensor<6xf32>, tensor<f32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func public @reverse(%l: tensor<f32>, %x: tensor<6xf32>, %h: tensor<f32>, %ct: tensor<6xf32>) -> (tensor<6xf32>, tensor<f32>) {
  %y:3 = "lift.vjp"(%l, %x, %h, %ct) {callee = @f, wrt = [1, 2], of = [0]}
       : (tensor<f32>, tensor<6xf32>, tensor<f32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>, tensor<f32>)
  return %y#1, %y#2 : tensor<6xf32>, tensor<f32>
}
func.func private @f(%l: tensor<f32>, %x: tensor<6xf32>, %h: tensor<f32>) -> tensor<6xf32> {
  %y = stablehlo.clamp %l, %x, %h : (tensor<f32>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[L:.*]]: tensor<f32>, %[[X:.*]]: tensor<6xf32>, %[[H:.*]]: tensor<f32>, %[[DX:.*]]: tensor<6xf32>, %[[DH:.*]]: tensor<f32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[L]], dims = []
// CHECK:         %[[BROADCAST_IN_DIMB:.*]] = stablehlo.broadcast_in_dim %[[H]], dims = []
// CHECK:         %[[MASK:.*]] = stablehlo.compare GT, %[[X]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[MASKB:.*]] = stablehlo.compare LT, %[[X]], %[[BROADCAST_IN_DIMB]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[MASK]], %[[MASKB]]
// CHECK:         %[[MASKC:.*]] = stablehlo.compare LT, %[[BROADCAST_IN_DIMB]], %[[X]]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[AND]], %[[DX]], %[[ZERO]]
// CHECK:         %[[BROADCAST_IN_DIMC:.*]] = stablehlo.broadcast_in_dim %[[DH]], dims = []
// CHECK:         %[[CHOSENB:.*]] = stablehlo.select %[[MASKC]], %[[BROADCAST_IN_DIMC]], %[[ZERO]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[CHOSEN]], %[[CHOSENB]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[L:.*]]: tensor<f32>, %[[X:.*]]: tensor<6xf32>, %[[H:.*]]: tensor<f32>, %[[CT:.*]]: tensor<6xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[ZEROB:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[L]], dims = []
// CHECK:         %[[BROADCAST_IN_DIMB:.*]] = stablehlo.broadcast_in_dim %[[H]], dims = []
// CHECK:         %[[MASK:.*]] = stablehlo.compare GT, %[[X]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[MASKB:.*]] = stablehlo.compare LT, %[[X]], %[[BROADCAST_IN_DIMB]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[MASK]], %[[MASKB]]
// CHECK:         %[[MASKC:.*]] = stablehlo.compare LT, %[[BROADCAST_IN_DIMB]], %[[X]]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[AND]], %[[CT]], %[[ZEROB]]
// CHECK:         %[[CHOSENB:.*]] = stablehlo.select %[[MASKC]], %[[CT]], %[[ZEROB]]
// CHECK:         %[[SUM:.*]] = stablehlo.reduce(%[[CHOSENB]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [0]
// CHECK-NEXT:    return %[[CHOSEN]], %[[SUM]]
