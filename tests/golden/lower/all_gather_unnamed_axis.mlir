// RUN: not stablelift opt %s --pipeline=lift-verify,lift-lower | filecheck %s
// A collective that no map has compiled away is over an axis that nobody names.
func.func @main(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = "lift.all_gather"(%x) {axis_name = ["i"], axis_size = 2 : i64, dimension = 0 : i64, tiled = false}
    : (tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// CHECK:      {{^.*}}:4:8: error: `lift.all_gather` over `i`, which no enclosing map names
// CHECK-NEXT:   op: lift.all_gather :
// CHECK-NEXT:   hint: name the axis where the function is mapped, as in vmap(f, axis_name=...)
