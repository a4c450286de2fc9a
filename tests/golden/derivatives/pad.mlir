// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Negative padding had cut elements off: they get zeros. The padding value gets the rest.
func.func public @forward(%x: tensor<5xf32>, %v: tensor<f32>, %dx: tensor<5xf32>, %dv: tensor<f32>) -> tensor<10xf32> {
  %y:2 = "lift.jvp"(%x, %v, %dx, %dv) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<5xf32>, tensor<f32>, tensor<5xf32>, tensor<f32>) -> (tensor<10xf32>, tensor<10xf32>)
  return %y#1 : tensor<10xf32>
}
func.func public @reverse(%x: tensor<5xf32>, %v: tensor<f32>, %ct: tensor<10xf32>) -> (tensor<5xf32>, tensor<f32>) {
  %y:3 = "lift.vjp"(%x, %v, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<5xf32>, tensor<f32>, tensor<10xf32>) -> (tensor<10xf32>, tensor<5xf32>, tensor<f32>)
  return %y#1, %y#2 : tensor<5xf32>, tensor<f32>
}
func.func private @f(%x: tensor<5xf32>, %v: tensor<f32>) -> tensor<10xf32> {
  %y = stablehlo.pad %x, %v, low = [-1], high = [2], interior = [1] : (tensor<5xf32>, tensor<f32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<5xf32>, %{{.*}}: tensor<f32>, %[[DX:.*]]: tensor<5xf32>, %[[DV:.*]]: tensor<f32>
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[DX]], %[[DV]], low = [-1], high = [2], interior = [1]
// CHECK-NEXT:    return %[[PAD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<5xf32>, %{{.*}}: tensor<f32>, %[[CT:.*]]: tensor<10xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<10xf32>
// CHECK-DAG:     %[[FALSE:.*]] = stablehlo.constant dense<false> : tensor<i1>
// CHECK-DAG:     %[[TRUE:.*]] = stablehlo.constant dense<true> : tensor<5xi1>
// CHECK-DAG:     %[[ZEROB:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[PAD:.*]] = stablehlo.pad %[[CT]], %[[ZEROB]], low = [1], high = [-2], interior = [0]
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[PAD]] [0:9:2]
// CHECK:         %[[PADB:.*]] = stablehlo.pad %[[TRUE]], %[[FALSE]], low = [-1], high = [2], interior = [1]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[PADB]], %[[ZERO]], %[[CT]]
// CHECK:         %[[SUM:.*]] = stablehlo.reduce(%[[CHOSEN]] init: %[[ZEROB]]) applies stablehlo.add across dimensions = [0]
// CHECK-NEXT:    return %[[SLICE]], %[[SUM]]
