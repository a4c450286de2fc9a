// RUN: stablelift opt %s --pipeline='lift-roll,symbol-dce' | filecheck %s
// Each chain could be a loop by itself; not both, for each takes what the other has made by half.
func.func public @main(%x: tensor<3xf32>, %n: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %x1 = call @f(%x, %n) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %y1 = call @g(%x, %n) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %y2 = call @g(%y1, %n) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %x2 = call @f(%x1, %n) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %x3 = call @f(%x2, %y1) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %y3 = call @g(%y2, %x1) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %x3, %y3 : tensor<3xf32>, tensor<3xf32>
}
func.func private @f(%x: tensor<3xf32>, %u: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.add %x, %u : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @g(%x: tensor<3xf32>, %u: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.multiply %x, %u : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[N:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[Y1:.*]] = call @g(%[[X]], %[[N]])
// CHECK-NEXT:    %[[Y2:.*]] = call @g(%[[Y1]], %[[N]])
// CHECK-NEXT:    %[[N1:.*]] = stablehlo.reshape %[[N]]
// CHECK-NEXT:    %[[N2:.*]] = stablehlo.reshape %[[N]]
// CHECK-NEXT:    %[[U3:.*]] = stablehlo.reshape %[[Y1]]
// CHECK-NEXT:    %[[U:.*]] = stablehlo.concatenate %[[N1]], %[[N2]], %[[U3]], dim = 0
// CHECK-NEXT:    %[[S:.*]]:2 = "lift.scan"(%[[X]], %[[U]]) {callee = @f__step,
// CHECK-NEXT:    %[[X1:.*]] = stablehlo.slice %[[S]]#1 [1:2, 0:3]
// CHECK-NEXT:    %[[E:.*]] = stablehlo.reshape %[[X1]]
// CHECK-NEXT:    %[[Y3:.*]] = call @g(%[[Y2]], %[[E]])
// CHECK:         return %[[S]]#0, %[[Y3]]
