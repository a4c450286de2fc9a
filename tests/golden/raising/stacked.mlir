// RUN: stablelift opt %s --pipeline=lift-raise,symbol-dce,canonicalize | filecheck %s
// What a loop reads and writes at its counter is stacked. %x is read from its end, behind a function as JAX calls
// it, and %out is written there, so the scan runs backward; the counter is left for lift-tidy.
func.func @main(%c: tensor<3xf32>, %x: tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %out = stablehlo.constant dense<0.0> : tensor<5x3xf32>
  %0:4 = stablehlo.while(%i = %zero, %a = %c, %y = %out, %all = %x)
    : tensor<i32>, tensor<3xf32>, tensor<5x3xf32>, tensor<5x3xf32>
  cond {
    %n = stablehlo.constant dense<5> : tensor<i32>
    %more = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %more : tensor<i1>
  } do {
    %four = stablehlo.constant dense<4> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %at = stablehlo.subtract %four, %i : tensor<i32>
    %row = func.call @row(%all, %at) : (tensor<5x3xf32>, tensor<i32>) -> tensor<3xf32>
    %b = stablehlo.multiply %a, %row : tensor<3xf32>
    %update = stablehlo.reshape %b : (tensor<3xf32>) -> tensor<1x3xf32>
    %written = stablehlo.dynamic_update_slice %y, %update, %at, %zero
      : (tensor<5x3xf32>, tensor<1x3xf32>, tensor<i32>, tensor<i32>) -> tensor<5x3xf32>
    %next = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %next, %b, %written, %all : tensor<i32>, tensor<3xf32>, tensor<5x3xf32>, tensor<5x3xf32>
  }
  return %0#1, %0#2 : tensor<3xf32>, tensor<5x3xf32>
}
func.func private @row(%x: tensor<5x3xf32>, %i: tensor<i32>) -> tensor<3xf32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %0 = stablehlo.dynamic_slice %x, %i, %zero, sizes = [1, 3] : (tensor<5x3xf32>, tensor<i32>, tensor<i32>) -> tensor<1x3xf32>
  %1 = stablehlo.reshape %0 : (tensor<1x3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[C:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<5x3xf32>)
// CHECK:         %[[R:.*]]:3 = "lift.scan"(%{{.*}}, %[[C]], %[[X]]) {callee = @while_body, in_axes = [0],
// CHECK-SAME:      length = 5 : i64, num_carry = 2 : i64, num_consts = 0 : i64, out_axes = [0], reverse = true
// CHECK-NEXT:    return %[[R]]#1, %[[R]]#2
// CHECK-LABEL: func.func private @while_body
// CHECK-SAME:    %[[I:.*]]: tensor<i32>, %[[A:.*]]: tensor<3xf32>, %[[ROW:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[ONE:.*]] = stablehlo.constant dense<1>
// CHECK-NEXT:    %[[B:.*]] = stablehlo.multiply %[[A]], %[[ROW]]
// CHECK-NEXT:    %[[NEXT:.*]] = stablehlo.add %[[I]], %[[ONE]]
// CHECK-NEXT:    return %[[NEXT]], %[[B]], %[[B]]
