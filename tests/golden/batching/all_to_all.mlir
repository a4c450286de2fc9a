// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Between devices the batch is one more axis: the dimensions that are divided and joined lie one further
// back.
func.func @main(%x: tensor<5x4x3xf32>) -> tensor<5x2x6xf32> {
  %0 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<5x4x3xf32>) -> tensor<5x2x6xf32>
  return %0 : tensor<5x2x6xf32>
}
func.func private @f(%x: tensor<4x3xf32>) -> tensor<2x6xf32> {
  %0 = "stablehlo.all_to_all"(%x) {split_dimension = 0 : i64, concat_dimension = 1 : i64,
      split_count = 2 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}
    : (tensor<4x3xf32>) -> tensor<2x6xf32>
  return %0 : tensor<2x6xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x4x3xf32>)
// CHECK-NEXT:  %[[ALL_TO_ALL:.*]] = "stablehlo.all_to_all"(%[[X]]) <{concat_dimension = 2 : i64,
// CHECK-SAME:  replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, split_count = 2 : i64, split_dimension = 1
// CHECK-SAME:  : i64}> : (tensor<5x4x3xf32>) -> tensor<5x2x6xf32>
// CHECK-NEXT:  return %[[ALL_TO_ALL]] : tensor<5x2x6xf32>
