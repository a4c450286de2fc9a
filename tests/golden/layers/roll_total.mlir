// RUN: stablelift opt %s --pipeline='lift-roll,symbol-dce,canonicalize' | filecheck %s
// What the calls return beside the carry is only added up, in their order: the loop adds, and stacks nothing. The sum
// that starts with the first call's result starts with minus zero; the other with what is there before.
func.func public @main(%x: tensor<3xf32>, %s: tensor<f32>) -> (tensor<3xf32>, tensor<f32>, tensor<f32>) {
  %0:3 = call @layer(%x) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<f32>, tensor<f32>)
  %1:3 = call @layer(%0#0) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<f32>, tensor<f32>)
  %2:3 = call @layer(%1#0) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<f32>, tensor<f32>)
  %a1 = stablehlo.add %0#1, %1#1 : tensor<f32>
  %a2 = stablehlo.add %2#1, %a1 : tensor<f32>
  %b0 = stablehlo.add %s, %0#2 : tensor<f32>
  %b1 = stablehlo.add %b0, %1#2 : tensor<f32>
  %b2 = stablehlo.add %b1, %2#2 : tensor<f32>
  return %2#0, %a2, %b2 : tensor<3xf32>, tensor<f32>, tensor<f32>
}
func.func private @layer(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<f32>, tensor<f32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.sine %x : tensor<3xf32>
  %1 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  %2 = stablehlo.negate %1 : tensor<f32>
  return %0, %1, %2 : tensor<3xf32>, tensor<f32>, tensor<f32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[S:.*]]: tensor<f32>)
// CHECK-NEXT:    %[[ZERO:.*]] = stablehlo.constant dense<-0.000000e+00>
// CHECK-NEXT:    %[[R:.*]]:3 = "lift.scan"(%[[X]], %[[ZERO]], %[[S]]) {callee = @layer__step{{.*}}num_carry = 3
// CHECK-NEXT:    return %[[R]]#0, %[[R]]#1, %[[R]]#2
// CHECK:       func.func private @layer__step(%[[XI:[^:]*]]: tensor<3xf32>, %[[A:[^:]*]]: tensor<f32>, %[[B:[^:]*]]: tensor<f32>)
// CHECK-NEXT:    %[[L:.*]]:3 = call @layer(%[[XI]])
// CHECK-NEXT:    %[[SA:.*]] = stablehlo.add %[[A]], %[[L]]#1
// CHECK-NEXT:    %[[SB:.*]] = stablehlo.add %[[B]], %[[L]]#2
// CHECK-NEXT:    return %[[L]]#0, %[[SA]], %[[SB]]
