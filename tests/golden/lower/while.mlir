// RUN: stablelift opt %s --pipeline=lift-lower,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Constants of the condition and of the body are read from outside of the loop: only the carry is carried.
func.func @main(%bound: tensor<f32>, %rate: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %0 = "lift.while"(%bound, %rate, %x) {cond = @below, body = @grow, num_cond_consts = 1 : i64,
      num_body_consts = 1 : i64} : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
func.func private @below(%bound: tensor<f32>, %x: tensor<f32>) -> tensor<i1> {
  %0 = stablehlo.compare LT, %x, %bound : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %0 : tensor<i1>
}
func.func private @grow(%rate: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %0 = stablehlo.multiply %rate, %x : tensor<f32>
  return %0 : tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[BOUND:.*]]: tensor<f32>, %[[RATE:.*]]: tensor<f32>, %[[X:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[WHILE:.*]] = stablehlo.while(%[[CARRY:.*]] = %[[X]]) : tensor<f32>
// CHECK-NEXT:  cond {
// CHECK-NEXT:  %[[COMPARE:.*]] = stablehlo.compare LT, %[[CARRY]], %[[BOUND]]
// CHECK-NEXT:  stablehlo.return %[[COMPARE]] : tensor<i1>
// CHECK-NEXT:  } do {
// CHECK-NEXT:  %[[MULTIPLY:.*]] = stablehlo.multiply %[[RATE]], %[[CARRY]] : tensor<f32>
// CHECK-NEXT:  stablehlo.return %[[MULTIPLY]] : tensor<f32>
// CHECK-NEXT:  }
// CHECK-NEXT:  return %[[WHILE]] : tensor<f32>
