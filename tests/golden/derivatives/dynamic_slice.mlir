// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Both ops clamp their start in the same way, so the cotangent goes back at the same place.
func.func public @forward(%x0: tensor<5x3xf32>, %x1: tensor<i32>, %x2: tensor<i32>, %d: tensor<5x3xf32>) -> tensor<2x2xf32> {
  %y:2 = "lift.jvp"(%x0, %x1, %x2, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5x3xf32>, tensor<i32>, tensor<i32>, tensor<5x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
  return %y#1 : tensor<2x2xf32>
}
func.func public @reverse(%x0: tensor<5x3xf32>, %x1: tensor<i32>, %x2: tensor<i32>, %ct: tensor<2x2xf32>) -> tensor<5x3xf32> {
  %y:2 = "lift.vjp"(%x0, %x1, %x2, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5x3xf32>, tensor<i32>, tensor<i32>, tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<5x3xf32>)
  return %y#1 : tensor<5x3xf32>
}
func.func private @f(%x0: tensor<5x3xf32>, %x1: tensor<i32>, %x2: tensor<i32>) -> tensor<2x2xf32> {
  %y = stablehlo.dynamic_slice %x0, %x1, %x2, sizes = [2, 2] : (tensor<5x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<5x3xf32>, %[[X1:.*]]: tensor<i32>, %[[X2:.*]]: tensor<i32>, %[[DX:.*]]: tensor<5x3xf32>
// CHECK:         %[[DYNAMIC_SLICE:.*]] = stablehlo.dynamic_slice %[[DX]], %[[X1]], %[[X2]], sizes = [2, 2]
// CHECK-NEXT:    return %[[DYNAMIC_SLICE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<5x3xf32>, %[[X1:.*]]: tensor<i32>, %[[X2:.*]]: tensor<i32>, %[[CT:.*]]: tensor<2x2xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5x3xf32>
// CHECK:         %[[DYNAMIC_UPDATE_SLICE:.*]] = stablehlo.dynamic_update_slice %[[ZERO]], %[[CT]], %[[X1]], %[[X2]]
// CHECK-NEXT:    return %[[DYNAMIC_UPDATE_SLICE]]
