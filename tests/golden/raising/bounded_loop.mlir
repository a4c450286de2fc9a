// RUN: stablelift opt %s --pipeline=lift-raise | filecheck %s
// Halved until it is small, but at most 100 times: the loop stays a while, and its bound is known.
func.func @main(%x: tensor<f32>) -> tensor<f32> {
  %c0 = stablehlo.constant dense<0> : tensor<i32>
  %0:2 = stablehlo.while(%i = %c0, %a = %x) : tensor<i32>, tensor<f32>
  cond {
    %n = stablehlo.constant dense<100> : tensor<i32>
    %one = stablehlo.constant dense<1.0> : tensor<f32>
    %few = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %large = stablehlo.compare GT, %a, %one : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %both = stablehlo.and %large, %few : tensor<i1>
    stablehlo.return %both : tensor<i1>
  } do {
    %c1 = stablehlo.constant dense<1> : tensor<i32>
    %half = stablehlo.constant dense<0.5> : tensor<f32>
    %j = stablehlo.add %i, %c1 : tensor<i32>
    %b = stablehlo.multiply %a, %half : tensor<f32>
    stablehlo.return %j, %b : tensor<i32>, tensor<f32>
  }
  return %0#1 : tensor<f32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<f32>
// CHECK:         %[[C:.*]] = stablehlo.constant dense<0>
// CHECK-NEXT:    %[[R:.*]]:2 = "lift.while"(%[[C]], %[[X]]) {body = @while_body, cond = @while_cond,
// CHECK-SAME:      max_trip_count = 100 : i64
// CHECK-NEXT:    return %[[R]]#1
