// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Nothing is emitted for an input nobody asks about, nor for a result without a cotangent:
// no cosine, no product with the exponential.
func.func public @forward(%x0: tensor<4xf32>, %x1: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xf32> {
  %y:3 = "lift.jvp"(%x0, %x1, %d) {callee = @f, wrt = [1], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y#2 : tensor<4xf32>
}
func.func public @reverse(%x0: tensor<4xf32>, %x1: tensor<4xf32>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %y:3 = "lift.vjp"(%x0, %x1, %ct) {callee = @f, wrt = [1], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y#2 : tensor<4xf32>
}
func.func private @f(%x0: tensor<4xf32>, %x1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %s = stablehlo.sine %x0 : tensor<4xf32>
  %e = stablehlo.exponential %x1 : tensor<4xf32>
  %y = stablehlo.multiply %s, %x1 : tensor<4xf32>
  %z = stablehlo.multiply %e, %s : tensor<4xf32>
  return %y, %z : tensor<4xf32>, tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X0]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[DX]], %[[SINE]]
// CHECK-NEXT:    return %[[MULTIPLY]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X0:.*]]: tensor<4xf32>, %[[X1:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X0]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[CT]], %[[SINE]]
// CHECK-NEXT:    return %[[MULTIPLY]]
