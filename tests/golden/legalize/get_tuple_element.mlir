// RUN: stablelift opt %s --pipeline=lift-legalize,canonicalize | filecheck %s
// An element of a tuple is what the tuple was made of.
func.func @main(%x: tensor<f32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.tuple %x, %y : tuple<tensor<f32>, tensor<2xf32>>
  %1 = stablehlo.get_tuple_element %0[1] : (tuple<tensor<f32>, tensor<2xf32>>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<2xf32>)
// CHECK-NEXT:  return %[[Y]] : tensor<2xf32>
