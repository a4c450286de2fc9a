// RUN: stablelift opt %s --pipeline=lift-legalize,canonicalize | filecheck %s
// The broadcast that CHLO leaves to the reader, written out.
func.func @main(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = chlo.broadcast_add %x, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[B]], dims = [1]
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[X]], %[[BROADCAST_IN_DIM]]
// CHECK-NEXT:  return %[[ADD]] : tensor<2x3xf32>
