module {
  func.func @main(%arg0: tensor<6xf32>, %arg1: tensor<6xf32>, %arg2: tensor<8x6xf32>, %arg3: tensor<8xf32>, %arg4: tensor<3x8xf32>, %arg5: tensor<3xf32>, %arg6: tensor<4x6xf32>, %arg7: tensor<4xi64>) -> tensor<f32> {
    %c = stablehlo.constant dense<0> : tensor<4xi64>
    %c_0 = stablehlo.constant dense<-100> : tensor<4xi64>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %c_1 = stablehlo.constant dense<0> : tensor<i64>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f64>
    %cst_3 = stablehlo.constant dense<1.000000e+00> : tensor<4x8xf32>
    %cst_4 = stablehlo.constant dense<2.000000e+00> : tensor<4x8xf32>
    %cst_5 = stablehlo.constant dense<5.000000e-01> : tensor<4x8xf32>
    %cst_6 = stablehlo.constant dense<-4.000000e+00> : tensor<4x8xf32>
    %cst_7 = stablehlo.constant dense<4.000000e+00> : tensor<4x8xf32>
    %cst_8 = stablehlo.constant dense<-2.72614237E-10> : tensor<4x8xf32>
    %cst_9 = stablehlo.constant dense<2.77068146E-8> : tensor<4x8xf32>
    %cst_10 = stablehlo.constant dense<-2.10102394E-6> : tensor<4x8xf32>
    %cst_11 = stablehlo.constant dense<-5.69250624E-5> : tensor<4x8xf32>
    %cst_12 = stablehlo.constant dense<-7.34990637E-4> : tensor<4x8xf32>
    %cst_13 = stablehlo.constant dense<-2.954600e-03> : tensor<4x8xf32>
    %cst_14 = stablehlo.constant dense<-0.0160960332> : tensor<4x8xf32>
    %cst_15 = stablehlo.constant dense<-1.45660715E-5> : tensor<4x8xf32>
    %cst_16 = stablehlo.constant dense<-2.13374049E-4> : tensor<4x8xf32>
    %cst_17 = stablehlo.constant dense<-0.00168282702> : tensor<4x8xf32>
    %cst_18 = stablehlo.constant dense<-0.00737332925> : tensor<4x8xf32>
    %cst_19 = stablehlo.constant dense<-0.0142647391> : tensor<4x8xf32>
    %cst_20 = stablehlo.constant dense<-1.000000e+00> : tensor<4x8xf32>
    %cst_21 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %cst_22 = arith.constant dense<6> : tensor<1xi64>
    %cst_23 = arith.constant dense<1.000000e-05> : tensor<1xf64>
    %cst_24 = arith.constant dense<1> : tensor<1xi64>
    %0 = stablehlo.convert %arg6 : (tensor<4x6xf32>) -> tensor<4x6xf64>
    %1 = stablehlo.reduce(%0 init: %cst_2) applies stablehlo.add across dimensions = [1] : (tensor<4x6xf64>, tensor<f64>) -> tensor<4xf64>
    %2 = stablehlo.reshape %1 : (tensor<4xf64>) -> tensor<4x1xf64>
    %3 = stablehlo.convert %cst_22 : (tensor<1xi64>) -> tensor<1xf64>
    %4 = stablehlo.reshape %3 : (tensor<1xf64>) -> tensor<f64>
    %5 = stablehlo.broadcast_in_dim %4, dims = [] : (tensor<f64>) -> tensor<4x1xf64>
    %6 = stablehlo.divide %2, %5 : tensor<4x1xf64>
    %7 = stablehlo.broadcast_in_dim %6, dims = [0, 1] : (tensor<4x1xf64>) -> tensor<4x6xf64>
    %8 = stablehlo.subtract %0, %7 : tensor<4x6xf64>
    %9 = stablehlo.multiply %8, %8 : tensor<4x6xf64>
    %10 = stablehlo.reduce(%9 init: %cst_2) applies stablehlo.add across dimensions = [1] : (tensor<4x6xf64>, tensor<f64>) -> tensor<4xf64>
    %11 = stablehlo.reshape %10 : (tensor<4xf64>) -> tensor<4x1xf64>
    %12 = stablehlo.divide %11, %5 : tensor<4x1xf64>
    %13 = stablehlo.convert %12 : (tensor<4x1xf64>) -> tensor<4x1xf32>
    %14 = stablehlo.reduce(%arg6 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4xf32>
    %15 = stablehlo.reshape %14 : (tensor<4xf32>) -> tensor<4x1xf32>
    %16 = stablehlo.convert %cst_22 : (tensor<1xi64>) -> tensor<1xf32>
    %17 = stablehlo.reshape %16 : (tensor<1xf32>) -> tensor<f32>
    %18 = stablehlo.broadcast_in_dim %17, dims = [] : (tensor<f32>) -> tensor<4x1xf32>
    %19 = stablehlo.divide %15, %18 : tensor<4x1xf32>
    %20 = stablehlo.convert %cst_23 : (tensor<1xf64>) -> tensor<1xf32>
    %21 = stablehlo.reshape %20 : (tensor<1xf32>) -> tensor<f32>
    %22 = stablehlo.broadcast_in_dim %21, dims = [] : (tensor<f32>) -> tensor<4x1xf32>
    %23 = stablehlo.add %13, %22 : tensor<4x1xf32>
    %24 = stablehlo.rsqrt %23 : tensor<4x1xf32>
    %25 = stablehlo.broadcast_in_dim %19, dims = [0, 1] : (tensor<4x1xf32>) -> tensor<4x6xf32>
    %26 = stablehlo.subtract %arg6, %25 : tensor<4x6xf32>
    %27 = stablehlo.broadcast_in_dim %24, dims = [0, 1] : (tensor<4x1xf32>) -> tensor<4x6xf32>
    %28 = stablehlo.multiply %26, %27 : tensor<4x6xf32>
    %29 = stablehlo.broadcast_in_dim %arg0, dims = [1] : (tensor<6xf32>) -> tensor<4x6xf32>
    %30 = stablehlo.multiply %28, %29 : tensor<4x6xf32>
    %31 = stablehlo.broadcast_in_dim %arg1, dims = [1] : (tensor<6xf32>) -> tensor<4x6xf32>
    %32 = stablehlo.add %30, %31 : tensor<4x6xf32>
    %33 = stablehlo.transpose %arg2, dims = [1, 0] : (tensor<8x6xf32>) -> tensor<6x8xf32>
    %34 = stablehlo.dot_general %32, %33, contracting_dims = [1] x [0] : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
    %35 = stablehlo.convert %cst_24 : (tensor<1xi64>) -> tensor<1xf32>
    %36 = stablehlo.reshape %35 : (tensor<1xf32>) -> tensor<f32>
    %37 = stablehlo.broadcast_in_dim %36, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
    %38 = stablehlo.multiply %34, %37 : tensor<4x8xf32>
    %39 = stablehlo.broadcast_in_dim %36, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %40 = stablehlo.multiply %arg3, %39 : tensor<8xf32>
    %41 = stablehlo.broadcast_in_dim %40, dims = [1] : (tensor<8xf32>) -> tensor<4x8xf32>
    %42 = stablehlo.add %38, %41 : tensor<4x8xf32>
    %43 = stablehlo.multiply %42, %cst_5 : tensor<4x8xf32>
    %44 = stablehlo.rsqrt %cst_4 : tensor<4x8xf32>
    %45 = stablehlo.multiply %42, %44 : tensor<4x8xf32>
    %46 = stablehlo.clamp %cst_6, %45, %cst_7 : tensor<4x8xf32>
    %47 = stablehlo.multiply %46, %46 : tensor<4x8xf32>
    %48 = stablehlo.multiply %cst_8, %47 : tensor<4x8xf32>
    %49 = stablehlo.add %48, %cst_9 : tensor<4x8xf32>
    %50 = stablehlo.multiply %49, %47 : tensor<4x8xf32>
    %51 = stablehlo.add %50, %cst_10 : tensor<4x8xf32>
    %52 = stablehlo.multiply %51, %47 : tensor<4x8xf32>
    %53 = stablehlo.add %52, %cst_11 : tensor<4x8xf32>
    %54 = stablehlo.multiply %53, %47 : tensor<4x8xf32>
    %55 = stablehlo.add %54, %cst_12 : tensor<4x8xf32>
    %56 = stablehlo.multiply %55, %47 : tensor<4x8xf32>
    %57 = stablehlo.add %56, %cst_13 : tensor<4x8xf32>
    %58 = stablehlo.multiply %57, %47 : tensor<4x8xf32>
    %59 = stablehlo.add %58, %cst_14 : tensor<4x8xf32>
    %60 = stablehlo.multiply %cst_15, %47 : tensor<4x8xf32>
    %61 = stablehlo.add %60, %cst_16 : tensor<4x8xf32>
    %62 = stablehlo.multiply %61, %47 : tensor<4x8xf32>
    %63 = stablehlo.add %62, %cst_17 : tensor<4x8xf32>
    %64 = stablehlo.multiply %63, %47 : tensor<4x8xf32>
    %65 = stablehlo.add %64, %cst_18 : tensor<4x8xf32>
    %66 = stablehlo.multiply %65, %47 : tensor<4x8xf32>
    %67 = stablehlo.add %66, %cst_19 : tensor<4x8xf32>
    %68 = stablehlo.multiply %46, %59 : tensor<4x8xf32>
    %69 = stablehlo.divide %68, %67 : tensor<4x8xf32>
    %70 = stablehlo.clamp %cst_20, %69, %cst_3 : tensor<4x8xf32>
    %71 = stablehlo.add %70, %cst_3 : tensor<4x8xf32>
    %72 = stablehlo.multiply %71, %43 : tensor<4x8xf32>
    %73 = stablehlo.transpose %arg4, dims = [1, 0] : (tensor<3x8xf32>) -> tensor<8x3xf32>
    %74 = stablehlo.dot_general %72, %73, contracting_dims = [1] x [0] : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
    %75 = stablehlo.broadcast_in_dim %36, dims = [] : (tensor<f32>) -> tensor<4x3xf32>
    %76 = stablehlo.multiply %74, %75 : tensor<4x3xf32>
    %77 = stablehlo.broadcast_in_dim %36, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %78 = stablehlo.multiply %arg5, %77 : tensor<3xf32>
    %79 = stablehlo.broadcast_in_dim %78, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
    %80 = stablehlo.add %76, %79 : tensor<4x3xf32>
    %81 = stablehlo.reduce(%80 init: %cst_21) applies stablehlo.maximum across dimensions = [1] : (tensor<4x3xf32>, tensor<f32>) -> tensor<4xf32>
    %82 = stablehlo.reshape %81 : (tensor<4xf32>) -> tensor<4x1xf32>
    %83 = stablehlo.broadcast_in_dim %82, dims = [0, 1] : (tensor<4x1xf32>) -> tensor<4x3xf32>
    %84 = stablehlo.subtract %80, %83 : tensor<4x3xf32>
    %85 = stablehlo.exponential %84 : tensor<4x3xf32>
    %86 = stablehlo.reduce(%85 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<4x3xf32>, tensor<f32>) -> tensor<4xf32>
    %87 = stablehlo.reshape %86 : (tensor<4xf32>) -> tensor<4x1xf32>
    %88 = stablehlo.log %87 : tensor<4x1xf32>
    %89 = stablehlo.broadcast_in_dim %88, dims = [0, 1] : (tensor<4x1xf32>) -> tensor<4x3xf32>
    %90 = stablehlo.subtract %84, %89 : tensor<4x3xf32>
    %91 = stablehlo.compare NE, %arg7, %c_0, SIGNED : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
    %92 = stablehlo.broadcast_in_dim %91, dims = [0] : (tensor<4xi1>) -> tensor<4xi1>
    %93 = stablehlo.broadcast_in_dim %arg7, dims = [0] : (tensor<4xi64>) -> tensor<4xi64>
    %94 = stablehlo.select %92, %93, %c : tensor<4xi1>, tensor<4xi64>
    %95 = stablehlo.reshape %94 : (tensor<4xi64>) -> tensor<4x1xi64>
    %96 = stablehlo.iota dim = 0 : tensor<4x1x1xi64>
    %97 = stablehlo.reshape %95 : (tensor<4x1xi64>) -> tensor<4x1x1xi64>
    %98 = stablehlo.concatenate %96, %97, dim = 2 : (tensor<4x1x1xi64>, tensor<4x1x1xi64>) -> tensor<4x1x2xi64>
    %99 = "stablehlo.gather"(%90, %98) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 2>, slice_sizes = array<i64: 1, 1>}> : (tensor<4x3xf32>, tensor<4x1x2xi64>) -> tensor<4x1xf32>
    %100 = stablehlo.reshape %99 : (tensor<4x1xf32>) -> tensor<4xf32>
    %101 = stablehlo.negate %100 : tensor<4xf32>
    %102 = stablehlo.broadcast_in_dim %101, dims = [0] : (tensor<4xf32>) -> tensor<4xf32>
    %103 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %104 = stablehlo.select %92, %102, %103 : tensor<4xi1>, tensor<4xf32>
    %105 = stablehlo.convert %91 : (tensor<4xi1>) -> tensor<4xi64>
    %106 = stablehlo.reduce(%105 init: %c_1) applies stablehlo.add across dimensions = [0] : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
    %107 = stablehlo.convert %106 : (tensor<i64>) -> tensor<f32>
    %108 = stablehlo.reduce(%104 init: %cst) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    %109 = stablehlo.divide %108, %107 : tensor<f32>
    return %109 : tensor<f32>
  }
}
