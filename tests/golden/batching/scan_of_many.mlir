// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// How many examples there are is not known, nor how large a stack of theirs is: the loop carries it.
func.func @main(%xs: tensor<?x5xf32>) -> (tensor<?x5xf32>) {
  %ys = "lift.vmap"(%xs) {callee = @sums, in_axes = [0], out_axes = [0], axis_size = -9223372036854775808 : i64}
      : (tensor<?x5xf32>) -> tensor<?x5xf32>
  return %ys : tensor<?x5xf32>
}
func.func private @sums(%xs: tensor<5xf32>) -> tensor<5xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %sum, %ys = "lift.scan"(%zero, %xs) {
    callee = @step, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64, reverse = false, unroll = 1 : i64,
    in_axes = [0], out_axes = [0]} : (tensor<f32>, tensor<5xf32>) -> (tensor<f32>, tensor<5xf32>)
  return %ys : tensor<5xf32>
}
func.func private @step(%sum: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %next = stablehlo.add %sum, %x : tensor<f32>
  return %next, %next : tensor<f32>, tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[XS:.*]]: tensor<?x5xf32>)
// CHECK-DAG:   %[[STACK:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK:       %[[N:.*]] = stablehlo.get_dimension_size %[[XS]], dim = 0
// CHECK:       %[[SUM:.*]] = stablehlo.dynamic_broadcast_in_dim {{.*}} -> tensor<?xf32>
// CHECK:       %[[YS:.*]] = stablehlo.dynamic_broadcast_in_dim %[[STACK]], {{.*}} dims = [1] {{.*}} -> tensor<?x5xf32>
// CHECK-NEXT:  %[[LOOP:.*]]:3 = "lift.while"(%[[XS]], %c_0, %[[SUM]], %[[YS]]) {body = @step__counted__vmap,
// CHECK-SAME:  cond = @step__runs__vmap, num_body_consts = 1 : i64, num_cond_consts = 0 : i64}
// CHECK-NEXT:  return %[[LOOP]]#2

// CHECK-LABEL: func.func private @step__counted__vmap
// CHECK-SAME:  %[[XS:.*]]: tensor<?x5xf32>, %[[I:.*]]: tensor<i32>, %[[SUM:.*]]: tensor<?xf32>, %[[YS:.*]]: tensor<?x5xf32>)
// CHECK:       %[[SLICE:.*]] = "stablehlo.gather"(%[[XS]],
// CHECK:       %[[X:.*]] = stablehlo.dynamic_reshape %[[SLICE]], {{.*}} -> tensor<?xf32>
// CHECK-NEXT:  %[[NEXT:.*]] = stablehlo.add %[[SUM]], %[[X]]
// CHECK:       %[[PART:.*]] = stablehlo.dynamic_reshape %[[NEXT]], {{.*}} -> tensor<?x1xf32>
// CHECK-NEXT:  %[[WRITTEN:.*]] = stablehlo.dynamic_update_slice %[[YS]], %[[PART]], %{{.*}}, %[[I]]
// CHECK-NEXT:  return %{{.*}}, %[[NEXT]], %[[WRITTEN]]
