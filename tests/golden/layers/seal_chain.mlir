// RUN: stablelift opt %s --pipeline='lift-seal' | filecheck %s
// What follows the draw is a chain of ops: each uses what comes out of a call that XLA keeps, or the last bits
// would depend on what XLA fuses. A broadcast belongs to the op that it is for. A constant comes
// out of a call that also takes what only a device knows: XLA would compute any other while it compiles.
func.func public @main(%k: tensor<2xui32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %c = stablehlo.constant dense<0.5> : tensor<2x3xf32>
  %z = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = "lift.call"(%k) {callee = @_normal, jitted = true} : (tensor<2xui32>) -> tensor<2x3xf32>
  %1 = stablehlo.multiply %0, %c : tensor<2x3xf32>
  %2 = stablehlo.reduce(%1 init: %z) applies stablehlo.add across dimensions = [0] : (tensor<2x3xf32>, tensor<f32>) -> tensor<3xf32>
  %3 = stablehlo.broadcast_in_dim %2, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
  %4 = stablehlo.divide %1, %3 : tensor<2x3xf32>
  return %1, %4 : tensor<2x3xf32>, tensor<2x3xf32>
}
func.func private @_normal(%k: tensor<2xui32>) -> tensor<2x3xf32> {
  %0 = stablehlo.constant dense<0.5> : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[I:.*]] = stablehlo.replica_id
// CHECK:         %[[D:.*]] = "lift.call"
// CHECK-NEXT:    %[[E:.*]] = stablehlo.optimization_barrier %[[D]]
// CHECK-NEXT:    %[[DK:.*]] = call @sealed_2x3_f32(%[[E]]) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    %[[CK:.*]] = call @sealed_2x3_f32__ui32(%cst, %[[I]])
// CHECK-NEXT:    %[[X:.*]] = stablehlo.multiply %[[DK]], %[[CK]]
// CHECK-NEXT:    %[[XK:.*]] = call @sealed_2x3_f32(%[[X]])
// CHECK-NEXT:    %[[ZK:.*]] = call @sealed__f32__ui32(%cst_0, %[[I]])
// CHECK-NEXT:    %[[S:.*]] = stablehlo.reduce(%[[XK]] init: %[[ZK]])
// CHECK-NEXT:    %[[SK:.*]] = call @sealed_3_f32(%[[S]])
// CHECK-NEXT:    %[[B:.*]] = stablehlo.broadcast_in_dim %[[SK]]
// CHECK-NEXT:    %[[Q:.*]] = stablehlo.divide %[[XK]], %[[B]]
// CHECK-NEXT:    return %[[X]], %[[Q]]
// CHECK:       func.func private @sealed_2x3_f32
// CHECK-NEXT:    stablehlo.optimization_barrier
