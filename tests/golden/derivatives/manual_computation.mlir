// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// What the reverse needs is each device's own along `data`: an axis in front has a part for each. The cotangent of
// a result that the devices along `model` all have counts once, and their gradients of weights add up.
sdy.mesh @mesh = <["data"=2, "model"=2]>
func.func public @reverse(%x: tensor<4x3xf32>, %w: tensor<3xf32>, %ct: tensor<4x3xf32>) -> tensor<3xf32> {
  %y:2 = "lift.vjp"(%x, %w, %ct) {callee = @f, wrt = [1], of = [0]}
       : (tensor<4x3xf32>, tensor<3xf32>, tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<3xf32>)
  return %y#1 : tensor<3xf32>
}
func.func private @f(%x: tensor<4x3xf32>, %w: tensor<3xf32>) -> tensor<4x3xf32> {
  %y = sdy.manual_computation(%x, %w)
      in_shardings=[<@mesh, [{"data"}, {}]>, <@mesh, [{}]>] out_shardings=[<@mesh, [{"data"}, {}]>]
      manual_axes={"data", "model"} (%part: tensor<2x3xf32>, %all: tensor<3xf32>) {
    %0 = stablehlo.broadcast_in_dim %all, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
    %1 = stablehlo.multiply %part, %0 : tensor<2x3xf32>
    %2 = stablehlo.sine %1 : tensor<2x3xf32>
    sdy.return %2 : tensor<2x3xf32>
  } : (tensor<4x3xf32>, tensor<3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<4x3xf32>, %[[W:.*]]: tensor<3xf32>, %[[CT:.*]]: tensor<4x3xf32>)
// CHECK:         %[[TWO:.*]] = stablehlo.constant dense<2.000000e+00>
// CHECK-NEXT:    %[[FORWARD:.*]]:2 = sdy.manual_computation(%[[X]], %[[W]])
// CHECK-SAME:    out_shardings=[<@mesh, [{"data"}, {}]>, <@mesh, [{"data"}, {}, {}]>]
// CHECK:           %[[PRODUCT:.*]] = stablehlo.multiply
// CHECK-NEXT:      %[[SINE:.*]] = stablehlo.sine %[[PRODUCT]]
// CHECK-NEXT:      %[[PART:.*]] = stablehlo.reshape %[[PRODUCT]] : (tensor<2x3xf32>) -> tensor<1x2x3xf32>
// CHECK-NEXT:      sdy.return %[[SINE]], %[[PART]]
// CHECK:         %[[ONCE:.*]] = stablehlo.divide %[[CT]], %[[TWO]]
// CHECK-NEXT:    %[[REVERSE:.*]] = sdy.manual_computation(%[[X]], %[[FORWARD]]#1, %[[ONCE]])
// CHECK-SAME:    out_shardings=[<@mesh, [{}]>]
// CHECK:           %[[OWN:.*]] = stablehlo.reduce
// CHECK-NEXT:      %[[TOTAL:.*]] = "lift.psum"(%[[OWN]]) {axis_name = ["data", "model"]}
// CHECK-NEXT:      sdy.return %[[TOTAL]]
// CHECK:         return %[[REVERSE]]
