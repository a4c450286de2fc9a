// RUN: stablelift opt %s --pipeline=lift-hoist,lift-inline,symbol-dce,canonicalize | filecheck %s
// The reverse of a recurrent network: the gradients of %w and of the bias are carried, and only added to. What they
// are computed from is stacked (%x is already); the sums are one contraction, and one reduction, behind the loop.
func.func @main(%w: tensor<32x40xf32>, %h: tensor<2x40xf32>, %dw: tensor<32x40xf32>, %db: tensor<40xf32>, %x: tensor<5x2x32xf32>)
    -> (tensor<2x40xf32>, tensor<32x40xf32>, tensor<40xf32>) {
  %0:3 = "lift.scan"(%w, %h, %dw, %db, %x) {callee = @step, num_consts = 1 : i64, num_carry = 3 : i64,
    length = 5 : i64, reverse = true, unroll = 1 : i64, in_axes = [0], out_axes = []}
    : (tensor<32x40xf32>, tensor<2x40xf32>, tensor<32x40xf32>, tensor<40xf32>, tensor<5x2x32xf32>)
    -> (tensor<2x40xf32>, tensor<32x40xf32>, tensor<40xf32>)
  return %0#0, %0#1, %0#2 : tensor<2x40xf32>, tensor<32x40xf32>, tensor<40xf32>
}
func.func private @step(%w: tensor<32x40xf32>, %h: tensor<2x40xf32>, %dw: tensor<32x40xf32>, %db: tensor<40xf32>, %x: tensor<2x32xf32>)
    -> (tensor<2x40xf32>, tensor<32x40xf32>, tensor<40xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %g = stablehlo.sine %h : tensor<2x40xf32>
  %p = stablehlo.dot_general %g, %x, contracting_dims = [0] x [0] : (tensor<2x40xf32>, tensor<2x32xf32>) -> tensor<40x32xf32>
  %q = stablehlo.transpose %p, dims = [1, 0] : (tensor<40x32xf32>) -> tensor<32x40xf32>
  %1 = stablehlo.add %dw, %q : tensor<32x40xf32>
  %r = stablehlo.reduce(%g init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<2x40xf32>, tensor<f32>) -> tensor<40xf32>
  %2 = stablehlo.add %db, %r : tensor<40xf32>
  return %g, %1, %2 : tensor<2x40xf32>, tensor<32x40xf32>, tensor<40xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[W:.*]]: tensor<32x40xf32>, %[[H:.*]]: tensor<2x40xf32>, %[[DW:.*]]: tensor<32x40xf32>, %[[DB:.*]]: tensor<40xf32>, %[[X:.*]]: tensor<5x2x32xf32>)
// CHECK:         %[[R:.*]]:2 = "lift.scan"(%[[H]]) {callee = @step, in_axes = [], length = 5 : i64, num_carry = 1 : i64, num_consts = 0 : i64, out_axes = [0]
// CHECK-NEXT:    %[[P:.*]] = stablehlo.dot_general %[[R]]#1, %[[X]], contracting_dims = [0, 1] x [0, 1]
// CHECK-NEXT:    %[[Q:.*]] = stablehlo.transpose %[[P]], dims = [1, 0]
// CHECK-NEXT:    %[[B:.*]] = stablehlo.reduce(%[[R]]#1 init: %{{.*}}) applies stablehlo.add across dimensions = [0, 1]
// CHECK-NEXT:    %[[W2:.*]] = stablehlo.add %[[DW]], %[[Q]]
// CHECK-NEXT:    %[[B2:.*]] = stablehlo.add %[[DB]], %[[B]]
// CHECK-NEXT:    return %[[R]]#0, %[[W2]], %[[B2]]
// CHECK-LABEL: func.func private @step
// CHECK-SAME:    %[[IH:.*]]: tensor<2x40xf32>)
// CHECK-NEXT:    %[[G:.*]] = stablehlo.sine %[[IH]]
// CHECK-NEXT:    return %[[G]], %[[G]]
