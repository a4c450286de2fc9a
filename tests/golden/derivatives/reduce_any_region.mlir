// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A tree: neighbours are combined until one is left, and each level is differentiated like any ops.
func.func public @forward(%x: tensor<2xf32>, %d: tensor<2xf32>) -> tensor<f32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2xf32>, tensor<2xf32>) -> (tensor<f32>, tensor<f32>)
  return %y#1 : tensor<f32>
}
func.func public @reverse(%x: tensor<2xf32>, %ct: tensor<f32>) -> tensor<2xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2xf32>, tensor<f32>) -> (tensor<f32>, tensor<2xf32>)
  return %y#1 : tensor<2xf32>
}
func.func private @f(%x: tensor<2xf32>) -> tensor<f32> {
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %y = stablehlo.reduce(%x init: %c) across dimensions = [0] : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
    reducer(%a: tensor<f32>, %b: tensor<f32>) {
      %p = stablehlo.multiply %a, %b : tensor<f32>
      %q = stablehlo.add %a, %b : tensor<f32>
      %r = stablehlo.add %p, %q : tensor<f32>
      stablehlo.return %r : tensor<f32>
    }
  return %y : tensor<f32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<2xf32>, %[[DX:.*]]: tensor<2xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[X]] [0:2:2]
// CHECK:         %[[SLICE2:.*]] = stablehlo.slice %[[DX]] [0:2:2]
// CHECK:         %[[SLICE3:.*]] = stablehlo.slice %[[X]] [1:2:2]
// CHECK:         %[[SLICE4:.*]] = stablehlo.slice %[[DX]] [1:2:2]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[SLICE2]], %[[SLICE3]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[SLICE4]], %[[SLICE]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLY]], %[[MULTIPLY2]]
// CHECK:         %[[ADD2:.*]] = stablehlo.add %[[SLICE2]], %[[SLICE4]]
// CHECK:         %[[ADD3:.*]] = stablehlo.add %[[ADD]], %[[ADD2]]
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[ADD3]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[RESHAPE]], %[[ZERO]]
// CHECK:         %[[ADD4:.*]] = stablehlo.add %[[MULTIPLY3]], %[[RESHAPE]]
// CHECK-NEXT:    return %[[ADD4]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<2xf32>, %[[CT:.*]]: tensor<f32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[X]] [0:2:2]
// CHECK:         %[[SLICE2:.*]] = stablehlo.slice %[[X]] [1:2:2]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[CT]], %[[ZERO]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[CT]], %[[MULTIPLY]]
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[ADD]]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[RESHAPE]], %[[SLICE2]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[RESHAPE]], %[[SLICE]]
// CHECK:         %[[ADD2:.*]] = stablehlo.add %[[RESHAPE]], %[[MULTIPLY2]]
// CHECK:         %[[ADD3:.*]] = stablehlo.add %[[RESHAPE]], %[[MULTIPLY3]]
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[ADD3]], %[[ZERO]], low = [1], high = [0], interior = [1]
// CHECK:         %[[PAD2:.*]] = stablehlo.pad %[[ADD2]], %[[ZERO]], low = [0], high = [1], interior = [1]
// CHECK:         %[[ADD4:.*]] = stablehlo.add %[[PAD]], %[[PAD2]]
// CHECK-NEXT:    return %[[ADD4]]
