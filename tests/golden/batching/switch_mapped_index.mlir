// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// An index for each example: all branches run, and each example keeps its own.
func.func @main(%i: tensor<5xi32>, %x: tensor<3xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%i, %x) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<5xi32>, tensor<3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%i: tensor<i32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.switch"(%i, %x) {branches = [@sine, @same]} : (tensor<i32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @sine(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @same(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[I:.*]]: tensor<5xi32>, %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<1> : tensor<5xi32>
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[X]] : tensor<3xf32>
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[SINE]], dims = [1]
// CHECK-NEXT:  %[[BROADCAST_IN_DIM_B:.*]] = stablehlo.broadcast_in_dim %[[X]], dims = [1]
// CHECK-NEXT:  %[[COMPARE:.*]] = stablehlo.compare GE, %[[I]], %[[CONST]]
// CHECK-NEXT:  %[[BROADCAST_IN_DIM_C:.*]] = stablehlo.broadcast_in_dim %[[COMPARE]], dims = [0]
// CHECK-NEXT:  %[[SELECT:.*]] = stablehlo.select %[[BROADCAST_IN_DIM_C]], %[[BROADCAST_IN_DIM_B]],
// CHECK-SAME:  %[[BROADCAST_IN_DIM]] : tensor<5x3xi1>, tensor<5x3xf32>
// CHECK-NEXT:  return %[[SELECT]] : tensor<5x3xf32>
