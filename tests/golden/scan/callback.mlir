// RUN: stablelift opt %s --pipeline='lift-tidy' | filecheck %s
// A carry that only a side effect needs stays, and so does the loop, whose results nobody uses.
func.func public @main(%c: tensor<f32>, %k: tensor<f32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = "lift.scan"(%c, %k, %x) {callee = @body, num_consts = 0, num_carry = 2, length = 4, reverse = false, unroll = 1, in_axes = [0], out_axes = []} : (tensor<f32>, tensor<f32>, tensor<4xf32>) -> (tensor<f32>, tensor<f32>)
  return %x : tensor<4xf32>
}
func.func private @body(%c: tensor<f32>, %k: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  stablehlo.custom_call @stablelift.callback(%c) {backend_config = "debug_print:0:0", has_side_effect = true} : (tensor<f32>) -> ()
  %n = stablehlo.multiply %c, %x : tensor<f32>
  %m = stablehlo.add %k, %x : tensor<f32>
  return %n, %m : tensor<f32>, tensor<f32>
}
// CHECK:       func.func public @main(%[[C:.*]]: tensor<f32>, %[[K:.*]]: tensor<f32>, %[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT:    "lift.scan"(%[[C]], %[[X]]) {callee = @[[BODY:.*]], in_axes = [0], length = 4 : i64, num_carry = 1 : i64
// CHECK:       func.func private @[[BODY]](%[[C:.*]]: tensor<f32>, %[[X:.*]]: tensor<f32>) -> tensor<f32>
// CHECK-NEXT:    stablehlo.custom_call @stablelift.callback(%[[C]])
// CHECK-NEXT:    %[[N:.*]] = stablehlo.multiply %[[C]], %[[X]]
// CHECK-NEXT:    return %[[N]]
