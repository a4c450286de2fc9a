// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The transform's second half is dropped: in reverse it is zero.
func.func public @forward(%x: tensor<2x5xf32>, %dx: tensor<2x5xf32>) -> tensor<2x3xcomplex<f32>> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x5xf32>, tensor<2x5xf32>) -> (tensor<2x3xcomplex<f32>>, tensor<2x3xcomplex<f32>>)
  return %y#1 : tensor<2x3xcomplex<f32>>
}
func.func public @reverse(%x: tensor<2x5xf32>, %ct: tensor<2x3xcomplex<f32>>) -> tensor<2x5xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x5xf32>, tensor<2x3xcomplex<f32>>) -> (tensor<2x3xcomplex<f32>>, tensor<2x5xf32>)
  return %y#1 : tensor<2x5xf32>
}
func.func private @f(%x: tensor<2x5xf32>) -> tensor<2x3xcomplex<f32>> {
  %y = stablehlo.fft %x, type = RFFT, length = [5] : (tensor<2x5xf32>) -> tensor<2x3xcomplex<f32>>
  return %y : tensor<2x3xcomplex<f32>>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<2x5xf32>, %[[DX:.*]]: tensor<2x5xf32>
// CHECK:         %[[FFT:.*]] = stablehlo.fft %[[DX]], type = RFFT, length = [5]
// CHECK-NEXT:    return %[[FFT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<2x5xf32>, %[[CT:.*]]: tensor<2x3xcomplex<f32>>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[COMPLEX:.*]] = stablehlo.complex %[[C]], %[[C]]
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[CT]], %[[COMPLEX]], low = [0, 0], high = [0, 2], interior = [0, 0]
// CHECK:         %[[FFT:.*]] = stablehlo.fft %[[PAD]], type = FFT, length = [5]
// CHECK:         %[[REAL:.*]] = stablehlo.real %[[FFT]]
// CHECK-NEXT:    return %[[REAL]]
