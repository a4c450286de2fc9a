// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A scalar predicate chooses whole tensors: one that all examples share stays a scalar, one that differs is
// broadcast.
func.func @main(%p: tensor<5xi1>, %q: tensor<i1>, %x: tensor<5x3xf32>, %y: tensor<5x3xf32>)
    -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%p, %q, %x, %y) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit, 0, 0],
      out_axes = [0]}
    : (tensor<5xi1>, tensor<i1>, tensor<5x3xf32>, tensor<5x3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%p: tensor<i1>, %q: tensor<i1>, %x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.select %q, %x, %y : tensor<i1>, tensor<3xf32>
  %1 = stablehlo.select %p, %0, %y : tensor<i1>, tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[P:.*]]: tensor<5xi1>, %[[Q:.*]]: tensor<i1>, %[[X:.*]]: tensor<5x3xf32>,
// CHECK-SAME:  %[[Y:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[SELECT:.*]] = stablehlo.select %[[Q]], %[[X]], %[[Y]] : tensor<i1>, tensor<5x3xf32>
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[P]], dims = [0]
// CHECK-NEXT:  %[[SELECT_B:.*]] = stablehlo.select %[[BROADCAST_IN_DIM]], %[[SELECT]],
// CHECK-SAME:  %[[Y]] : tensor<5x3xi1>, tensor<5x3xf32>
// CHECK-NEXT:  return %[[SELECT_B]] : tensor<5x3xf32>
