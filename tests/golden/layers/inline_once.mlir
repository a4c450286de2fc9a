// RUN: stablelift opt %s --pipeline='lift-inline-once' | filecheck %s
// What is called once goes where it is called, in private functions too; what nobody reaches goes away. What is
// called twice, what a transform or a custom call refers to, and public functions stay.
func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @once(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = call @once_too(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = call @seen(%1) : (tensor<3xf32>) -> tensor<3xf32>
  %3:2 = "lift.vjp"(%2, %2) {callee = @derived, wrt = [0], of = [0]}
       : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %4 = stablehlo.custom_call @opaque(%3#1) {called_computations = [@inside]} : (tensor<3xf32>) -> tensor<3xf32>
  return %4 : tensor<3xf32>
}
func.func private @once(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.cosine %x : tensor<3xf32>
  %1 = call @twice(%0) : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
func.func private @once_too(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @inner(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = call @twice(%0) : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
func.func private @inner(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sine %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @twice(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.tanh %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func public @seen(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}
func.func private @derived(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.sqrt %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func private @inside(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}
func.func private @unreached(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @twice(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// CHECK:       func.func public @main
// CHECK-NEXT:    stablehlo.cosine
// CHECK-NEXT:    call @twice
// CHECK-NEXT:    stablehlo.sine
// CHECK-NEXT:    call @twice
// CHECK-NEXT:    call @seen
// CHECK-NEXT:    lift.vjp
// CHECK-NEXT:    stablehlo.custom_call @opaque
// CHECK-NEXT:    return
// CHECK-NOT:   @once
// CHECK-NOT:   @inner
// CHECK:       func.func private @twice
// CHECK:       func.func public @seen
// CHECK:       func.func private @derived
// CHECK:       func.func private @inside
// CHECK-NOT:   @unreached
