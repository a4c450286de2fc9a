// RUN: stablelift opt %s --pipeline='lift-derivatives,symbol-dce' | filecheck %s
// What a function tells is told where its results are computed, once, before the reverse.
func.func public @main(%x: tensor<3xf32>, %ct: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]} : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %0#0, %0#1 : tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = stablehlo.sine %x : tensor<3xf32>
  stablehlo.custom_call @stablelift.callback(%y) {backend_config = "debug_print:0:0", has_side_effect = true} : (tensor<3xf32>) -> ()
  return %y : tensor<3xf32>
}
// CHECK:       func.func private @f__vjp(%[[X:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[Y:.*]] = stablehlo.sine %[[X]]
// CHECK-NEXT:    stablehlo.custom_call @stablelift.callback(%[[Y]])
// CHECK-NEXT:    %[[C:.*]] = stablehlo.cosine %[[X]]
// CHECK-NEXT:    %[[G:.*]] = stablehlo.multiply %[[CT]], %[[C]]
// CHECK-NEXT:    return %[[Y]], %[[G]]
