// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The operand's cotangent has zeros where it was overwritten; the update's is that place.
func.func public @forward(%x0: tensor<5x3xf32>, %x1: tensor<2x2xf32>, %x2: tensor<i32>, %x3: tensor<i32>, %d0: tensor<5x3xf32>, %d1: tensor<2x2xf32>) -> tensor<5x3xf32> {
  %y:2 = "lift.jvp"(%x0, %x1, %x2, %x3, %d0, %d1) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<5x3xf32>, tensor<2x2xf32>, tensor<i32>, tensor<i32>, tensor<5x3xf32>, tensor<2x2xf32>) -> (tensor<5x3xf32>, tensor<5x3xf32>)
  return %y#1 : tensor<5x3xf32>
}
func.func public @reverse(%x0: tensor<5x3xf32>, %x1: tensor<2x2xf32>, %x2: tensor<i32>, %x3: tensor<i32>, %ct: tensor<5x3xf32>) -> (tensor<5x3xf32>, tensor<2x2xf32>) {
  %y:3 = "lift.vjp"(%x0, %x1, %x2, %x3, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<5x3xf32>, tensor<2x2xf32>, tensor<i32>, tensor<i32>, tensor<5x3xf32>) -> (tensor<5x3xf32>, tensor<5x3xf32>, tensor<2x2xf32>)
  return %y#1, %y#2 : tensor<5x3xf32>, tensor<2x2xf32>
}
func.func private @f(%x0: tensor<5x3xf32>, %x1: tensor<2x2xf32>, %x2: tensor<i32>, %x3: tensor<i32>) -> tensor<5x3xf32> {
  %y = stablehlo.dynamic_update_slice %x0, %x1, %x2, %x3 : (tensor<5x3xf32>, tensor<2x2xf32>, tensor<i32>, tensor<i32>) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<5x3xf32>, %[[X1:.*]]: tensor<2x2xf32>, %[[X2:.*]]: tensor<i32>, %[[X3:.*]]: tensor<i32>, %[[DX0:.*]]: tensor<5x3xf32>, %[[DX1:.*]]: tensor<2x2xf32>
// CHECK:         %[[DYNAMIC_UPDATE_SLICE:.*]] = stablehlo.dynamic_update_slice %[[DX0]], %[[DX1]], %[[X2]], %[[X3]]
// CHECK-NEXT:    return %[[DYNAMIC_UPDATE_SLICE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<5x3xf32>, %[[X1:.*]]: tensor<2x2xf32>, %[[X2:.*]]: tensor<i32>, %[[X3:.*]]: tensor<i32>, %[[CT:.*]]: tensor<5x3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<2x2xf32>
// CHECK:         %[[DYNAMIC_UPDATE_SLICE:.*]] = stablehlo.dynamic_update_slice %[[CT]], %[[ZERO]], %[[X2]], %[[X3]]
// CHECK:         %[[DYNAMIC_SLICE:.*]] = stablehlo.dynamic_slice %[[CT]], %[[X2]], %[[X3]], sizes = [2, 2]
// CHECK-NEXT:    return %[[DYNAMIC_UPDATE_SLICE]], %[[DYNAMIC_SLICE]]
