// RUN: stablelift opt %s --pipeline='lift-prune' | filecheck %s
// The chain of states serves nothing but itself: the calls keep what is drawn, and what it is drawn from.
func.func public @main(%k: tensor<2xf32>, %l: tensor<2xf32>, %x: tensor<3xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a, %y = call @f(%k, %x) : (tensor<2xf32>, tensor<3xf32>) -> (tensor<2xf32>, tensor<3xf32>)
  %b, %z = call @f(%l, %y) : (tensor<2xf32>, tensor<3xf32>) -> (tensor<2xf32>, tensor<3xf32>)
  return %a, %b : tensor<2xf32>, tensor<2xf32>
}
func.func private @f(%k: tensor<2xf32>, %x: tensor<3xf32>) -> (tensor<2xf32>, tensor<3xf32>) {
  %a = stablehlo.negate %k : tensor<2xf32>
  %y = stablehlo.sine %x : tensor<3xf32>
  return %a, %y : tensor<2xf32>, tensor<3xf32>
}
// CHECK:       func.func public @main(%[[K:.*]]: tensor<2xf32>, %[[L:.*]]: tensor<2xf32>, %{{.*}}: tensor<3xf32>)
// CHECK-NEXT:    %[[A:.*]] = call @f(%[[K]]) : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT:    %[[B:.*]] = call @f(%[[L]]) : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT:    return %[[A]], %[[B]]
// CHECK:       func.func private @f(%[[P:.*]]: tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT:    %[[N:.*]] = stablehlo.negate %[[P]]
// CHECK-NEXT:    return %[[N]]
