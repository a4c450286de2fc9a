// RUN: not stablelift opt %s --verify --pipeline='' | filecheck %s
// The operands of a lifted call have the types that its function takes.
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @main(%x: tensor<3xf32>) -> tensor<4xf32> {
  %0 = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK:      {{^.*}}:7:8: error: malformed `lift.call`:
// CHECK-SAME:   tensor<4xf32>
// CHECK-SAME:   tensor<3xf32>
