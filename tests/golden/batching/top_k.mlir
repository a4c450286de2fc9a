// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The greatest elements of the last axis, whatever stands before it.
func.func @main(%x: tensor<5x4xf32>) -> (tensor<5x2xf32>, tensor<5x2xi32>) {
  %0:2 = "lift.vmap"(%x) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0, 0]}
    : (tensor<5x4xf32>) -> (tensor<5x2xf32>, tensor<5x2xi32>)
  return %0#0, %0#1 : tensor<5x2xf32>, tensor<5x2xi32>
}
func.func private @f(%x: tensor<4xf32>) -> (tensor<2xf32>, tensor<2xi32>) {
  %values, %indices = chlo.top_k(%x, k = 2) : tensor<4xf32> -> (tensor<2xf32>, tensor<2xi32>)
  return %values, %indices : tensor<2xf32>, tensor<2xi32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<5x4xf32>)
// CHECK-NEXT:  %[[VALUES:.*]], %[[INDICES:.*]] = chlo.top_k(%[[X]], k = 2) : tensor<5x4xf32> -> (tensor<5x2xf32>,
// CHECK-SAME:  tensor<5x2xi32>)
// CHECK-NEXT:  return %[[VALUES]], %[[INDICES]] : tensor<5x2xf32>, tensor<5x2xi32>
