// RUN: stablelift opt %s --pipeline=lift-legalize,canonicalize | filecheck %s
// Where the sizes are constants, a dynamic op is its static namesake.
func.func @main(%x: tensor<2x3xf32>, %v: tensor<f32>) -> tensor<4x5xf32> {
  %low = stablehlo.constant dense<[1, 0]> : tensor<2xi64>
  %high = stablehlo.constant dense<[0, 2]> : tensor<2xi64>
  %interior = stablehlo.constant dense<[1, 0]> : tensor<2xi64>
  %0 = stablehlo.dynamic_pad %x, %v, %low, %high, %interior
    : (tensor<2x3xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<2x3xf32>, %[[V:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[PAD:.*]] = stablehlo.pad %[[X]], %[[V]], low = [1, 0], high = [0, 2], interior = [1,
// CHECK-SAME:  0]
// CHECK-NEXT:  return %[[PAD]] : tensor<4x5xf32>
