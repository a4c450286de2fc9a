// RUN: stablelift opt %s --pipeline=lift-batching,symbol-dce | filecheck %s
// Threefry is elementwise: keys that differ and counters that all share are one op.
func.func @main(%keys: tensor<3xui32>, %x: tensor<ui32>) -> tensor<3xui32> {
  %0 = "lift.vmap"(%keys, %x) {callee = @one, axis_size = 3 : i64, in_axes = [0 : i64, unit], out_axes = [0 : i64]}
    : (tensor<3xui32>, tensor<ui32>) -> tensor<3xui32>
  return %0 : tensor<3xui32>
}
func.func private @one(%key: tensor<ui32>, %x: tensor<ui32>) -> tensor<ui32> {
  %0:2 = "lift.threefry2x32"(%key, %key, %x, %x) : (tensor<ui32>, tensor<ui32>, tensor<ui32>, tensor<ui32>) -> (tensor<ui32>, tensor<ui32>)
  return %0#1 : tensor<ui32>
}
// CHECK-LABEL: func.func @main
// CHECK:       func.func private @{{.*}}(%[[KEYS:.*]]: tensor<3xui32>, %[[ONE:.*]]: tensor<ui32>) -> tensor<3xui32>
// CHECK:       %[[X:.*]] = stablehlo.broadcast_in_dim %[[ONE]], dims = [] : (tensor<ui32>) -> tensor<3xui32>
// CHECK:       %[[BITS:.*]]:2 = "lift.threefry2x32"(%[[KEYS]], %[[KEYS]], %[[X]], %{{.*}})
// CHECK-NEXT:  return %[[BITS]]#1 : tensor<3xui32>
