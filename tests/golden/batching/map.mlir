// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The region is written for one element: it is applied to those of all examples.
func.func @main(%x: tensor<5x3xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<5x3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "stablehlo.map"(%x) ({
    ^bb0(%a: tensor<f32>):
      %1 = stablehlo.sine %a : tensor<f32>
      stablehlo.return %1 : tensor<f32>
  }) {dimensions = array<i64: 0>} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[MAP:.*]] = "stablehlo.map"(%[[X]]) <{dimensions = array<i64: 0, 1>}> ({
// CHECK-NEXT:  ^bb0(%[[A:.*]]: tensor<f32>):
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[A]]
// CHECK-NEXT:  stablehlo.return %[[SINE]] : tensor<f32>
// CHECK-NEXT:  }) : (tensor<5x3xf32>) -> tensor<5x3xf32>
// CHECK-NEXT:  return %[[MAP]] : tensor<5x3xf32>
