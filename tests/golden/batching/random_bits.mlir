// RUN: stablelift opt %s --pipeline=lift-batching,symbol-dce | filecheck %s
// Bits of many keys are one block, drawn by the mapped function.
func.func @main(%keys: tensor<3x2xui32>) -> tensor<3x2xui32> {
  %0 = "lift.vmap"(%keys) {callee = @one, axis_size = 3 : i64, in_axes = [0 : i64], out_axes = [0 : i64]}
    : (tensor<3x2xui32>) -> tensor<3x2xui32>
  return %0 : tensor<3x2xui32>
}
func.func private @one(%key: tensor<2xui32>) -> tensor<2xui32> {
  %0 = "lift.random_bits"(%key) {callee = @draw} : (tensor<2xui32>) -> tensor<2xui32>
  return %0 : tensor<2xui32>
}
func.func private @draw(%key: tensor<2xui32>) -> tensor<2xui32> {
  %0 = stablehlo.not %key : tensor<2xui32>
  return %0 : tensor<2xui32>
}
// CHECK-LABEL: func.func @main
// CHECK:       call @[[ONE:.*]](%{{.*}}) : (tensor<3x2xui32>) -> tensor<3x2xui32>
// CHECK:       func.func private @[[ONE]](%[[KEYS:.*]]: tensor<3x2xui32>)
// CHECK:       "lift.random_bits"(%[[KEYS]]) {callee = @[[DRAW:.*]]} : (tensor<3x2xui32>) -> tensor<3x2xui32>
// CHECK:       func.func private @[[DRAW]](%[[KEYS:.*]]: tensor<3x2xui32>)
// CHECK-NEXT:  stablehlo.not %[[KEYS]] : tensor<3x2xui32>
