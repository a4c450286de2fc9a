// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The rule notes that its second gradient is joined with others by the maximum; that of the first is added.
func.func public @reverse(%x: tensor<4xf32>, %s: tensor<2xf32>, %ct: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xf32>) {
  %y:3 = "lift.vjp"(%x, %s, %ct) {callee = @twice, wrt = [0, 1], of = [0]}
       : (tensor<4xf32>, tensor<2xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<2xf32>)
  return %y#1, %y#2 : tensor<4xf32>, tensor<2xf32>
}
func.func private @twice(%x: tensor<4xf32>, %s: tensor<2xf32>) -> tensor<4xf32> {
  %a = call @once(%x, %s) : (tensor<4xf32>, tensor<2xf32>) -> tensor<4xf32>
  %c = stablehlo.negate %a : tensor<4xf32>
  %b = call @once(%c, %s) : (tensor<4xf32>, tensor<2xf32>) -> tensor<4xf32>
  %y = stablehlo.multiply %b, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @once(%x: tensor<4xf32>, %s: tensor<2xf32>) -> tensor<4xf32> {
  %y = "lift.custom_vjp"(%x, %s) {callee = @f, fwd = @fwd, bwd = @bwd} : (tensor<4xf32>, tensor<2xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>, %s: tensor<2xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func private @fwd(%x: tensor<4xf32>, %s: tensor<2xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}
func.func private @bwd(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xf32>) attributes {maxima = [1]} {
  %largest = stablehlo.slice %x [0:4:2] : (tensor<4xf32>) -> tensor<2xf32>
  %of = stablehlo.slice %ct [0:4:2] : (tensor<4xf32>) -> tensor<2xf32>
  %s = stablehlo.multiply %largest, %of : tensor<2xf32>
  return %ct, %s : tensor<4xf32>, tensor<2xf32>
}
// CHECK-LABEL: func.func public @reverse
// CHECK:         %[[SECOND:.*]] = stablehlo.multiply {{.*}} : tensor<2xf32>
// CHECK:         %[[FIRST:.*]] = stablehlo.multiply {{.*}} : tensor<2xf32>
// CHECK:         %[[SUM:.*]] = stablehlo.add {{.*}} : tensor<4xf32>
// CHECK:         %[[MAXIMUM:.*]] = stablehlo.maximum %[[SECOND]], %[[FIRST]]
// CHECK-NEXT:    return %[[SUM]], %[[MAXIMUM]]
