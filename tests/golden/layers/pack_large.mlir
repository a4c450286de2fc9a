// RUN: stablelift opt %s --pipeline='lift-pack,canonicalize,symbol-dce' | filecheck %s
// Eight draws of 64 MiB each are two batched ones of 256 MiB: a stack and its parts are there at once.
func.func public @main(%k: tensor<i32>) -> tensor<134217728xi32> {
  %0 = stablehlo.constant dense<0> : tensor<i32>
  %1 = stablehlo.constant dense<1> : tensor<i32>
  %2 = stablehlo.constant dense<2> : tensor<i32>
  %3 = stablehlo.constant dense<3> : tensor<i32>
  %4 = stablehlo.constant dense<4> : tensor<i32>
  %5 = stablehlo.constant dense<5> : tensor<i32>
  %6 = stablehlo.constant dense<6> : tensor<i32>
  %7 = stablehlo.constant dense<7> : tensor<i32>
  %a = call @draw(%k, %0) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %b = call @draw(%k, %1) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %c = call @draw(%k, %2) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %d = call @draw(%k, %3) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %e = call @draw(%k, %4) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %f = call @draw(%k, %5) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %g = call @draw(%k, %6) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %h = call @draw(%k, %7) : (tensor<i32>, tensor<i32>) -> tensor<16777216xi32>
  %y = stablehlo.concatenate %a, %b, %c, %d, %e, %f, %g, %h, dim = 0 : (tensor<16777216xi32>, tensor<16777216xi32>, tensor<16777216xi32>, tensor<16777216xi32>, tensor<16777216xi32>, tensor<16777216xi32>, tensor<16777216xi32>, tensor<16777216xi32>) -> tensor<134217728xi32>
  return %y : tensor<134217728xi32>
}
func.func private @draw(%k: tensor<i32>, %n: tensor<i32>) -> tensor<16777216xi32> {
  %s = stablehlo.xor %k, %n : tensor<i32>
  %y = stablehlo.broadcast_in_dim %s, dims = [] : (tensor<i32>) -> tensor<16777216xi32>
  return %y : tensor<16777216xi32>
}
// CHECK:       func.func public @main(%[[K:.*]]: tensor<i32>)
// CHECK-NEXT:    %[[M:.*]] = stablehlo.constant dense<[4, 5, 6, 7]> : tensor<4xi32>
// CHECK-NEXT:    %[[N:.*]] = stablehlo.constant dense<[0, 1, 2, 3]> : tensor<4xi32>
// CHECK-NEXT:    %{{.*}} = call @draw__vmap(%[[K]], %[[N]]) {mhlo.frontend_attributes = {inlineable = "false"}} : (tensor<i32>, tensor<4xi32>) -> tensor<4x16777216xi32>
// CHECK-NEXT:    %{{.*}} = call @draw__vmap(%[[K]], %[[M]]) {mhlo.frontend_attributes = {inlineable = "false"}} : (tensor<i32>, tensor<4xi32>) -> tensor<4x16777216xi32>
