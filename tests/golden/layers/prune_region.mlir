// RUN: stablelift opt %s --pipeline='lift-prune' | filecheck %s
// What a loop calls is needed as the loop is; what only a loop calls that nobody needs goes with it.
func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @looped(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = call @in_vain(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @looped(%x: tensor<3xf32>) -> tensor<3xf32> {
  %c = stablehlo.constant dense<1.0> : tensor<f32>
  %0 = stablehlo.while(%a = %x) : tensor<3xf32>
    cond {
      %i = stablehlo.slice %a [0:1] : (tensor<3xf32>) -> tensor<1xf32>
      %r = stablehlo.reshape %i : (tensor<1xf32>) -> tensor<f32>
      %p = stablehlo.compare LT, %r, %c : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %n = func.call @step(%a) : (tensor<3xf32>) -> tensor<3xf32>
      stablehlo.return %n : tensor<3xf32>
    }
  return %0 : tensor<3xf32>
}
func.func private @in_vain(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @step(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @step(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.add %x, %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[LOOPED:.*]] = call @looped
// CHECK-NEXT:    return %[[LOOPED]]
// CHECK:       func.func private @looped
// CHECK:         %[[STEP:.*]] = func.call @step(%{{.*}}) : (tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT:    stablehlo.return %[[STEP]]
// CHECK:       func.func private @in_vain() {
// CHECK-NEXT:    return
