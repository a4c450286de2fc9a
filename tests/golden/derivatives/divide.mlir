// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Each map divides: nothing is multiplied by a reciprocal.
func.func public @forward(%a: tensor<6xf32>, %b: tensor<6xf32>, %da: tensor<6xf32>, %db: tensor<6xf32>) -> tensor<6xf32> {
  %y:2 = "lift.jvp"(%a, %b, %da, %db) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#1 : tensor<6xf32>
}
func.func public @reverse(%a: tensor<6xf32>, %b: tensor<6xf32>, %ct: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
  %y:3 = "lift.vjp"(%a, %b, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return %y#1, %y#2 : tensor<6xf32>, tensor<6xf32>
}
func.func private @f(%a: tensor<6xf32>, %b: tensor<6xf32>) -> tensor<6xf32> {
  %y = stablehlo.divide %a, %b : tensor<6xf32>
  return %y : tensor<6xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[A:.*]]: tensor<6xf32>, %[[B:.*]]: tensor<6xf32>, %[[DA:.*]]: tensor<6xf32>, %[[DB:.*]]: tensor<6xf32>
// CHECK:         %[[QUOTIENT:.*]] = stablehlo.divide %[[A]], %[[B]]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[QUOTIENT]]
// CHECK:         %[[QUOTIENTB:.*]] = stablehlo.divide %[[NEGATE]], %[[B]]
// CHECK:         %[[QUOTIENTC:.*]] = stablehlo.divide %[[DA]], %[[B]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[DB]], %[[QUOTIENTB]]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[QUOTIENTC]], %[[PRODUCT]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[A:.*]]: tensor<6xf32>, %[[B:.*]]: tensor<6xf32>, %[[CT:.*]]: tensor<6xf32>
// CHECK:         %[[QUOTIENT:.*]] = stablehlo.divide %[[A]], %[[B]]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[QUOTIENT]]
// CHECK:         %[[QUOTIENTB:.*]] = stablehlo.divide %[[NEGATE]], %[[B]]
// CHECK:         %[[QUOTIENTC:.*]] = stablehlo.divide %[[CT]], %[[B]]
// CHECK:         %[[PRODUCT:.*]] = stablehlo.multiply %[[CT]], %[[QUOTIENTB]]
// CHECK-NEXT:    return %[[QUOTIENTC]], %[[PRODUCT]]
