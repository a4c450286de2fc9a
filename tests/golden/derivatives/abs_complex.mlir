// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The cotangent is real, the gradient complex; nothing is conjugated but x.
func.func public @forward(%x: tensor<6xcomplex<f32>>, %dx: tensor<6xcomplex<f32>>) -> tensor<6xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xcomplex<f32>>, tensor<6xcomplex<f32>>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func public @reverse(%x: tensor<6xcomplex<f32>>, %ct: tensor<6xf32>) -> tensor<6xcomplex<f32>> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xcomplex<f32>>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xcomplex<f32>>)
  return %y#1 : tensor<6xcomplex<f32>>
}
func.func private @f(%x: tensor<6xcomplex<f32>>) -> tensor<6xf32> {
  %y = stablehlo.abs %x : (tensor<6xcomplex<f32>>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<6xcomplex<f32>>, %[[DX:.*]]: tensor<6xcomplex<f32>>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK:         %[[ABS:.*]] = stablehlo.abs %[[X]]
// CHECK:         %[[CONJ:.*]] = chlo.conj %[[X]]
// CHECK:         %[[MASK:.*]] = stablehlo.compare EQ, %[[ABS]], %[[ZERO]]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[MASK]], %[[ONE]], %[[ABS]]
// CHECK:         %[[CONVERT:.*]] = stablehlo.convert %[[CHOSEN]]
// CHECK:         %[[QUOTIENT:.*]] = stablehlo.divide %[[CONJ]], %[[CONVERT]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[DX]], %[[QUOTIENT]]
// CHECK:         %[[REAL:.*]] = stablehlo.real %[[PRODUCT]]
// CHECK-NEXT:    return %[[REAL]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<6xcomplex<f32>>, %[[CT:.*]]: tensor<6xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK:         %[[ABS:.*]] = stablehlo.abs %[[X]]
// CHECK:         %[[CONJ:.*]] = chlo.conj %[[X]]
// CHECK:         %[[MASK:.*]] = stablehlo.compare EQ, %[[ABS]], %[[ZERO]]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[MASK]], %[[ONE]], %[[ABS]]
// CHECK:         %[[CONVERT:.*]] = stablehlo.convert %[[CHOSEN]]
// CHECK:         %[[QUOTIENT:.*]] = stablehlo.divide %[[CONJ]], %[[CONVERT]]
// CHECK:         %[[COMPLEX:.*]] = stablehlo.complex %[[CT]], %[[ZERO]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[COMPLEX]], %[[QUOTIENT]]
// CHECK-NEXT:    return %[[PRODUCT]]
