// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The user's rule in both modes, transposed for the reverse: twice the cosine, not the cosine.
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
  %y = "lift.custom_jvp"(%x) {callee = @sine, jvp = @rule} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @sine(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.sine %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @rule(%x: tensor<4xf32>, %dx: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y = stablehlo.sine %x : tensor<4xf32>
  %c = stablehlo.cosine %x : tensor<4xf32>
  %d = stablehlo.add %c, %c : tensor<4xf32>
  %t = stablehlo.multiply %dx, %d : tensor<4xf32>
  return %y, %t : tensor<4xf32>, tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[COSINE:.*]] = stablehlo.cosine %[[X]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[COSINE]], %[[COSINE]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[DX]], %[[ADD]]
// CHECK-NEXT:    return %[[MULTIPLY]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[COSINE:.*]] = stablehlo.cosine %[[X]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[COSINE]], %[[COSINE]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[CT]], %[[ADD]]
// CHECK-NEXT:    return %[[MULTIPLY]]
