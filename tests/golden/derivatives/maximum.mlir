// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Ties are split evenly.
func.func public @forward(%a: tensor<6xf32>, %b: tensor<6xf32>, %da: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.jvp"(%a, %b, %da) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func public @reverse(%a: tensor<6xf32>, %b: tensor<6xf32>, %ct: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.vjp"(%a, %b, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func private @f(%a: tensor<6xf32>, %b: tensor<6xf32>) -> tensor<6xf32> {
  %y = stablehlo.maximum %a, %b : tensor<6xf32>
  return %y : tensor<6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[A:.*]]: tensor<6xf32>, %[[B:.*]]: tensor<6xf32>, %[[DA:.*]]: tensor<6xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[HALF:.*]] = stablehlo.constant dense<5.000000e-01> : tensor<6xf32>
// CHECK:         %[[MAXIMUM:.*]] = stablehlo.maximum %[[A]], %[[B]]
// CHECK:         %[[MASK:.*]] = stablehlo.compare EQ, %[[B]], %[[MAXIMUM]]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[MASK]], %[[HALF]], %[[ONE]]
// CHECK:         %[[MASKB:.*]] = stablehlo.compare EQ, %[[A]], %[[MAXIMUM]]
// CHECK:         %[[CHOSENB:.*]] = stablehlo.select %[[MASKB]], %[[CHOSEN]], %[[ZERO]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[DA]], %[[CHOSENB]]
// CHECK-NEXT:    return %[[PRODUCT]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[A:.*]]: tensor<6xf32>, %[[B:.*]]: tensor<6xf32>, %[[CT:.*]]: tensor<6xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[HALF:.*]] = stablehlo.constant dense<5.000000e-01> : tensor<6xf32>
// CHECK:         %[[MAXIMUM:.*]] = stablehlo.maximum %[[A]], %[[B]]
// CHECK:         %[[MASK:.*]] = stablehlo.compare EQ, %[[B]], %[[MAXIMUM]]
// CHECK:         %[[CHOSEN:.*]] = stablehlo.select %[[MASK]], %[[HALF]], %[[ONE]]
// CHECK:         %[[MASKB:.*]] = stablehlo.compare EQ, %[[A]], %[[MAXIMUM]]
// CHECK:         %[[CHOSENB:.*]] = stablehlo.select %[[MASKB]], %[[CHOSEN]], %[[ZERO]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[CT]], %[[CHOSENB]]
// CHECK-NEXT:    return %[[PRODUCT]]
