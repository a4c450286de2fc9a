// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The lower triangle is read and written, whatever stands above it.
func.func public @forward(%a: tensor<3x3xf32>, %da: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %y:2 = "lift.jvp"(%a, %da) {callee = @f, wrt = [0], of = [0]}
       : (tensor<3x3xf32>, tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>)
  return %y#1 : tensor<3x3xf32>
}
func.func public @reverse(%a: tensor<3x3xf32>, %ct: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %y:2 = "lift.vjp"(%a, %ct) {callee = @f, wrt = [0], of = [0]}
       : (tensor<3x3xf32>, tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>)
  return %y#1 : tensor<3x3xf32>
}
func.func private @f(%a: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %y = stablehlo.cholesky %a, lower = true : tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[A:.*]]: tensor<3x3xf32>, %[[DA:.*]]: tensor<3x3xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<3x3xf32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<5.000000e-01> : tensor<3x3xf32>
// CHECK-DAG:     %[[CC:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3x3xf32>
// CHECK:         %[[CHOLESKY:.*]] = stablehlo.cholesky %[[A]], lower = true
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[IOTAB:.*]] = stablehlo.iota dim = 1
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %[[IOTA]], %[[IOTAB]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %[[CHOLESKY]], %[[CC]]
// CHECK:         %[[COMPAREB:.*]] = stablehlo.compare EQ, %[[IOTA]], %[[IOTAB]]
// CHECK:         %[[SELECTB:.*]] = stablehlo.select %[[COMPAREB]], %[[CB]], %[[C]]
// CHECK:         %[[SELECTC:.*]] = stablehlo.select %[[COMPARE]], %[[DA]], %[[CC]]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[SELECTC]], %[[SELECTB]]
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[MULTIPLY]], dims = [1, 0]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[MULTIPLY]], %[[TRANSPOSE]]
// CHECK:         %[[TRIANGULAR_SOLVE:.*]] = "stablehlo.triangular_solve"(%[[SELECT]], %[[ADD]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose NO_TRANSPOSE>, unit_diagonal = false}>
// CHECK:         %[[TRIANGULAR_SOLVEB:.*]] = "stablehlo.triangular_solve"(%[[SELECT]], %[[TRIANGULAR_SOLVE]]) <{left_side = false, lower = true, transpose_a = #stablehlo<transpose ADJOINT>, unit_diagonal = false}>
// CHECK:         %[[SELECTD:.*]] = stablehlo.select %[[COMPARE]], %[[TRIANGULAR_SOLVEB]], %[[CC]]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[SELECTD]], %[[SELECTB]]
// CHECK:         %[[DOT_GENERAL:.*]] = stablehlo.dot_general %[[SELECT]], %[[MULTIPLYB]], contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST]
// CHECK-NEXT:    return %[[DOT_GENERAL]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[A:.*]]: tensor<3x3xf32>, %[[CT:.*]]: tensor<3x3xf32>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<3x3xf32>
// CHECK-DAG:     %[[CB:.*]] = stablehlo.constant dense<5.000000e-01> : tensor<3x3xf32>
// CHECK-DAG:     %[[CC:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3x3xf32>
// CHECK:         %[[CHOLESKY:.*]] = stablehlo.cholesky %[[A]], lower = true
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[IOTAB:.*]] = stablehlo.iota dim = 1
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GE, %[[IOTA]], %[[IOTAB]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %[[CHOLESKY]], %[[CC]]
// CHECK:         %[[COMPAREB:.*]] = stablehlo.compare EQ, %[[IOTA]], %[[IOTAB]]
// CHECK:         %[[SELECTB:.*]] = stablehlo.select %[[COMPAREB]], %[[CB]], %[[C]]
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[SELECT]], dims = [1, 0]
// CHECK:         %[[DOT_GENERAL:.*]] = stablehlo.dot_general %[[TRANSPOSE]], %[[CT]], contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST]
// CHECK:         %[[MULTIPLY:.*]] = stablehlo.multiply %[[DOT_GENERAL]], %[[SELECTB]]
// CHECK:         %[[SELECTC:.*]] = stablehlo.select %[[COMPARE]], %[[MULTIPLY]], %[[CC]]
// CHECK:         %[[TRIANGULAR_SOLVE:.*]] = "stablehlo.triangular_solve"(%[[SELECT]], %[[SELECTC]]) <{left_side = false, lower = true, transpose_a = #stablehlo<transpose NO_TRANSPOSE>, unit_diagonal = false}>
// CHECK:         %[[TRIANGULAR_SOLVEB:.*]] = "stablehlo.triangular_solve"(%[[SELECT]], %[[TRIANGULAR_SOLVE]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose TRANSPOSE>, unit_diagonal = false}>
// CHECK:         %[[TRANSPOSEB:.*]] = stablehlo.transpose %[[TRIANGULAR_SOLVEB]], dims = [1, 0]
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[TRIANGULAR_SOLVEB]], %[[TRANSPOSEB]]
// CHECK:         %[[MULTIPLYB:.*]] = stablehlo.multiply %[[ADD]], %[[SELECTB]]
// CHECK:         %[[SELECTD:.*]] = stablehlo.select %[[COMPARE]], %[[MULTIPLYB]], %[[CC]]
// CHECK-NEXT:    return %[[SELECTD]]
