// RUN: stablelift opt %s --pipeline='lift-roll,symbol-dce,canonicalize' | filecheck %s
// The second chain reads what the first one stacked from the last step to the first: a reversed loop, no copies.
func.func public @main(%x: tensor<3xf32>, %ct: tensor<3xf32>) -> tensor<3xf32> {
  %0:2 = call @ahead(%x) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %1:2 = call @ahead(%0#0) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %2:2 = call @ahead(%1#0) : (tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %3 = call @back(%2#1, %ct) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %4 = call @back(%1#1, %3) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %5 = call @back(%0#1, %4) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %5 : tensor<3xf32>
}
func.func private @ahead(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.sine %x : tensor<3xf32>
  %1 = stablehlo.cosine %x : tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
func.func private @back(%c: tensor<3xf32>, %ct: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.multiply %c, %ct : tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main(%[[X:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[F:.*]]:2 = "lift.scan"(%[[X]]) {callee = @ahead__step{{.*}}reverse = false
// CHECK-NEXT:    %[[R:.*]] = "lift.scan"(%[[CT]], %[[F]]#1) {callee = @back__step{{.*}}reverse = true
// CHECK-NEXT:    return %[[R]]
