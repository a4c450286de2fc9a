// RUN: stablelift opt %s --vjp --remat='save_any_names_but_these("hidden")' | filecheck %s
// The only name is refused, and what has none is not saved.
func.func public @main(%x: tensor<3x5xf32>, %w: tensor<5x7xf32>, %v: tensor<3x7x4xf32>) -> tensor<3x4xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<3x5xf32>, tensor<5x7xf32>) -> tensor<3x7xf32>
  %1 = stablehlo.exponential %0 : tensor<3x7xf32>
  %2 = "lift.name"(%1) {name = "hidden"} : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %3 = stablehlo.dot_general %2, %v, batching_dims = [0] x [0], contracting_dims = [1] x [1] : (tensor<3x7xf32>, tensor<3x7x4xf32>) -> tensor<3x4xf32>
  %4 = stablehlo.sine %3 : tensor<3x4xf32>
  return %4 : tensor<3x4xf32>
}
// CHECK-LABEL: func.func public @main
// CHECK-NEXT:    %0 = stablehlo.dot_general %arg0, %arg1
// CHECK-NEXT:    %1 = stablehlo.exponential %0
// CHECK-NEXT:    %2 = stablehlo.dot_general %1, %arg2
// CHECK-NEXT:    %3 = stablehlo.sine %2
// CHECK-NEXT:    %4:3 = call @{{.*}}__bwd(%arg2, %arg1, %arg0, %arg3)
// CHECK-NEXT:    return %3, %4#0, %4#1, %4#2
// CHECK-LABEL: func.func private @{{.*}}__bwd
// CHECK-NEXT:    %0:4 = stablehlo.optimization_barrier %arg0, %arg1, %arg2, %arg3
// CHECK-NEXT:    %1 = stablehlo.dot_general %0#2, %0#1
// CHECK-NEXT:    %2 = stablehlo.exponential %1
// CHECK-NEXT:    %3 = stablehlo.dot_general %2, %0#0
// CHECK-NEXT:    %4 = stablehlo.cosine %3
// CHECK-NEXT:    %5 = stablehlo.multiply %0#3, %4
// CHECK-NEXT:    %6 = stablehlo.dot_general %5, %0#0
// CHECK-NEXT:    %7 = stablehlo.dot_general %5, %2
// CHECK-NEXT:    %8 = stablehlo.transpose %7, dims = [0, 2, 1]
// CHECK-NEXT:    %9 = stablehlo.multiply %6, %2
// CHECK-NEXT:    %10 = stablehlo.dot_general %9, %0#1
// CHECK-NEXT:    %11 = stablehlo.dot_general %9, %0#2
// CHECK-NEXT:    %12 = stablehlo.transpose %11, dims = [1, 0]
// CHECK-NEXT:    return %10, %12, %8
