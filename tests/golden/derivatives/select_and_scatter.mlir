// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// Linear in the source: what is added forward at an element's number is taken from there in reverse.
func.func public @forward(%x: tensor<5x7xf32>, %s: tensor<2x3xf32>, %ds: tensor<2x3xf32>) -> tensor<5x7xf32> {
  %y:2 = "lift.jvp"(%x, %s, %ds) {callee = @f, wrt = [1], of = [0]}
       : (tensor<5x7xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<5x7xf32>, tensor<5x7xf32>)
  return %y#1 : tensor<5x7xf32>
}
func.func public @reverse(%x: tensor<5x7xf32>, %s: tensor<2x3xf32>, %ct: tensor<5x7xf32>) -> tensor<2x3xf32> {
  %y:2 = "lift.vjp"(%x, %s, %ct) {callee = @f, wrt = [1], of = [0]}
       : (tensor<5x7xf32>, tensor<2x3xf32>, tensor<5x7xf32>) -> (tensor<5x7xf32>, tensor<2x3xf32>)
  return %y#1 : tensor<2x3xf32>
}
func.func private @f(%x: tensor<5x7xf32>, %s: tensor<2x3xf32>) -> tensor<5x7xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %y = "stablehlo.select_and_scatter"(%x, %s, %zero) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %p = stablehlo.compare GE, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
  }, {
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %p = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %p : tensor<f32>
  }) {window_dimensions = array<i64: 2, 3>, window_strides = array<i64: 3, 2>}
    : (tensor<5x7xf32>, tensor<2x3xf32>, tensor<f32>) -> tensor<5x7xf32>
  return %y : tensor<5x7xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[X:.*]]: tensor<5x7xf32>, %{{.*}}: tensor<2x3xf32>, %[[DS:.*]]: tensor<2x3xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<35xf32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<-1> : tensor<i32>
// CHECK-DAG:     %[[CC:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[IOTA]]
// CHECK:         %[[REDUCE_WINDOW:.*]]:2 = "stablehlo.reduce_window"(%[[X]], %[[RESHAPE]], %[[CC]], %[[CB]]) <{base_dilations = array<i64: 1, 1>, padding = dense<0> : tensor<2x2xi64>, window_dilations = array<i64: 1, 1>, window_dimensions = array<i64: 2, 3>, window_strides = array<i64: 3, 2>}> ({
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<f32>, %{{.*}}: tensor<i32>, %{{.*}}: tensor<f32>, %{{.*}}: tensor<i32>):
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %{{.*}}, %{{.*}}
// CHECK:         %[[COMPAREB:.*]] = stablehlo.compare NE, %{{.*}}, %[[CB]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[COMPARE]], %[[COMPAREB]]
// CHECK:         %[[COMPAREC:.*]] = stablehlo.compare EQ, %{{.*}}, %[[CB]]
// CHECK:         %[[OR:.*]] = stablehlo.or %[[AND]], %[[COMPAREC]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[OR]], %{{.*}}, %{{.*}}
// CHECK:         %[[SELECTB:.*]] = stablehlo.select %[[OR]], %{{.*}}, %{{.*}}
// CHECK-NEXT:    stablehlo.return %[[SELECT]], %[[SELECTB]] : tensor<f32>, tensor<i32>
// CHECK-NEXT:    }) : (tensor<5x7xf32>, tensor<5x7xi32>, tensor<f32>, tensor<i32>) -> (tensor<2x3xf32>, tensor<2x3xi32>)
// CHECK:         %[[RESHAPEB:.*]] = stablehlo.reshape %[[DS]]
// CHECK:         %[[RESHAPEC:.*]] = stablehlo.reshape %[[REDUCE_WINDOW]]#1
// CHECK:         %[[SCATTER:.*]] = "stablehlo.scatter"(%[[C]], %[[RESHAPEC]], %[[RESHAPEB]]) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>):
// CHECK:         %[[ADD:.*]] = stablehlo.add %{{.*}}, %{{.*}}
// CHECK-NEXT:    stablehlo.return %[[ADD]] : tensor<f32>
// CHECK-NEXT:    }) : (tensor<35xf32>, tensor<6x1xi32>, tensor<6xf32>) -> tensor<35xf32>
// CHECK:         %[[RESHAPED:.*]] = stablehlo.reshape %[[SCATTER]]
// CHECK-NEXT:    return %[[RESHAPED]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[X:.*]]: tensor<5x7xf32>, %{{.*}}: tensor<2x3xf32>, %[[CT:.*]]: tensor<5x7xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<true> : tensor<i1>
// CHECK-DAG:     %[[CC:.*]] = stablehlo.constant dense<34> : tensor<1xi32>
// CHECK-DAG:     %[[CD:.*]] = stablehlo.constant dense<0> : tensor<6x1xi32>
// CHECK-DAG:     %[[CE:.*]] = stablehlo.constant dense<-1> : tensor<i32>
// CHECK-DAG:     %[[CF:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[RESHAPE:.*]] = stablehlo.reshape %[[IOTA]]
// CHECK:         %[[REDUCE_WINDOW:.*]]:2 = "stablehlo.reduce_window"(%[[X]], %[[RESHAPE]], %[[CF]], %[[CE]]) <{base_dilations = array<i64: 1, 1>, padding = dense<0> : tensor<2x2xi64>, window_dilations = array<i64: 1, 1>, window_dimensions = array<i64: 2, 3>, window_strides = array<i64: 3, 2>}> ({
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<f32>, %{{.*}}: tensor<i32>, %{{.*}}: tensor<f32>, %{{.*}}: tensor<i32>):
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %{{.*}}, %{{.*}}
// CHECK:         %[[COMPAREB:.*]] = stablehlo.compare NE, %{{.*}}, %[[CE]]
// CHECK:         %[[AND:.*]] = stablehlo.and %[[COMPARE]], %[[COMPAREB]]
// CHECK:         %[[COMPAREC:.*]] = stablehlo.compare EQ, %{{.*}}, %[[CE]]
// CHECK:         %[[OR:.*]] = stablehlo.or %[[AND]], %[[COMPAREC]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[OR]], %{{.*}}, %{{.*}}
// CHECK:         %[[SELECTB:.*]] = stablehlo.select %[[OR]], %{{.*}}, %{{.*}}
// CHECK-NEXT:    stablehlo.return %[[SELECT]], %[[SELECTB]] : tensor<f32>, tensor<i32>
// CHECK-NEXT:    }) : (tensor<5x7xf32>, tensor<5x7xi32>, tensor<f32>, tensor<i32>) -> (tensor<2x3xf32>, tensor<2x3xi32>)
// CHECK:         %[[RESHAPEB:.*]] = stablehlo.reshape %[[CT]]
// CHECK:         %[[RESHAPEC:.*]] = stablehlo.reshape %[[REDUCE_WINDOW]]#1
// CHECK:         %[[GATHER:.*]] = "stablehlo.gather"(%[[RESHAPEB]], %[[RESHAPEC]]) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}>
// CHECK:         %[[COMPARED:.*]] = stablehlo.compare GE, %[[RESHAPEC]], %[[CD]]
// CHECK:         %[[BROADCAST_IN_DIM:.*]] = stablehlo.broadcast_in_dim %[[CC]], dims = [1]
// CHECK:         %[[COMPAREE:.*]] = stablehlo.compare LE, %[[RESHAPEC]], %[[BROADCAST_IN_DIM]]
// CHECK:         %[[ANDB:.*]] = stablehlo.and %[[COMPARED]], %[[COMPAREE]]
// CHECK:         %[[REDUCE:.*]] = stablehlo.reduce(%[[ANDB]] init: %[[CB]]) applies stablehlo.and across dimensions = [1]
// CHECK:         %[[SELECTC:.*]] = stablehlo.select %[[REDUCE]], %[[GATHER]], %[[C]]
// CHECK:         %[[RESHAPED:.*]] = stablehlo.reshape %[[SELECTC]]
// CHECK-NEXT:    return %[[RESHAPED]]
