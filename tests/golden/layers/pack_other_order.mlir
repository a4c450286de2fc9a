// RUN: stablelift opt %s --pipeline='lift-pack,canonicalize,symbol-dce' | filecheck %s
// The second four take the first four's results in another order: a call becomes part of one batched call only.
func.func public @main(%k: tensor<i32>) -> (tensor<8xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8xi32>) {
  %0 = stablehlo.constant dense<3> : tensor<i32>
  %1 = stablehlo.constant dense<5> : tensor<i32>
  %2 = stablehlo.constant dense<2> : tensor<i32>
  %3 = stablehlo.constant dense<7> : tensor<i32>
  %a = call @draw(%k, %0) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %b = call @draw(%k, %1) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %c = call @draw(%k, %2) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %d = call @draw(%k, %3) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %p = call @first(%b) : (tensor<8xi32>) -> tensor<i32>
  %q = call @first(%a) : (tensor<8xi32>) -> tensor<i32>
  %r = call @first(%d) : (tensor<8xi32>) -> tensor<i32>
  %s = call @first(%c) : (tensor<8xi32>) -> tensor<i32>
  %e = call @draw(%k, %p) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %f = call @draw(%k, %q) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %g = call @draw(%k, %r) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  %h = call @draw(%k, %s) : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
  return %e, %f, %g, %h : tensor<8xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8xi32>
}
func.func private @draw(%k: tensor<i32>, %n: tensor<i32>) -> tensor<8xi32> {
  %s = stablehlo.xor %k, %n : tensor<i32>
  %y = stablehlo.broadcast_in_dim %s, dims = [] : (tensor<i32>) -> tensor<8xi32>
  return %y : tensor<8xi32>
}
func.func private @first(%x: tensor<8xi32>) -> tensor<i32> {
  %0 = stablehlo.slice %x [0:1] : (tensor<8xi32>) -> tensor<1xi32>
  %1 = stablehlo.reshape %0 : (tensor<1xi32>) -> tensor<i32>
  return %1 : tensor<i32>
}
// CHECK:       func.func public @main(%[[K:.*]]: tensor<i32>)
// CHECK:         %[[Y:.*]] = call @draw__vmap(%[[K]], %[[N:.*]]) {{.*}} -> tensor<4x8xi32>
// CHECK:         stablehlo.slice %[[Y]] [0:1, 0:8]
// CHECK:         %[[A:.*]] = stablehlo.reshape {{.*}} -> tensor<1x8xi32>
// CHECK:         stablehlo.slice %[[Y]] [1:2, 0:8]
// CHECK:         %[[B:.*]] = stablehlo.reshape {{.*}} -> tensor<1x8xi32>
// CHECK:         stablehlo.slice %[[Y]] [2:3, 0:8]
// CHECK:         %[[C:.*]] = stablehlo.reshape {{.*}} -> tensor<1x8xi32>
// CHECK:         stablehlo.slice %[[Y]] [3:4, 0:8]
// CHECK:         %[[D:.*]] = stablehlo.reshape {{.*}} -> tensor<1x8xi32>
// CHECK-NEXT:    %[[T:.*]] = stablehlo.concatenate %[[B]], %[[A]], %[[D]], %[[C]], dim = 0
// CHECK-NEXT:    %[[P:.*]] = call @first__vmap(%[[T]])
// CHECK-NEXT:    call @draw__vmap(%[[K]], %[[P]])
// CHECK-NOT:     call @draw
// CHECK:         return
