// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A block of random bits is drawn by a call that nobody inlines.
func.func @main(%key: tensor<2xui32>) -> tensor<2048xui32> {
  %0 = "lift.random_bits"(%key) {callee = @draw} : (tensor<2xui32>) -> tensor<2048xui32>
  return %0 : tensor<2048xui32>
}
func.func private @draw(%key: tensor<2xui32>) -> tensor<2048xui32> {
  %0 = stablehlo.slice %key [0:1] : (tensor<2xui32>) -> tensor<1xui32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<1xui32>) -> tensor<2048xui32>
  return %1 : tensor<2048xui32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[KEY:.*]]: tensor<2xui32>)
// CHECK-NEXT:  %[[BITS:.*]] = call @draw(%[[KEY]]) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:  return %[[BITS]] : tensor<2048xui32>
