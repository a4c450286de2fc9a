// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Each factor's derivative is the product of the others, without a division: zeros are no exception.
func.func public @forward(%x: tensor<3xf32>, %d: tensor<3xf32>) -> tensor<f32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<3xf32>, tensor<3xf32>) -> (tensor<f32>, tensor<f32>)
  return %y#1 : tensor<f32>
}
func.func public @reverse(%x: tensor<3xf32>, %ct: tensor<f32>) -> tensor<3xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<3xf32>, tensor<f32>) -> (tensor<f32>, tensor<3xf32>)
  return %y#1 : tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<f32> {
  %c = stablehlo.constant dense<1.0> : tensor<f32>
  %y = stablehlo.reduce(%x init: %c) applies stablehlo.multiply across dimensions = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>, %[[DX:.*]]: tensor<3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK-DAG:     %[[ONE2:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<f32>
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[X]] [0:2]
// CHECK:         %[[SLICE2:.*]] = stablehlo.slice %[[X]] [2:3]
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[SLICE2]], %[[ONE2]], low = [0], high = [1], interior = [0]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[SLICE]], %[[PAD]]
// CHECK:         %[[SLICE3:.*]] = stablehlo.slice %[[MULTIPLY]] [0:1]
// CHECK:         %[[SLICE4:.*]] = stablehlo.slice %[[MULTIPLY]] [1:2]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[ONE]], %[[SLICE4]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[ONE]], %[[SLICE3]]
// CHECK:         %[[CONCATENATE:.*]] = stablehlo.concatenate %[[MULTIPLY2]], %[[MULTIPLY3]], dim = 0
// CHECK:         %[[MULTIPLY4:.*]] = stablehlo.multiply %[[CONCATENATE]], %[[PAD]]
// CHECK:         %[[MULTIPLY5:.*]] = stablehlo.multiply %[[CONCATENATE]], %[[SLICE]]
// CHECK:         %[[CONCATENATE2:.*]] = stablehlo.concatenate %[[MULTIPLY4]], %[[MULTIPLY5]], dim = 0
// CHECK:         %[[SLICE5:.*]] = stablehlo.slice %[[CONCATENATE2]] [0:3]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[ONE2]], dims = []
// CHECK:         %[[MULTIPLY6:.*]] = stablehlo.multiply %[[SLICE5]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[MULTIPLY7:.*]] = stablehlo.multiply %[[DX]], %[[MULTIPLY6]]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[MULTIPLY7]] init: %[[ZERO]]) applies stablehlo.add across dimensions = [0]
// CHECK-NEXT:    return %[[REDUCE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<f32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK-DAG:     %[[ONE2:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<f32>
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[X]] [0:2]
// CHECK:         %[[SLICE2:.*]] = stablehlo.slice %[[X]] [2:3]
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[SLICE2]], %[[ONE2]], low = [0], high = [1], interior = [0]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[SLICE]], %[[PAD]]
// CHECK:         %[[SLICE3:.*]] = stablehlo.slice %[[MULTIPLY]] [0:1]
// CHECK:         %[[SLICE4:.*]] = stablehlo.slice %[[MULTIPLY]] [1:2]
// CHECK:         %[[MULTIPLY2:.*]] = stablehlo.multiply %[[ONE]], %[[SLICE4]]
// CHECK:         %[[MULTIPLY3:.*]] = stablehlo.multiply %[[ONE]], %[[SLICE3]]
// CHECK:         %[[CONCATENATE:.*]] = stablehlo.concatenate %[[MULTIPLY2]], %[[MULTIPLY3]], dim = 0
// CHECK:         %[[MULTIPLY4:.*]] = stablehlo.multiply %[[CONCATENATE]], %[[PAD]]
// CHECK:         %[[MULTIPLY5:.*]] = stablehlo.multiply %[[CONCATENATE]], %[[SLICE]]
// CHECK:         %[[CONCATENATE2:.*]] = stablehlo.concatenate %[[MULTIPLY4]], %[[MULTIPLY5]], dim = 0
// CHECK:         %[[SLICE5:.*]] = stablehlo.slice %[[CONCATENATE2]] [0:3]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[ONE2]], dims = []
// CHECK:         %[[MULTIPLY6:.*]] = stablehlo.multiply %[[SLICE5]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[BROADCAST_IN_DIM2:.*]] = stablehlo.broadcast_in_dim %[[CT]], dims = []
// CHECK:         %[[MULTIPLY7:.*]] = stablehlo.multiply %[[BROADCAST_IN_DIM2]], %[[MULTIPLY6]]
// CHECK-NEXT:    return %[[MULTIPLY7]]
