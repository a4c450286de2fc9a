// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// One index for all examples: it stays one branch.
func.func @main(%i: tensor<i32>, %x: tensor<5x3xf32>) -> tensor<5x3xf32> {
  %0 = "lift.vmap"(%i, %x) {callee = @f, axis_size = 5 : i64, in_axes = [unit, 0], out_axes = [0]}
    : (tensor<i32>, tensor<5x3xf32>) -> tensor<5x3xf32>
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
// CHECK-SAME:  %[[I:.*]]: tensor<i32>, %[[X:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[SWITCH:.*]] = "lift.switch"(%[[I]], %[[X]]) {branches = [@sine__vmap, @same__vmap]}
// CHECK-NEXT:  return %[[SWITCH]] : tensor<5x3xf32>

// CHECK-LABEL: func.func private @sine__vmap
// CHECK-SAME:  %[[A0:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  %[[SINE:.*]] = stablehlo.sine %[[A0]] : tensor<5x3xf32>
// CHECK-NEXT:  return %[[SINE]] : tensor<5x3xf32>

// CHECK-LABEL: func.func private @same__vmap
// CHECK-SAME:  %[[A0_B:.*]]: tensor<5x3xf32>)
// CHECK-NEXT:  return %[[A0_B]] : tensor<5x3xf32>
