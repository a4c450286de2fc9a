// RUN: stablelift opt %s --pipeline=lift-raise | filecheck %s
// A counted loop is a scan; %k, carried unchanged, becomes a constant of it, and %s is seen from inside as another.
func.func @main(%x: tensor<3xf32>, %k: tensor<3xf32>, %s: tensor<3xf32>) -> tensor<3xf32> {
  %c0 = stablehlo.constant dense<0> : tensor<i32>
  %0:3 = stablehlo.while(%i = %c0, %a = %x, %b = %k) : tensor<i32>, tensor<3xf32>, tensor<3xf32>
  cond {
    %n = stablehlo.constant dense<10> : tensor<i32>
    %more = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %more : tensor<i1>
  } do {
    %one = stablehlo.constant dense<1> : tensor<i32>
    %next = stablehlo.add %i, %one : tensor<i32>
    %p = stablehlo.multiply %a, %b : tensor<3xf32>
    %q = stablehlo.add %p, %s : tensor<3xf32>
    stablehlo.return %next, %q, %b : tensor<i32>, tensor<3xf32>, tensor<3xf32>
  }
  return %0#1 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>, %[[K:.*]]: tensor<3xf32>, %[[S:.*]]: tensor<3xf32>
// CHECK:         %[[C:.*]] = stablehlo.constant dense<0>
// CHECK-NEXT:    %[[R:.*]]:2 = "lift.scan"(%[[K]], %[[S]], %[[C]], %[[X]]) {callee = @while_body,
// CHECK-SAME:      length = 10 : i64, num_carry = 2 : i64, num_consts = 2 : i64
// CHECK-NEXT:    return %[[R]]#1
// CHECK-LABEL: func.func private @while_body
// CHECK-SAME:    %[[B:.*]]: tensor<3xf32>, %[[T:.*]]: tensor<3xf32>, %[[I:.*]]: tensor<i32>, %[[A:.*]]: tensor<3xf32>)
// CHECK:         stablehlo.multiply %[[A]], %[[B]]
// CHECK-NEXT:    stablehlo.add %{{.*}}, %[[T]]
