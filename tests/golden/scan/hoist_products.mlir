// RUN: stablelift opt %s --pipeline=lift-hoist,lift-inline,symbol-dce,canonicalize,cse | filecheck %s
// What %x alone decides is multiplied before the loop, half by half, as it is sliced; what only a stacked result
// depends on, behind it.
func.func @main(%w: tensor<48x128xf32>, %b: tensor<2x128xf32>, %c: tensor<2x64xf32>, %x: tensor<5x2x48xf32>) -> tensor<5x2x48xf32> {
  %0:2 = "lift.scan"(%w, %b, %c, %x) {callee = @step, num_consts = 2 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<48x128xf32>, tensor<2x128xf32>, tensor<2x64xf32>, tensor<5x2x48xf32>) -> (tensor<2x64xf32>, tensor<5x2x48xf32>)
  return %0#1 : tensor<5x2x48xf32>
}
func.func private @step(%w: tensor<48x128xf32>, %b: tensor<2x128xf32>, %c: tensor<2x64xf32>, %x: tensor<2x48xf32>) -> (tensor<2x64xf32>, tensor<2x48xf32>) {
  %p = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<2x48xf32>, tensor<48x128xf32>) -> tensor<2x128xf32>
  %s = stablehlo.add %p, %b : tensor<2x128xf32>
  %l = stablehlo.slice %s [0:2, 0:64] : (tensor<2x128xf32>) -> tensor<2x64xf32>
  %r = stablehlo.slice %s [0:2, 64:128] : (tensor<2x128xf32>) -> tensor<2x64xf32>
  %m = stablehlo.multiply %c, %l : tensor<2x64xf32>
  %n = stablehlo.add %m, %r : tensor<2x64xf32>
  %v = stablehlo.slice %w [0:48, 0:64] : (tensor<48x128xf32>) -> tensor<48x64xf32>
  %y = stablehlo.dot_general %n, %v, contracting_dims = [1] x [1] : (tensor<2x64xf32>, tensor<48x64xf32>) -> tensor<2x48xf32>
  return %n, %y : tensor<2x64xf32>, tensor<2x48xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[W:.*]]: tensor<48x128xf32>, %[[B:.*]]: tensor<2x128xf32>, %[[C:.*]]: tensor<2x64xf32>, %[[X:.*]]: tensor<5x2x48xf32>)
// CHECK-DAG:     %[[WL:.*]] = stablehlo.slice %[[W]] [0:48, 0:64]
// CHECK-DAG:     %[[WR:.*]] = stablehlo.slice %[[W]] [0:48, 64:128]
// CHECK-DAG:     %[[BL:.*]] = stablehlo.slice %[[B]] [0:2, 0:64]
// CHECK-DAG:     %[[BR:.*]] = stablehlo.slice %[[B]] [0:2, 64:128]
// CHECK-DAG:     %[[L:.*]] = stablehlo.dot_general %[[X]], %[[WL]], contracting_dims = [2] x [0]
// CHECK-DAG:     %[[R:.*]] = stablehlo.dot_general %[[X]], %[[WR]], contracting_dims = [2] x [0]
// CHECK:         %[[S:.*]]:2 = "lift.scan"(%[[BL]], %[[BR]], %[[C]], %[[R]], %[[L]])
// CHECK-SAME:      (tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x64xf32>, tensor<5x2x64xf32>, tensor<5x2x64xf32>) -> (tensor<2x64xf32>, tensor<5x2x64xf32>)
// CHECK-NEXT:    %[[Y:.*]] = stablehlo.dot_general %[[S]]#1, %[[WL]], contracting_dims = [2] x [1]
// CHECK-NEXT:    return %[[Y]]
