// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A library that takes batches: the batch is the slowest axis of each layout.
func.func @main(%x: tensor<5x3x3xf32>) -> (tensor<5x3x3xf32>, tensor<5xi32>) {
  %0:2 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0, 0]}
    : (tensor<5x3x3xf32>) -> (tensor<5x3x3xf32>, tensor<5xi32>)
  return %0#0, %0#1 : tensor<5x3x3xf32>, tensor<5xi32>
}
func.func private @f(%x: tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<i32>) {
  %0:2 = stablehlo.custom_call @lapack_spotrf_ffi(%x) {
    operand_layouts = [dense<[0, 1]> : tensor<2xindex>],
    result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<> : tensor<0xindex>]
  } : (tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<i32>)
  return %0#0, %0#1 : tensor<3x3xf32>, tensor<i32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3x3xf32>)
// CHECK-NEXT:  %[[CUSTOM_CALL:.*]]:2 = stablehlo.custom_call @lapack_spotrf_ffi(%[[X]]) {operand_layouts =
// CHECK-SAME:  [dense<[1, 2, 0]> : tensor<3xindex>], result_layouts = [dense<[1, 2, 0]> : tensor<3xindex>,
// CHECK-SAME:  dense<0> : tensor<1xindex>]} : (tensor<5x3x3xf32>) -> (tensor<5x3x3xf32>, tensor<5xi32>)
// CHECK-NEXT:  return %[[CUSTOM_CALL]]#0, %[[CUSTOM_CALL]]#1 : tensor<5x3x3xf32>, tensor<5xi32>
