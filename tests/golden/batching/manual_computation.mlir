// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The batch is an axis in front, which no axis of the mesh divides.
sdy.mesh @mesh = <["data"=2]>
func.func @main(%x: tensor<5x4x3xf32>, %w: tensor<3xf32>) -> tensor<5x4x3xf32> {
  %0 = "lift.vmap"(%x, %w) {callee = @f, axis_size = 5 : i64, in_axes = [0, unit], out_axes = [0]}
    : (tensor<5x4x3xf32>, tensor<3xf32>) -> tensor<5x4x3xf32>
  return %0 : tensor<5x4x3xf32>
}
func.func private @f(%x: tensor<4x3xf32>, %w: tensor<3xf32>) -> tensor<4x3xf32> {
  %y = sdy.manual_computation(%x, %w)
      in_shardings=[<@mesh, [{"data"}, {}]>, <@mesh, [{}]>] out_shardings=[<@mesh, [{"data"}, {}]>]
      manual_axes={"data"} (%part: tensor<2x3xf32>, %all: tensor<3xf32>) {
    %0 = stablehlo.broadcast_in_dim %all, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
    %1 = stablehlo.multiply %part, %0 : tensor<2x3xf32>
    sdy.return %1 : tensor<2x3xf32>
  } : (tensor<4x3xf32>, tensor<3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<5x4x3xf32>, %[[W:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[Y:.*]] = sdy.manual_computation(%[[X]], %[[W]])
// CHECK-SAME:    in_shardings=[<@mesh, [{}, {"data"}, {}]>, <@mesh, [{}]>]
// CHECK-SAME:    out_shardings=[<@mesh, [{}, {"data"}, {}]>]
// CHECK-SAME:    (%[[PART:.*]]: tensor<5x2x3xf32>, %[[ALL:.*]]: tensor<3xf32>)
// CHECK-NEXT:      %[[SPREAD:.*]] = stablehlo.broadcast_in_dim %[[ALL]], dims = [2]
// CHECK-NEXT:      %[[PRODUCT:.*]] = stablehlo.multiply %[[PART]], %[[SPREAD]]
// CHECK-NEXT:      sdy.return %[[PRODUCT]]
// CHECK:         return %[[Y]]
