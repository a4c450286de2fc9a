// RUN: stablelift opt %s --pipeline=lift-raise,symbol-dce,canonicalize | filecheck %s
// Every second row from the third on is read, before the loop; of %out, rows 1 to 3 are written, behind it.
func.func @main(%x: tensor<9x2xf32>, %out: tensor<5x2xf32>) -> tensor<5x2xf32> {
  %one = stablehlo.constant dense<1> : tensor<i64>
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %0:2 = stablehlo.while(%i = %one, %y = %out) : tensor<i64>, tensor<5x2xf32>
  cond {
    %n = stablehlo.constant dense<4> : tensor<i64>
    %more = stablehlo.compare NE, %i, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %more : tensor<i1>
  } do {
    %twice = stablehlo.add %i, %i : tensor<i64>
    %row = stablehlo.dynamic_slice %x, %twice, %zero, sizes = [1, 2] : (tensor<9x2xf32>, tensor<i64>, tensor<i64>) -> tensor<1x2xf32>
    %sine = stablehlo.sine %row : tensor<1x2xf32>
    %written = stablehlo.dynamic_update_slice %y, %sine, %i, %zero
      : (tensor<5x2xf32>, tensor<1x2xf32>, tensor<i64>, tensor<i64>) -> tensor<5x2xf32>
    %next = stablehlo.add %i, %one : tensor<i64>
    stablehlo.return %next, %written : tensor<i64>, tensor<5x2xf32>
  }
  return %0#1 : tensor<5x2xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<9x2xf32>, %[[OUT:.*]]: tensor<5x2xf32>)
// CHECK-DAG:     %[[ONE:.*]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK-DAG:     %[[ZERO:.*]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK:         %[[ROWS:.*]] = stablehlo.slice %[[X]] [2:7:2, 0:2]
// CHECK-NEXT:    %[[R:.*]]:2 = "lift.scan"({{.*}}, %[[ROWS]]) {callee = @while_body, in_axes = [0], length = 3
// CHECK-NEXT:    %[[Y:.*]] = stablehlo.dynamic_update_slice %[[OUT]], %[[R]]#1, %[[ONE]], %[[ZERO]]
// CHECK-NEXT:    return %[[Y]]
