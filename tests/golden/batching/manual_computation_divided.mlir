// RUN: stablelift opt %s --pipeline=lift-batching,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The batch is divided along the axis that the map names; what examples share is a value of each device to
// the product, and to the result that they share what it is.
sdy.mesh @mesh = <["data"=2, "model"=3]>
func.func @main(%x: tensor<4x6xf32>, %w: tensor<6xf32>) -> (tensor<4x6xf32>, tensor<6xf32>) {
  %0:2 = "lift.vmap"(%x, %w) {callee = @f, axis_size = 4 : i64, in_axes = [0, unit], out_axes = [0, unit],
    spmd_axis_name = ["data"]} : (tensor<4x6xf32>, tensor<6xf32>) -> (tensor<4x6xf32>, tensor<6xf32>)
  return %0#0, %0#1 : tensor<4x6xf32>, tensor<6xf32>
}
func.func private @f(%x: tensor<6xf32>, %w: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
  %y:2 = sdy.manual_computation(%x, %w)
      in_shardings=[<@mesh, [{"model"}]>, <@mesh, [{"model"}]>]
      out_shardings=[<@mesh, [{"model"}]>, <@mesh, [{"model"}]>]
      manual_axes={"data", "model"} (%part: tensor<2xf32>, %both: tensor<2xf32>) {
    %0 = stablehlo.multiply %part, %both : tensor<2xf32>
    %1 = stablehlo.negate %both : tensor<2xf32>
    sdy.return %0, %1 : tensor<2xf32>, tensor<2xf32>
  } {lift.checks_varying} : (tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>)
  return %y#0, %y#1 : tensor<6xf32>, tensor<6xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<4x6xf32>, %[[W:.*]]: tensor<6xf32>)
// CHECK-NEXT:    %[[Y:.*]]:2 = sdy.manual_computation(%[[X]], %[[W]])
// CHECK-SAME:    in_shardings=[<@mesh, [{"data"}, {"model"}]>, <@mesh, [{"model"}]>]
// CHECK-SAME:    out_shardings=[<@mesh, [{"data"}, {"model"}]>, <@mesh, [{"model"}]>]
// CHECK-SAME:    (%[[PART:.*]]: tensor<2x2xf32>, %[[BOTH:.*]]: tensor<2xf32>)
// CHECK-NEXT:      %[[EACH:.*]] = "lift.pvary"(%[[BOTH]]) {axis_name = ["data"]}
// CHECK-NEXT:      %[[SPREAD:.*]] = stablehlo.broadcast_in_dim %[[EACH]], dims = [1]
// CHECK-NEXT:      %[[PRODUCT:.*]] = stablehlo.multiply %[[PART]], %[[SPREAD]]
// CHECK-NEXT:      %[[SHARED:.*]] = stablehlo.negate %[[BOTH]]
// CHECK-NEXT:      sdy.return %[[PRODUCT]], %[[SHARED]]
// CHECK:         return %[[Y]]#0, %[[Y]]#1
