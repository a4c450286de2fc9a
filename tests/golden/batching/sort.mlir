// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The sorted dimension moves one axis back; the comparator is as it was.
func.func @main(%x: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
  return %0 : tensor<5x3x4xf32>
}
func.func private @f(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = "stablehlo.sort"(%x) ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) {dimension = 0 : i64, is_stable = true} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3x4xf32>)
// CHECK-NEXT:  %[[SORT:.*]] = "stablehlo.sort"(%[[X]]) <{dimension = 1 : i64, is_stable = true}> ({
// CHECK-NEXT:  ^bb0(%[[R:.*]]: tensor<f32>, %[[R_B:.*]]: tensor<f32>):
// CHECK-NEXT:  %[[COMPARE:.*]] = stablehlo.compare LT, %[[R]], %[[R_B]]
// CHECK-NEXT:  stablehlo.return %[[COMPARE]] : tensor<i1>
// CHECK-NEXT:  }) : (tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
// CHECK-NEXT:  return %[[SORT]] : tensor<5x3x4xf32>
