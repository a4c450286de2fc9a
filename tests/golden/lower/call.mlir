// RUN: stablelift opt %s --pipeline=lift-lower | filecheck %s
// RUN: stablelift opt %s | filecheck %s --check-prefix=DEFAULT
// A lifted call becomes a plain call of the same function, operands in order.
func.func private @scale(%x: tensor<3xf32>, %by: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.divide %x, %by : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func @main(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.call"(%b, %a) {callee = @scale} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[A:.*]]: tensor<3xf32>, %[[B:.*]]: tensor<3xf32>)
// CHECK-NEXT:    call @scale(%[[B]], %[[A]]) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>

// DEFAULT:       func.func @main
// DEFAULT-NOT:   lift.
