// RUN: stablelift opt %s --pipeline='lift-remat,symbol-dce' | filecheck %s
// The reverse wants two tensors made from one product: the product is passed, and they are made again.
func.func public @main(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>, %ct: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %0:3 = call @ahead(%x, %w) : (tensor<4x8xf32>, tensor<8x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>)
  %1 = call @back(%0#1, %0#2, %ct) : (tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %0#0, %1 : tensor<4x2xf32>, tensor<4x2xf32>
}
func.func private @ahead(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<4x8xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
  %1 = stablehlo.sine %0 : tensor<4x2xf32>
  %2 = stablehlo.cosine %0 : tensor<4x2xf32>
  %3 = stablehlo.multiply %1, %2 : tensor<4x2xf32>
  return %3, %1, %2 : tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>
}
func.func private @back(%s: tensor<4x2xf32>, %c: tensor<4x2xf32>, %ct: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %0 = stablehlo.multiply %s, %c : tensor<4x2xf32>
  %1 = stablehlo.multiply %0, %ct : tensor<4x2xf32>
  return %1 : tensor<4x2xf32>
}
// CHECK:       func.func public @main(%{{.*}}: tensor<4x8xf32>, %{{.*}}: tensor<8x2xf32>, %[[CT:.*]]: tensor<4x2xf32>)
// CHECK-NEXT:    %[[F:.*]]:2 = call @ahead
// CHECK-NEXT:    %[[R:.*]] = call @back(%[[CT]], %[[F]]#1)
// CHECK-NEXT:    return %[[F]]#0, %[[R]]
// CHECK:       func.func private @ahead
// CHECK-NEXT:    %[[D:.*]] = stablehlo.dot_general
// CHECK:         return %{{.*}}, %[[D]]
// CHECK:       func.func private @back(%[[P:.*]]: tensor<4x2xf32>, %[[Q:.*]]: tensor<4x2xf32>)
// CHECK-NEXT:    stablehlo.sine %[[Q]]
// CHECK-NEXT:    stablehlo.cosine %[[Q]]
