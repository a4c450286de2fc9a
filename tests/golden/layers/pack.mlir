// RUN: stablelift opt %s --pipeline='lift-pack,canonicalize,symbol-dce' | filecheck %s
// Four draws from four keys are one draw from the keys stacked, which XLA is to keep as a call.
func.func public @main(%k: tensor<i32>) -> (tensor<8xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8xi32>) {
  %0 = stablehlo.constant dense<3> : tensor<i32>
  %1 = stablehlo.constant dense<5> : tensor<i32>
  %2 = stablehlo.constant dense<2> : tensor<i32>
  %3 = stablehlo.constant dense<7> : tensor<i32>
  %a = call @draw(%k, %0) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %b = call @draw(%k, %1) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %c = call @draw(%k, %2) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %d = call @draw(%k, %3) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  return %a, %b, %c, %d : tensor<8xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8xi32>
}
func.func private @draw(%k: tensor<i32>, %n: tensor<i32>) -> tensor<8xi32> {
  %s = stablehlo.xor %k, %n : tensor<i32>
  %y = stablehlo.broadcast_in_dim %s, dims = [] : (tensor<i32>) -> tensor<8xi32>
  return %y : tensor<8xi32>
}
// CHECK:       func.func public @main(%[[K:.*]]: tensor<i32>)
// CHECK-NEXT:    %[[N:.*]] = stablehlo.constant dense<[3, 5, 2, 7]> : tensor<4xi32>
// CHECK-NEXT:    %[[Y:.*]] = call @draw__vmap(%[[K]], %[[N]]) {mhlo.frontend_attributes = {inlineable = "false"}} : (tensor<i32>, tensor<4xi32>) -> tensor<4x8xi32>
// CHECK-NEXT:    stablehlo.slice %[[Y]] [0:1, 0:8]
// CHECK:       func.func private @draw__vmap
