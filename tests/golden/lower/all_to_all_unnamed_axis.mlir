// RUN: not stablelift opt %s --pipeline=lift-verify,lift-lower | filecheck %s
// A collective that no map has compiled away is over an axis that nobody names.
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.all_to_all"(%x) {axis_name = ["i"], axis_size = 3 : i64, split_axis = 0 : i64,
      concat_axis = 0 : i64,
      tiled = true} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:      {{^.*}}:4:8: error: `lift.all_to_all` over `i`, which no enclosing map names
// CHECK-NEXT:   op: lift.all_to_all :
// CHECK-NEXT:   hint: name the axis where the function is mapped, as in vmap(f, axis_name=...)
