// RUN: not stablelift opt %s --pipeline=lift-verify | filecheck %s
// The function that a lifted call names must exist; the error names the op's own line and column.
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "lift.call"(%x) {callee = @absent} : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:      {{^.*}}:4:8: error: malformed `lift.call`: there is no function `@absent`
// CHECK-NEXT:   op: lift.call : (tensor<3xf32>) -> (tensor<3xf32>)
// CHECK-NEXT:   hint:
