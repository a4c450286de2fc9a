// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Each example has its own number of steps: the loop runs as long as any does, and keeps what has ended.
func.func @main(%n: tensor<5xi32>) -> tensor<5xi32> {
  %0 = "lift.vmap"(%n) {callee = @f, axis_size = 5 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<5xi32>) -> tensor<5xi32>
  return %0 : tensor<5xi32>
}
func.func private @f(%n: tensor<i32>) -> tensor<i32> {
  %0 = "lift.while"(%n) {cond = @positive, body = @halve, num_cond_consts = 0 : i64,
      num_body_consts = 0 : i64}
    : (tensor<i32>) -> tensor<i32>
  return %0 : tensor<i32>
}
func.func private @positive(%n: tensor<i32>) -> tensor<i1> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %0 = stablehlo.compare GT, %n, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
  return %0 : tensor<i1>
}
func.func private @halve(%n: tensor<i32>) -> tensor<i32> {
  %two = stablehlo.constant dense<2> : tensor<i32>
  %0 = stablehlo.divide %n, %two : tensor<i32>
  return %0 : tensor<i32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[N:.*]]: tensor<5xi32>)
// CHECK-NEXT:  %[[WHILE:.*]] = "lift.while"(%[[N]]) {body = @halve__vmap_masked,
// CHECK-SAME:  cond = @positive__vmap_any, num_body_consts = 0 : i64, num_cond_consts = 0 : i64}
// CHECK-NEXT:  return %[[WHILE]] : tensor<5xi32>

// CHECK-LABEL: func.func private @positive__vmap_any
// CHECK-SAME:  %[[A0:.*]]: tensor<5xi32>)
// CHECK-NEXT:  %[[CONST:.*]] = stablehlo.constant dense<false> : tensor<i1>
// CHECK-NEXT:  %[[CONST_B:.*]] = stablehlo.constant dense<0> : tensor<5xi32>
// CHECK-NEXT:  %[[COMPARE:.*]] = stablehlo.compare GT, %[[A0]], %[[CONST_B]]
// CHECK-NEXT:  %[[REDUCE:.*]] = stablehlo.reduce(%[[COMPARE]] init: %[[CONST]]) applies stablehlo.or
// CHECK-SAME:  across dimensions = [0]
// CHECK-NEXT:  return %[[REDUCE]] : tensor<i1>

// CHECK-LABEL: func.func private @halve__vmap_masked
// CHECK-SAME:  %[[A0_B:.*]]: tensor<5xi32>)
// CHECK-NEXT:  %[[CONST_C:.*]] = stablehlo.constant dense<2> : tensor<5xi32>
// CHECK-NEXT:  %[[CONST_D:.*]] = stablehlo.constant dense<0> : tensor<5xi32>
// CHECK-NEXT:  %[[COMPARE_B:.*]] = stablehlo.compare GT, %[[A0_B]], %[[CONST_D]]
// CHECK-NEXT:  %[[DIVIDE:.*]] = stablehlo.divide %[[A0_B]], %[[CONST_C]] : tensor<5xi32>
// CHECK-NEXT:  %[[SELECT:.*]] = stablehlo.select %[[COMPARE_B]], %[[DIVIDE]], %[[A0_B]] : tensor<5xi1>,
// CHECK-SAME:  tensor<5xi32>
// CHECK-NEXT:  return %[[SELECT]] : tensor<5xi32>
