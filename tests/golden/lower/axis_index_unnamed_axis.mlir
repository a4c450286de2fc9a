// RUN: not stablelift opt %s --pipeline=lift-verify,lift-lower | filecheck %s
// A collective that no map has compiled away is over an axis that nobody names.
func.func @main(%x: tensor<3xf32>) -> tensor<i32> {
  %0 = "lift.axis_index"() {axis_name = ["i"]} : () -> tensor<i32>
  return %0 : tensor<i32>
}
// CHECK:      {{^.*}}:4:8: error: `lift.axis_index` over `i`, which no enclosing map names
// CHECK-NEXT:   op: lift.axis_index :
// CHECK-NEXT:   hint: name the axis where the function is mapped, as in vmap(f, axis_name=...)
