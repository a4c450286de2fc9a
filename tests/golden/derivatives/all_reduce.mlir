// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// A sum that every device gets is its own transpose.
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
  %y = "stablehlo.all_reduce"(%x) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
  }) {replica_groups = dense<0> : tensor<1x1xi64>} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[DX:.*]]: tensor<4xf32>
// CHECK:         %[[ALL_REDUCE:.*]] = "stablehlo.all_reduce"(%[[X]]) <{replica_groups = dense<0>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         %[[ALL_REDUCE2:.*]] = "stablehlo.all_reduce"(%[[DX]]) <{replica_groups = dense<0>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         return %[[ALL_REDUCE2]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[CT:.*]]: tensor<4xf32>
// CHECK:         %[[ALL_REDUCE:.*]] = "stablehlo.all_reduce"(%[[X]]) <{replica_groups = dense<0>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         %[[ALL_REDUCE2:.*]] = "stablehlo.all_reduce"(%[[CT]]) <{replica_groups = dense<0>
// CHECK:           stablehlo.add
// CHECK:           stablehlo.return
// CHECK:         return %[[ALL_REDUCE2]]
