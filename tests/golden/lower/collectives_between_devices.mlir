// RUN: stablelift opt %s --pipeline=lift-lower | filecheck %s
// Along the axes of a mesh devices exchange; each group has those whose positions along the other axes are equal.
sdy.mesh @mesh = <["data"=2, "model"=3]>
func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<i32>) {
  %0 = "lift.psum"(%x) {axis_name = ["model"]} : (tensor<3xf32>) -> tensor<3xf32>
  %1 = "lift.pmax"(%x) {axis_name = ["data"]} : (tensor<3xf32>) -> tensor<3xf32>
  %y = sdy.manual_computation() in_shardings=[] out_shardings=[<@mesh, []>] manual_axes={"data", "model"} () {
    %2 = "lift.axis_index"() {axis_name = ["data"]} : () -> tensor<i32>
    sdy.return %2 : tensor<i32>
  } : () -> tensor<i32>
  return %0, %1, %y : tensor<3xf32>, tensor<3xf32>, tensor<i32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>)
// CHECK-NEXT:    %[[SUM:.*]] = "stablehlo.all_reduce"(%[[X]])
// CHECK-SAME:    replica_groups = dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>, use_global_device_ids
// CHECK:           stablehlo.add
// CHECK:         %[[MAX:.*]] = "stablehlo.all_reduce"(%[[X]])
// CHECK-SAME:    replica_groups = dense<[[0, 3], [1, 4], [2, 5]]> : tensor<3x2xi64>, use_global_device_ids
// CHECK:           stablehlo.maximum
// CHECK:         %[[INDEX:.*]] = sdy.manual_computation()
// CHECK:           %[[DEVICE:.*]] = stablehlo.partition_id
// CHECK:           %[[ROW:.*]] = stablehlo.divide
// CHECK:           stablehlo.remainder %[[ROW]]
// CHECK:         return %[[SUM]], %[[MAX]], %[[INDEX]]
