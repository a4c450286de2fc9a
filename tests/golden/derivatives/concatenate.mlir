// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Each operand gets its slice.
func.func public @forward(%a: tensor<2x3xf32>, %b: tensor<2x1xf32>, %da: tensor<2x3xf32>, %db: tensor<2x1xf32>) -> tensor<2x4xf32> {
  %y:2 = "lift.jvp"(%a, %b, %da, %db) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x3xf32>, tensor<2x1xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
  return %y#1 : tensor<2x4xf32>
}
func.func public @reverse(%a: tensor<2x3xf32>, %b: tensor<2x1xf32>, %ct: tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x1xf32>) {
  %y:3 = "lift.vjp"(%a, %b, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x3xf32>, tensor<2x1xf32>)
  return %y#1, %y#2 : tensor<2x3xf32>, tensor<2x1xf32>
}
func.func private @f(%a: tensor<2x3xf32>, %b: tensor<2x1xf32>) -> tensor<2x4xf32> {
  %y = stablehlo.concatenate %a, %b, dim = 1 : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<2x3xf32>, %{{.*}}: tensor<2x1xf32>, %[[DA:.*]]: tensor<2x3xf32>, %[[DB:.*]]: tensor<2x1xf32>
// CHECK:         %[[CONCATENATE:.*]] = stablehlo.concatenate %[[DA]], %[[DB]], dim = 1
// CHECK-NEXT:    return %[[CONCATENATE]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<2x3xf32>, %{{.*}}: tensor<2x1xf32>, %[[CT:.*]]: tensor<2x4xf32>
// CHECK:         %[[SLICE:.*]] = stablehlo.slice %[[CT]] [0:2, 0:3]
// CHECK:         %[[SLICEB:.*]] = stablehlo.slice %[[CT]] [0:2, 3:4]
// CHECK-NEXT:    return %[[SLICE]], %[[SLICEB]]
