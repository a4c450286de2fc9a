// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The first of each group gets the sum of all cotangents, the others nothing.
func.func public @forward(%x: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.jvp"(%x, %d) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func public @reverse(%x: tensor<4xf32>, %ct: tensor<4xf32>) -> tensor<4xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y#1 : tensor<4xf32>
}
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "stablehlo.collective_broadcast"(%x) {replica_groups = dense<[[1, 0], [2, 3]]> : tensor<2x2xi64>}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[COLLECTIVE_BROADCAST:.*]] = "stablehlo.collective_broadcast"(%[[X]]) <{replica_groups = dense<[[1, 0], [2, 3]]>
// CHECK:         %[[COLLECTIVE_BROADCAST2:.*]] = "stablehlo.collective_broadcast"(%[[DX]]) <{replica_groups = dense<[[1, 0], [2, 3]]>
// CHECK-NEXT:    return %[[COLLECTIVE_BROADCAST2]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<2> : tensor<ui32>
// CHECK-DAG:     %[[C2:.*]] = stablehlo.constant dense<1> : tensor<ui32>
// CHECK-DAG:     %[[C3:.*]] = stablehlo.constant dense<false> : tensor<i1>
// CHECK:         %[[COLLECTIVE_BROADCAST:.*]] = "stablehlo.collective_broadcast"(%[[X]]) <{replica_groups = dense<[[1, 0], [2, 3]]>
// CHECK:         %[[REPLICA_ID:.*]] = stablehlo.replica_id
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare EQ, %[[REPLICA_ID]], %[[C2]]
// CHECK:         %[[OR:.*]] = stablehlo.or %[[C3]], %[[COMPARE]]
// CHECK:         %[[COMPARE2:.*]] = stablehlo.compare EQ, %[[REPLICA_ID]], %[[C]]
// CHECK:         %[[OR2:.*]] = stablehlo.or %[[OR]], %[[COMPARE2]]
// CHECK:         %[[ALL_REDUCE:.*]] = "stablehlo.all_reduce"(%[[CT]]) <{replica_groups = dense<[[1, 0], [2, 3]]>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[OR2]], %[[ALL_REDUCE]], %[[ZERO]]
// CHECK-NEXT:    return %[[SELECT]]
