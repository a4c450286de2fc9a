// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// One draw for all examples, from the first state, which alone moves on: as under `jax.vmap`.
func.func @main(%s: tensor<5x2xui64>) -> (tensor<5x2xui64>, tensor<5x3xui32>) {
  %0:2 = "lift.vmap"(%s) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0, 0]}
    : (tensor<5x2xui64>) -> (tensor<5x2xui64>, tensor<5x3xui32>)
  return %0#0, %0#1 : tensor<5x2xui64>, tensor<5x3xui32>
}
func.func private @f(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<3xui32>) {
  %state, %bits = stablehlo.rng_bit_generator %s, algorithm = THREE_FRY
    : (tensor<2xui64>) -> (tensor<2xui64>, tensor<3xui32>)
  return %state, %bits : tensor<2xui64>, tensor<3xui32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[S:.*]]: tensor<5x2xui64>)
// CHECK-NEXT:  %[[SLICE:.*]] = stablehlo.slice %[[S]] [0:1, 0:2]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[SLICE]]
// CHECK-NEXT:  %[[STATE:.*]], %[[BITS:.*]] = stablehlo.rng_bit_generator %[[RESHAPE]], algorithm = THREE_FRY :
// CHECK-SAME:  (tensor<2xui64>) -> (tensor<2xui64>, tensor<5x3xui32>)
// CHECK-NEXT:  %[[SLICE_B:.*]] = stablehlo.slice %[[S]] [1:5, 0:2]
// CHECK-NEXT:  %[[RESHAPE_B:.*]] = stablehlo.reshape %[[STATE]]
// CHECK-NEXT:  %[[CONCATENATE:.*]] = stablehlo.concatenate %[[RESHAPE_B]], %[[SLICE_B]], dim = 0
// CHECK-NEXT:  return %[[CONCATENATE]], %[[BITS]] : tensor<5x2xui64>, tensor<5x3xui32>
