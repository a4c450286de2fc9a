// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// `pad` takes one scalar: the values of the examples are put in by a select, whose mask is the same for all.
func.func @main(%x: tensor<5x3xf32>, %v: tensor<5xf32>) -> tensor<5x4xf32> {
  %0 = "lift.vmap"(%x, %v) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0], out_axes = [0]}
    : (tensor<5x3xf32>, tensor<5xf32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}
func.func private @f(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<4xf32> {
  %0 = stablehlo.pad %x, %v, low = [1], high = [0], interior = [0]
      : (tensor<3xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3xf32>, %[[V:.*]]: tensor<5xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<false> : tensor<i1>
// CHECK-NEXT:  %[[CONST_B:.*]] = stablehlo.constant dense<true> : tensor<3xi1>
// CHECK-NEXT:  %[[CONST_C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:  %[[PAD:.*]] = stablehlo.pad %[[X]], %[[CONST_C]], low = [0, 1], high = [0, 0],
// CHECK-SAME:  interior = [0, 0]
// CHECK-NEXT:  %[[PAD_B:.*]] = stablehlo.pad %[[CONST_B]], %[[CONST]], low = [1], high = [0], interior = [0]
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[PAD_B]], dims = [1]
// CHECK-NEXT:  %[[BROADCAST_IN_DIM_B:.*]] = stablehlo.broadcast_in_dim %[[V]], dims = [0]
// CHECK-NEXT:  %[[SELECT:.*]] = stablehlo.select %[[BROADCAST_IN_DIM]], %[[PAD]],
// CHECK-SAME:  %[[BROADCAST_IN_DIM_B]] : tensor<5x4xi1>, tensor<5x4xf32>
// CHECK-NEXT:  return %[[SELECT]] : tensor<5x4xf32>
