// RUN: stablelift opt %s --pipeline=lift-derivatives,lift-inline,canonicalize,cse,symbol-dce | filecheck %s
// The adjoint's transpose is the conjugate, which no attribute names; with a unit diagonal, the diagonal is not read.
func.func public @forward(%a: tensor<3x3xcomplex<f32>>, %b: tensor<3x2xcomplex<f32>>, %da: tensor<3x3xcomplex<f32>>, %db: tensor<3x2xcomplex<f32>>) -> tensor<3x2xcomplex<f32>> {
  %y:2 = "lift.jvp"(%a, %b, %da, %db) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>, tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>) -> (tensor<3x2xcomplex<f32>>, tensor<3x2xcomplex<f32>>)
  return %y#1 : tensor<3x2xcomplex<f32>>
}
func.func public @reverse(%a: tensor<3x3xcomplex<f32>>, %b: tensor<3x2xcomplex<f32>>, %ct: tensor<3x2xcomplex<f32>>) -> (tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>) {
  %y:3 = "lift.vjp"(%a, %b, %ct) {callee = @f, wrt = [0, 1], of = [0]}
       : (tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>, tensor<3x2xcomplex<f32>>) -> (tensor<3x2xcomplex<f32>>, tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>)
  return %y#1, %y#2 : tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>
}
func.func private @f(%a: tensor<3x3xcomplex<f32>>, %b: tensor<3x2xcomplex<f32>>) -> tensor<3x2xcomplex<f32>> {
  %y = "stablehlo.triangular_solve"(%a, %b) {left_side = true, lower = true, unit_diagonal = true, transpose_a = #stablehlo<transpose ADJOINT>}
    : (tensor<3x3xcomplex<f32>>, tensor<3x2xcomplex<f32>>) -> tensor<3x2xcomplex<f32>>
  return %y : tensor<3x2xcomplex<f32>>
}
// CHECK-LABEL: func.func public @forward
// CHECK-SAME:    %[[A:.*]]: tensor<3x3xcomplex<f32>>, %[[B:.*]]: tensor<3x2xcomplex<f32>>, %[[DA:.*]]: tensor<3x3xcomplex<f32>>, %[[DB:.*]]: tensor<3x2xcomplex<f32>>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3x3xf32>
// CHECK:         %[[TRIANGULAR_SOLVE:.*]] = "stablehlo.triangular_solve"(%[[A]], %[[B]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose ADJOINT>, unit_diagonal = true}>
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[IOTAB:.*]] = stablehlo.iota dim = 1
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GT, %[[IOTA]], %[[IOTAB]]
// CHECK:         %[[COMPLEX:.*]] = stablehlo.complex %[[C]], %[[C]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %[[DA]], %[[COMPLEX]]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[SELECT]]
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[NEGATE]], dims = [1, 0]
// CHECK:         %[[CONJ:.*]] = chlo.conj %[[TRANSPOSE]]
// CHECK:         %[[DOT_GENERAL:.*]] = stablehlo.dot_general %[[CONJ]], %[[TRIANGULAR_SOLVE]], contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST]
// CHECK:         %[[TRIANGULAR_SOLVEB:.*]] = "stablehlo.triangular_solve"(%[[A]], %[[DOT_GENERAL]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose ADJOINT>, unit_diagonal = true}>
// CHECK:         %[[TRIANGULAR_SOLVEC:.*]] = "stablehlo.triangular_solve"(%[[A]], %[[DB]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose ADJOINT>, unit_diagonal = true}>
// CHECK:         %[[ADD:.*]] = stablehlo.add %[[TRIANGULAR_SOLVEB]], %[[TRIANGULAR_SOLVEC]]
// CHECK-NEXT:    return %[[ADD]]

// CHECK-LABEL: func.func public @reverse
// CHECK-SAME:    %[[A:.*]]: tensor<3x3xcomplex<f32>>, %[[B:.*]]: tensor<3x2xcomplex<f32>>, %[[CT:.*]]: tensor<3x2xcomplex<f32>>
// CHECK-DAG:     %[[C:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<3x3xf32>
// CHECK:         %[[TRIANGULAR_SOLVE:.*]] = "stablehlo.triangular_solve"(%[[A]], %[[B]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose ADJOINT>, unit_diagonal = true}>
// CHECK:         %[[CONJ:.*]] = chlo.conj %[[A]]
// CHECK:         %[[TRIANGULAR_SOLVEB:.*]] = "stablehlo.triangular_solve"(%[[CONJ]], %[[CT]]) <{left_side = true, lower = true, transpose_a = #stablehlo<transpose NO_TRANSPOSE>, unit_diagonal = true}>
// CHECK:         %[[TRANSPOSE:.*]] = stablehlo.transpose %[[TRIANGULAR_SOLVE]], dims = [1, 0]
// CHECK:         %[[DOT_GENERAL:.*]] = stablehlo.dot_general %[[TRIANGULAR_SOLVEB]], %[[TRANSPOSE]], contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST]
// CHECK:         %[[CONJB:.*]] = chlo.conj %[[DOT_GENERAL]]
// CHECK:         %[[TRANSPOSEB:.*]] = stablehlo.transpose %[[CONJB]], dims = [1, 0]
// CHECK:         %[[NEGATE:.*]] = stablehlo.negate %[[TRANSPOSEB]]
// CHECK:         %[[IOTA:.*]] = stablehlo.iota dim = 0
// CHECK:         %[[IOTAB:.*]] = stablehlo.iota dim = 1
// CHECK:         %[[COMPARE:.*]] = stablehlo.compare GT, %[[IOTA]], %[[IOTAB]]
// CHECK:         %[[COMPLEX:.*]] = stablehlo.complex %[[C]], %[[C]]
// CHECK:         %[[SELECT:.*]] = stablehlo.select %[[COMPARE]], %[[NEGATE]], %[[COMPLEX]]
// CHECK-NEXT:    return %[[SELECT]], %[[TRIANGULAR_SOLVEB]]
