// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Each device takes the sum of its piece's cotangents: a reduce_scatter.
func.func public @forward(%x: tensor<2x3xf32>, %d: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
  return %y#1 : tensor<2x3xf32>
}
func.func public @reverse(%x: tensor<2x3xf32>, %ct: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
  return %y#1 : tensor<2x3xf32>
}
func.func private @f(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = "stablehlo.all_gather"(%x) {all_gather_dim = 1 : i64, replica_groups = dense<0> : tensor<1x1xi64>}
    : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %[[DX:.*]]: tensor<2x3xf32>
// CHECK:         %[[ALL_GATHER:.*]] = "stablehlo.all_gather"(%[[X]]) <{all_gather_dim = 1
// CHECK:         %[[ALL_GATHER2:.*]] = "stablehlo.all_gather"(%[[DX]]) <{all_gather_dim = 1
// CHECK-NEXT:    return %[[ALL_GATHER2]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %[[CT:.*]]: tensor<2x3xf32>
// CHECK:         %[[ALL_GATHER:.*]] = "stablehlo.all_gather"(%[[X]]) <{all_gather_dim = 1
// CHECK:         %[[REDUCE_SCATTER:.*]] = "stablehlo.reduce_scatter"(%[[CT]]) <{replica_groups = dense<0>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         return %[[REDUCE_SCATTER]]
