// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The tangents ride along with the elements that are chosen; in reverse their numbers do, and none (-1) is dropped.
func.func public @forward(%x: tensor<5x7xf32>, %dx: tensor<5x7xf32>) -> tensor<4x3xf32> {
  %y:2 = "lift.jvp"(%x, %dx) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5x7xf32>, tensor<5x7xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>)
  return %y#1 : tensor<4x3xf32>
}
func.func public @reverse(%x: tensor<5x7xf32>, %ct: tensor<4x3xf32>) -> tensor<5x7xf32> {
  %y:2 = "lift.vjp"(%x, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<5x7xf32>, tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<5x7xf32>)
  return %y#1 : tensor<5x7xf32>
}
func.func private @f(%x: tensor<5x7xf32>) -> tensor<4x3xf32> {
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %y = "stablehlo.reduce_window"(%x, %low) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %m = stablehlo.maximum %a, %b : tensor<f32>
      stablehlo.return %m : tensor<f32>
  }) {window_dimensions = array<i64: 2, 3>, window_strides = array<i64: 1, 2>}
    : (tensor<5x7xf32>, tensor<f32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<5x7xf32>, %[[DX:.*]]: tensor<5x7xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<0xFF800000> : tensor<f32>
// CHECK:         %[[REDUCE_WINDOW:.*]]:2 = "stablehlo.reduce_window"(%[[X]], %[[DX]], %[[CB]], %[[C]]) <{base_dilations = array<i64: 1, 1>, padding = dense<0> : tensor<2x2xi64>, window_dilations = array<i64: 1, 1>, window_dimensions = array<i64: 2, 3>, window_strides = array<i64: 1, 2>}> ({
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>):
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %{{.*}}, %{{.*}}
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %{{.*}}, %{{.*}}
// CHECK:         %[[SELECTB:.*]] = stablehlo.select %[[COMPARE]], %{{.*}}, %{{.*}}
// CHECK-NEXT:    stablehlo.return %[[SELECT]], %[[SELECTB]] : tensor<f32>, tensor<f32>
// CHECK-NEXT:    }) : (tensor<5x7xf32>, tensor<5x7xf32>, tensor<f32>, tensor<f32>) -> (tensor<4x3xf32>, tensor<4x3xf32>)
// CHECK-NEXT:    return %[[REDUCE_WINDOW]]#1

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<5x7xf32>, %[[CT:.*]]: tensor<4x3xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<35xf32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<-1> : tensor<i32>
// CHECK-DAG:     %[[CC:.*]] = stablehlo.constant dense<0xFF800000> : tensor<f32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[IOTA]]
// CHECK:         %[[REDUCE_WINDOW:.*]]:2 = "stablehlo.reduce_window"(%[[X]], %[[RESHAPE]], %[[CC]], %[[CB]]) <{base_dilations = array<i64: 1, 1>, padding = dense<0> : tensor<2x2xi64>, window_dilations = array<i64: 1, 1>, window_dimensions = array<i64: 2, 3>, window_strides = array<i64: 1, 2>}> ({
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<f32>, %{{.*}}: tensor<i32>, %{{.*}}: tensor<f32>, %{{.*}}: tensor<i32>):
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %{{.*}}, %{{.*}}
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %{{.*}}, %{{.*}}
// CHECK:         %[[SELECTB:.*]] = stablehlo.select %[[COMPARE]], %{{.*}}, %{{.*}}
// CHECK-NEXT:    stablehlo.return %[[SELECT]], %[[SELECTB]] : tensor<f32>, tensor<i32>
// CHECK-NEXT:    }) : (tensor<5x7xf32>, tensor<5x7xi32>, tensor<f32>, tensor<i32>) -> (tensor<4x3xf32>, tensor<4x3xi32>)
// CHECK:         %[[RESHAPEB:.*]] = stablehlo.reshape %[[CT]]
// CHECK:         %[[RESHAPEC:.*]] = stablehlo.reshape %[[REDUCE_WINDOW]]#1
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[C]], %[[RESHAPEC]], %[[RESHAPEB]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>):
// CHECK:         %[[ADD:.*]] = stablehlo.add %{{.*}}, %{{.*}}
// CHECK-NEXT:    stablehlo.return %[[ADD]] : tensor<f32>
// CHECK-NEXT:    }) : (tensor<35xf32>, tensor<12x1xi32>, tensor<12xf32>) -> tensor<35xf32>
// CHECK:         %[[RESHAPED:.*]] = stablehlo.reshape %[[SCATTER]]
// CHECK-NEXT:    return %[[RESHAPED]]
