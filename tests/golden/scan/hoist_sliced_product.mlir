// RUN: stablelift opt %s --pipeline=lift-hoist,lift-inline,symbol-dce,canonicalize,cse | filecheck %s
// A product that is sliced itself, as a cell's input projection is where biases belong to the other one: it leaves
// the loop gate by gate, and the product of what is carried stays whole.
func.func @main(%w: tensor<48x128xf32>, %u: tensor<64x128xf32>, %c: tensor<2x64xf32>, %x: tensor<5x2x48xf32>) -> tensor<2x64xf32> {
  %0 = "lift.scan"(%w, %u, %c, %x) {callee = @step, num_consts = 2 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = []}
    : (tensor<48x128xf32>, tensor<64x128xf32>, tensor<2x64xf32>, tensor<5x2x48xf32>) -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}
func.func private @step(%w: tensor<48x128xf32>, %u: tensor<64x128xf32>, %c: tensor<2x64xf32>, %x: tensor<2x48xf32>) -> tensor<2x64xf32> {
  %p = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<2x48xf32>, tensor<48x128xf32>) -> tensor<2x128xf32>
  %q = stablehlo.dot_general %c, %u, contracting_dims = [1] x [0] : (tensor<2x64xf32>, tensor<64x128xf32>) -> tensor<2x128xf32>
  %pl = stablehlo.slice %p [0:2, 0:64] : (tensor<2x128xf32>) -> tensor<2x64xf32>
  %pr = stablehlo.slice %p [0:2, 64:128] : (tensor<2x128xf32>) -> tensor<2x64xf32>
  %ql = stablehlo.slice %q [0:2, 0:64] : (tensor<2x128xf32>) -> tensor<2x64xf32>
  %qr = stablehlo.slice %q [0:2, 64:128] : (tensor<2x128xf32>) -> tensor<2x64xf32>
  %l = stablehlo.add %pl, %ql : tensor<2x64xf32>
  %r = stablehlo.add %pr, %qr : tensor<2x64xf32>
  %n = stablehlo.multiply %l, %r : tensor<2x64xf32>
  return %n : tensor<2x64xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[W:.*]]: tensor<48x128xf32>, %[[U:.*]]: tensor<64x128xf32>, %[[C:.*]]: tensor<2x64xf32>, %[[X:.*]]: tensor<5x2x48xf32>)
// CHECK-DAG:     %[[WL:.*]] = stablehlo.slice %[[W]] [0:48, 0:64]
// CHECK-DAG:     %[[WR:.*]] = stablehlo.slice %[[W]] [0:48, 64:128]
// CHECK-DAG:     %[[L:.*]] = stablehlo.dot_general %[[X]], %[[WL]], contracting_dims = [2] x [0]
// CHECK-DAG:     %[[R:.*]] = stablehlo.dot_general %[[X]], %[[WR]], contracting_dims = [2] x [0]
// CHECK-NOT:     stablehlo.slice %[[U]]
// CHECK:         "lift.scan"(%[[U]], %[[C]], %[[R]], %[[L]])
// CHECK-SAME:      (tensor<64x128xf32>, tensor<2x64xf32>, tensor<5x2x64xf32>, tensor<5x2x64xf32>) -> tensor<2x64xf32>
// CHECK:       func.func private @
// CHECK:         stablehlo.dot_general
// CHECK-NOT:     stablehlo.dot_general
