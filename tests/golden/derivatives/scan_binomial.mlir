// RUN: stablelift opt %s --pipeline=lift-derivatives | filecheck %s
// One snapshot beside the first carry: the buffer has a slot for each, and one for what is not kept. Each step of the
// reverse runs its way from a slot again, at most two steps here, as the tables say.
func.func @main(%w: tensor<3xf32>, %c: tensor<3xf32>, %x: tensor<5x3xf32>, %ct: tensor<3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>) {
  %0:3 = "lift.vjp"(%w, %c, %x, %ct) {callee = @loop, wrt = [0, 2], of = [0]}
    : (tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>)
  return %0#1, %0#2 : tensor<3xf32>, tensor<5x3xf32>
}
func.func private @loop(%w: tensor<3xf32>, %c: tensor<3xf32>, %x: tensor<5x3xf32>) -> tensor<3xf32> {
  %0 = "lift.scan"(%w, %c, %x) {callee = @step, num_consts = 1 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [], checkpoints = 1 : i64}
    : (tensor<3xf32>, tensor<3xf32>, tensor<5x3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @step(%w: tensor<3xf32>, %c: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.multiply %w, %c : tensor<3xf32>
  %1 = stablehlo.multiply %0, %x : tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK-LABEL: func.func private @loop__vjp
// CHECK:         %[[KEEP:.*]] = stablehlo.constant dense<[1, 2, 0, 2, 2]> : tensor<5xi32>
// CHECK:         %[[F:.*]]:2 = "lift.scan"(%arg0, %arg1, %{{.*}}, %[[KEEP]], %arg2) {callee = @step__sweep
// CHECK:         %[[AGAIN:.*]] = stablehlo.constant dense<[2, 2, 2, 0]> : tensor<4xi32>
// CHECK:         %[[FROM:.*]] = stablehlo.constant dense<[0, 0, 2, 2, 2]> : tensor<5xi32>
// CHECK:         %[[SLOT:.*]] = stablehlo.constant dense<[1, 1, 0, 0, 0]> : tensor<5xi32>
// CHECK:         %[[B:.*]]:4 = "lift.scan"(%arg0, %arg2, %[[AGAIN]], %[[F]]#1, %arg3, {{.*}}, %[[FROM]], %[[SLOT]], {{.*}}reverse = true
// CHECK:         return %[[F]]#0, %[[B]]#2, %[[B]]#3
// CHECK-LABEL: func.func private @step__sweep
// CHECK:         stablehlo.dynamic_update_slice %arg2, %{{.*}}, %arg3,
// CHECK-LABEL: func.func private @step__reverse
// CHECK:         "lift.while"({{.*}}max_trip_count = 2
// CHECK:         call @step__fwd
// CHECK:         call @step__bwd
