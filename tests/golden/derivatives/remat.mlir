// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The reverse computes the sine again, behind a barrier that keeps it from being merged with the first.
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
  %y = "lift.remat"(%x) {callee = @g, prevent_cse = true} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @g(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = stablehlo.sine %x : tensor<4xf32>
  %y = stablehlo.sine %s : tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X]]
// CHECK:         %[[COSINE:.*]] = stablehlo.cosine %[[X]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[DX]], %[[COSINE]]
// CHECK:         %[[COSINE2:.*]] = stablehlo.cosine %[[SINE]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[MULTIPLY]], %[[COSINE2]]
// CHECK-NEXT:    return %[[MULTIPLY2]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[OPTIMIZATION_BARRIER:.*]]:2 = stablehlo.optimization_barrier %[[X]], %[[CT]]
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[OPTIMIZATION_BARRIER]]#0
// CHECK:         %[[COSINE:.*]] = stablehlo.cosine %[[SINE]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[OPTIMIZATION_BARRIER]]#1, %[[COSINE]]
// CHECK:         %[[COSINE2:.*]] = stablehlo.cosine %[[OPTIMIZATION_BARRIER]]#0
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[MULTIPLY]], %[[COSINE2]]
// CHECK-NEXT:    return %[[MULTIPLY2]]
