// RUN: stablelift opt %s --pipeline=lift-batching,symbol-dce | filecheck %s
// Two calls with one pattern of mapped arguments share one batched function; what is not mapped is computed
// once, by the function as it was.
func.func @main(%x: tensor<5x3xf32>, %y: tensor<3xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%x, %y) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<5x3xf32>, tensor<3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
func.func private @f(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %0 = func.call @g(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = func.call @g(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = func.call @g(%y) : (tensor<3xf32>) -> tensor<3xf32>
  %3 = stablehlo.add %1, %2 : tensor<3xf32>
  return %3 : tensor<3xf32>
}
func.func private @g(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x3xf32>, %[[Y:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[CALL:.*]] = call @f__vmap(%[[X]], %[[Y]])
// CHECK-NEXT:  return %[[CALL]] : tensor<5x3xf32>

// CHECK-LABEL: func.func private @g
// CHECK-SAME:  %[[X_3:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[X_3]]
// CHECK-NEXT:  return %[[SINE]] : tensor<3xf32>

// CHECK-LABEL: func.func private @f__vmap
// CHECK-SAME:  %[[X_5:.*]]: tensor<5x3xf32>, %[[Y_6:.*]]: tensor<3xf32>)
// CHECK-NEXT:  %[[CALL_B:.*]] = call @g__vmap(%[[X_5]])
// CHECK-NEXT:  %[[CALL_C:.*]] = call @g__vmap(%[[CALL_B]])
// CHECK-NEXT:  %[[CALL_D:.*]] = call @g(%[[Y_6]])
// CHECK-NEXT:  %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[CALL_D]], dims = [1]
// CHECK-NEXT:  %[[ADD:.*]] = stablehlo.add %[[CALL_C]], %[[BROADCAST_IN_DIM]]
// CHECK-NEXT:  return %[[ADD]] : tensor<5x3xf32>

// CHECK-LABEL: func.func private @g__vmap
// CHECK-SAME:  %[[X_12:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[SINE_B:.*]] = stablehlo.sine %[[X_12]]
// CHECK-NEXT:  return %[[SINE_B]] : tensor<5x3xf32>
