// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Of six real numbers, the first and the last of four frequencies stand for themselves, the others for their mirror images too.
func.func public @forward(%x: tensor<2x4xcomplex<f32>>, %dx: tensor<2x4xcomplex<f32>>) -> tensor<2x6xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x4xcomplex<f32>>, tensor<2x4xcomplex<f32>>) -> (tensor<2x6xf32>, tensor<2x6xf32>)
  return %y#1 : tensor<2x6xf32>
}
func.func public @reverse(%x: tensor<2x4xcomplex<f32>>, %ct: tensor<2x6xf32>) -> tensor<2x4xcomplex<f32>> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x4xcomplex<f32>>, tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x4xcomplex<f32>>)
  return %y#1 : tensor<2x4xcomplex<f32>>
}
func.func private @f(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x6xf32> {
  %y = stablehlo.fft %x, type = IRFFT, length = [6] : (tensor<2x4xcomplex<f32>>) -> tensor<2x6xf32>
  return %y : tensor<2x6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<2x4xcomplex<f32>>, %[[DX:.*]]: tensor<2x4xcomplex<f32>>
// CHECK:         %[[FFT:.*]] = stablehlo.fft %[[DX]], type = IRFFT, length = [6]
// CHECK-NEXT:    return %[[FFT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<2x4xcomplex<f32>>, %[[CT:.*]]: tensor<2x6xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.166666672> : tensor<4xf32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[CC:.*]] = stablehlo.constant dense<2.000000e+00> : tensor<2xf32>
// CHECK:         %[[FFT:.*]] = stablehlo.fft %[[CT]], type = RFFT, length = [6]
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[CC]], %[[CB]], low = [1], high = [1], interior = [0]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[PAD]], %[[C]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[MULTIPLY]], dims = [1]
// CHECK:         %[[REAL:.*]] = stablehlo.real %[[FFT]]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[REAL]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[IMAG:.*]] = stablehlo.imag %[[FFT]]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[IMAG]]
// CHECK:         %[[MULTIPLYC:.*]] = stablehlo.multiply %[[NEGATE]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[COMPLEX:.*]] = stablehlo.complex %[[MULTIPLYB]], %[[MULTIPLYC]]
// CHECK-NEXT:    return %[[COMPLEX]]
