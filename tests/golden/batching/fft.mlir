// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Linear algebra acts on the last axes: the op is itself on one more axis in front.
func.func @main(%x: tensor<5x3x4xcomplex<f32>>) -> tensor<5x3x4xcomplex<f32>> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<5x3x4xcomplex<f32>>) -> tensor<5x3x4xcomplex<f32>>
  return %0 : tensor<5x3x4xcomplex<f32>>
}
func.func private @f(%x: tensor<3x4xcomplex<f32>>) -> tensor<3x4xcomplex<f32>> {
  %0 = stablehlo.fft %x, type = FFT, length = [4] : (tensor<3x4xcomplex<f32>>) -> tensor<3x4xcomplex<f32>>
  return %0 : tensor<3x4xcomplex<f32>>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3x4xcomplex<f32>>)
// CHECK-NEXT:  %[[FFT:.*]] = stablehlo.fft %[[X]], type = FFT, length = [4]
// CHECK-NEXT:  return %[[FFT]] : tensor<5x3x4xcomplex<f32>>
