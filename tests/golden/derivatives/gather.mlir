// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A gather clamps its indices, a scatter drops what lies outside: the indices are clamped first.
func.func public @forward(%x: tensor<5x3xf32>, %i: tensor<2x1xi32>, %dx: tensor<5x3xf32>) -> tensor<2x3xf32> {
  %y:2 = "lift.jvp"(%x, %i, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5x3xf32>, tensor<2x1xi32>, tensor<5x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
  return %y#1 : tensor<2x3xf32>
}
func.func public @reverse(%x: tensor<5x3xf32>, %i: tensor<2x1xi32>, %ct: tensor<2x3xf32>) -> tensor<5x3xf32> {
  %y:2 = "lift.vjp"(%x, %i, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5x3xf32>, tensor<2x1xi32>, tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<5x3xf32>)
  return %y#1 : tensor<5x3xf32>
}
func.func private @f(%x: tensor<5x3xf32>, %i: tensor<2x1xi32>) -> tensor<2x3xf32> {
  %y = "stablehlo.gather"(%x, %i) {
    dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 1, 3>} : (tensor<5x3xf32>, tensor<2x1xi32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %{{.*}}: tensor<5x3xf32>, %[[I:.*]]: tensor<2x1xi32>, %[[DX:.*]]: tensor<5x3xf32>
// CHECK:         %[[GATHER:.*]] = "stablehlo.gather"(%[[DX]], %[[I]])
// CHECK-NEXT:    return %[[GATHER]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %{{.*}}: tensor<5x3xf32>, %[[I:.*]]: tensor<2x1xi32>, %[[CT:.*]]: tensor<2x3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5x3xf32>
// CHECK-DAG:     %[[LAST:.*]] = stablehlo.constant dense<4> : tensor<1xi32>
// CHECK-DAG:     %[[ZEROB:.*]] = stablehlo.constant dense<0> : tensor<2x1xi32>
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[LAST]], dims = [1]
// CHECK:         %[[CLAMP:.*]] = stablehlo.clamp %[[ZEROB]], %[[I]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[ZERO]], %[[CLAMP]], %[[CT]])
// CHECK:         %[[ADD:.*]] = stablehlo.add %{{.*}}, %{{.*}}
// CHECK:         stablehlo.return
// CHECK:         return %[[SCATTER]]
