// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The coordinates of a complex cotangent are (re, -im): nothing is conjugated.
func.func public @forward(%x: tensor<4xcomplex<f32>>, %d: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x: tensor<4xcomplex<f32>>, %ct: tensor<4xf32>) -> tensor<4xcomplex<f32>> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xcomplex<f32>>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xcomplex<f32>>)
  return %y#1 : tensor<4xcomplex<f32>>
}
func.func private @f(%x: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
  %y = stablehlo.imag %x : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xcomplex<f32>>, %[[DX:.*]]: tensor<4xcomplex<f32>>
// CHECK:         %[[IMAG:.*]] = stablehlo.imag %[[DX]]
// CHECK-NEXT:    return %[[IMAG]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xcomplex<f32>>, %[[CT:.*]]: tensor<4xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[CT]]
// CHECK:         %[[COMPLEX:.*]] = stablehlo.complex %[[ZERO]], %[[NEGATE]]
// CHECK-NEXT:    return %[[COMPLEX]]
