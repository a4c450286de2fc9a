// RUN: not stablelift opt %s --pipeline=lift-verify,lift-lower | filecheck %s
// A collective that no map has compiled away is over an axis that nobody names.
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.psum"(%x) {axis_name = ["i"]} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:      {{^.*}}:4:8: error: `lift.psum` over `i`, which no enclosing map names
// CHECK-NEXT:   op: lift.psum :
// CHECK-NEXT:   hint: name the axis where the function is mapped, as in vmap(f, axis_name=...)
