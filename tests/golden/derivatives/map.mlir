// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Two operands are one value: each occurrence adds to its cotangent.
func.func public @forward(%x: tensor<4xf32>, %dx: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "stablehlo.map"(%x, %x) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.sine %a : tensor<f32>
      %t = stablehlo.multiply %s, %b : tensor<f32>
      stablehlo.return %t : tensor<f32>
  }) {dimensions = array<i64: 0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X]]
// CHECK:         %[[COSINE:.*]] = stablehlo.cosine %[[X]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[DX]], %[[COSINE]]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[MULTIPLY]], %[[X]]
// CHECK:         %[[MULTIPLYC:.*]] = stablehlo.multiply %[[DX]], %[[SINE]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLYB]], %[[MULTIPLYC]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[SINE:.*]] = stablehlo.sine %[[X]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[CT]], %[[X]]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[CT]], %[[SINE]]
// CHECK:         %[[COSINE:.*]] = stablehlo.cosine %[[X]]
// CHECK:         %[[MULTIPLYC:.*]] = stablehlo.multiply %[[MULTIPLY]], %[[COSINE]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLYC]], %[[MULTIPLYB]]
// CHECK-NEXT:    return %[[ADD]]
