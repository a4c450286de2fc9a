// RUN: stablelift opt %s --pipeline='lift-lower,lift-inline,symbol-dce' | filecheck %s
// The third loop writes its stacked result over %p, which the first was the last to read; the fourth finds nothing
// that is left: %q is returned, %x is the caller's, and %p has served.
func.func public @main(%x: tensor<3x2xf32>, %c: tensor<2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %p = stablehlo.sine %x : tensor<3x2xf32>
  %q = stablehlo.cosine %x : tensor<3x2xf32>
  %0 = "lift.scan"(%c, %p) {callee = @read, num_consts = 0, num_carry = 1, length = 3, reverse = false, unroll = 1,
       in_axes = [0], out_axes = []} : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<2xf32>
  %1 = "lift.scan"(%0, %q) {callee = @read, num_consts = 0, num_carry = 1, length = 3, reverse = false, unroll = 1,
       in_axes = [0], out_axes = []} : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<2xf32>
  %2:2 = "lift.scan"(%1, %x) {callee = @write, num_consts = 0, num_carry = 1, length = 3, reverse = false, unroll = 1,
       in_axes = [0], out_axes = [0]} : (tensor<2xf32>, tensor<3x2xf32>) -> (tensor<2xf32>, tensor<3x2xf32>)
  %3:2 = "lift.scan"(%2#0, %2#1) {callee = @write, num_consts = 0, num_carry = 1, length = 3, reverse = false, unroll = 1,
       in_axes = [0], out_axes = [0]} : (tensor<2xf32>, tensor<3x2xf32>) -> (tensor<2xf32>, tensor<3x2xf32>)
  return %q, %3#1 : tensor<3x2xf32>, tensor<3x2xf32>
}
func.func private @read(%c: tensor<2xf32>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.add %c, %x : tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func private @write(%c: tensor<2xf32>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = stablehlo.add %c, %x : tensor<2xf32>
  return %0, %0 : tensor<2xf32>, tensor<2xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    %[[P:.*]] = stablehlo.sine
// CHECK-NEXT:    %[[Q:.*]] = stablehlo.cosine
// CHECK:         stablehlo.while
// CHECK:         stablehlo.while
// CHECK:         %[[THIRD:.*]]:3 = stablehlo.while(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %[[P]])
// CHECK:         %[[ZEROS:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3x2xf32>
// CHECK:         %[[LAST:.*]]:3 = stablehlo.while(%{{.*}} = %{{.*}}, %{{.*}} = %[[THIRD]]#1, %{{.*}} = %[[ZEROS]])
// CHECK:         return %[[Q]], %[[LAST]]#2
