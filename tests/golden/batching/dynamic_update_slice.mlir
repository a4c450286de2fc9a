// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A scatter drops what does not fit, where dynamic_update_slice moves it inside: the start is clamped first.
func.func @main(%x: tensor<5x4xf32>, %u: tensor<5x3xf32>, %i: tensor<5xi32>) -> tensor<5x4xf32> {
  %0 = "lift.vmap"(%x, %u, %i) {callee = @f, axis_size = 5 : i64, in_axes = [0, 0, 0], out_axes = [0]}
    : (tensor<5x4xf32>, tensor<5x3xf32>, tensor<5xi32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}
func.func private @f(%x: tensor<4xf32>, %u: tensor<3xf32>, %i: tensor<i32>) -> tensor<4xf32> {
  %0 = stablehlo.dynamic_update_slice %x, %u, %i
      : (tensor<4xf32>, tensor<3xf32>, tensor<i32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x4xf32>, %[[U:.*]]: tensor<5x3xf32>, %[[I:.*]]: tensor<5xi32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT:  %[[CONST_B:.*]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT:  %[[CLAMP:.*]] = stablehlo.clamp %[[CONST]], %[[I]], %[[CONST_B]]
// CHECK-NEXT:  %[[RESHAPE:.*]] = stablehlo.reshape %[[CLAMP]] : (tensor<5xi32>) -> tensor<5x1xi32>
// CHECK-NEXT:  %[[SCATTER:.*]] = "stablehlo.scatter"(%[[X]], %[[RESHAPE]],
// CHECK-SAME:  %[[U]]) <{indices_are_sorted = false,
// CHECK-SAME:  scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1],
// CHECK-SAME:  input_batching_dims = [0], scatter_indices_batching_dims = [0],
// CHECK-SAME:  scatter_dims_to_operand_dims = [1], index_vector_dim = 1>, unique_indices = true}> ({
// CHECK-NEXT:  ^bb0(%[[R:.*]]: tensor<f32>, %[[R_B:.*]]: tensor<f32>):
// CHECK-NEXT:  stablehlo.return %[[R_B]] : tensor<f32>
// CHECK-NEXT:  }) : (tensor<5x4xf32>, tensor<5x1xi32>, tensor<5x3xf32>) -> tensor<5x4xf32>
// CHECK-NEXT:  return %[[SCATTER]] : tensor<5x4xf32>
