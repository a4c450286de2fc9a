// RUN: stablelift opt %s --pipeline='lift-seal' | filecheck %s
// A product of constants is the same whoever computes it. The sine is not: XLA approximates it where it runs it.
func.func public @main(%k: tensor<2xui32>) -> tensor<3xf32> {
  %0 = stablehlo.iota dim = 0 : tensor<3xf32>
  %1 = stablehlo.multiply %0, %0 : tensor<3xf32>
  %2 = stablehlo.sine %1 : tensor<3xf32>
  return %2 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[D:.*]] = stablehlo.replica_id
// CHECK-NEXT:    %[[I:.*]] = stablehlo.iota
// CHECK-NEXT:    %[[M:.*]] = stablehlo.multiply %[[I]], %[[I]]
// CHECK-NEXT:    %[[K:.*]] = call @sealed_3_f32__ui32(%[[M]], %[[D]]) {mhlo.frontend_attributes = {inlineable = "false"}}
// CHECK-NEXT:    %[[S:.*]] = stablehlo.sine %[[K]]
// CHECK-NEXT:    return %[[S]]
