// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// No tangent passes: what stands before it is not differentiated.
func.func public @forward(%x: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = stablehlo.sine %x : tensor<4xf32>
  %t = "lift.stop_gradient"(%s) : (tensor<4xf32>) -> tensor<4xf32>
  %y = stablehlo.multiply %t, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X]]
// CHECK:         %[[STOP_GRADIENT:.*]] = "lift.stop_gradient"(%[[SINE]])
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[DX]], %[[STOP_GRADIENT]]
// CHECK-NEXT:    return %[[MULTIPLY]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X]]
// CHECK:         %[[STOP_GRADIENT:.*]] = "lift.stop_gradient"(%[[SINE]])
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[CT]], %[[STOP_GRADIENT]]
// CHECK-NEXT:    return %[[MULTIPLY]]
