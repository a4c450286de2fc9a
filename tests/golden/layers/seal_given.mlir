// RUN: stablelift opt %s --pipeline='lift-seal' | filecheck %s
// JAX runs a jitted function without knowing the numbers it is given: here they come out of calls that XLA keeps,
// and does not fold since a call is given the number of the device as well. What follows rounds by itself.
func.func public @main(%k: tensor<2xui32>) -> tensor<4xf32> {
  %a = stablehlo.constant dense<3.0> : tensor<f32>
  %b = stablehlo.constant dense<0.7> : tensor<4xf32>
  %0 = "lift.call"(%a) {callee = @_linspace, jitted = true} : (tensor<f32>) -> tensor<4xf32>
  %1 = stablehlo.multiply %0, %b : tensor<4xf32>
  return %1 : tensor<4xf32>
}
func.func private @_linspace(%a: tensor<f32>) -> tensor<4xf32> {
  %0 = stablehlo.broadcast_in_dim %a, dims = [] : (tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[D:.*]] = stablehlo.replica_id
// CHECK:         %[[A:.*]] = call @sealed__f32__ui32(%cst, %[[D]]) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    %[[L:.*]] = "lift.call"(%[[A]])
// CHECK-NEXT:    %[[E:.*]] = stablehlo.optimization_barrier %[[L]]
// CHECK-NEXT:    %[[EK:.*]] = call @sealed_4_f32(%[[E]])
// CHECK-NEXT:    %[[BK:.*]] = call @sealed_4_f32__ui32(%cst_0, %[[D]])
// CHECK-NEXT:    stablehlo.multiply %[[EK]], %[[BK]]
// CHECK:       func.func private @sealed__f32__ui32
// CHECK-NEXT:    stablehlo.optimization_barrier %arg0, %arg1
