// RUN: stablelift opt %s --vjp --remat='save_anything_except_these_names("hidden")' | filecheck %s
// The named value alone is repeated, from the first product, which is saved as what has no name.
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
// CHECK-NEXT:    %4:3 = call @{{.*}}__bwd(%2, %0, %arg2, %arg1, %arg0, %arg3)
// CHECK-NEXT:    return %3, %4#0, %4#1, %4#2
// CHECK-LABEL: func.func private @{{.*}}__bwd
// CHECK-NEXT:    %0:6 = stablehlo.optimization_barrier %arg0, %arg1, %arg2, %arg3, %arg4, %arg5
// CHECK-NEXT:    %1 = stablehlo.cosine %0#0
// CHECK-NEXT:    %2 = stablehlo.multiply %0#5, %1
// CHECK-NEXT:    %3 = stablehlo.dot_general %2, %0#2
// CHECK-NEXT:    %4 = stablehlo.exponential %0#1
// CHECK-NEXT:    %5 = stablehlo.dot_general %2, %4
// CHECK-NEXT:    %6 = stablehlo.transpose %5, dims = [0, 2, 1]
// CHECK-NEXT:    %7 = stablehlo.multiply %3, %4
// CHECK-NEXT:    %8 = stablehlo.dot_general %7, %0#3
// CHECK-NEXT:    %9 = stablehlo.dot_general %7, %0#4
// CHECK-NEXT:    %10 = stablehlo.transpose %9, dims = [1, 0]
// CHECK-NEXT:    return %8, %10, %6
