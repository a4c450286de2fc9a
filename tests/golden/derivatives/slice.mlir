// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Stride 2 over 6 takes 0, 2, 4: one zero of high padding, though the limit is the edge.
func.func public @forward(%x: tensor<6xf32>, %dx: tensor<6xf32>) -> tensor<3xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y#1 : tensor<3xf32>
}
func.func public @reverse(%x: tensor<6xf32>, %ct: tensor<3xf32>) -> tensor<6xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func private @f(%x: tensor<6xf32>) -> tensor<3xf32> {
  %y = stablehlo.slice %x [0:6:2] : (tensor<6xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<6xf32>, %[[DX:.*]]: tensor<6xf32>
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[DX]] [0:6:2]
// CHECK-NEXT:    return %[[SLICE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<6xf32>, %[[CT:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[CT]], %[[ZERO]], low = [0], high = [1], interior = [1]
// CHECK-NEXT:    return %[[PAD]]
