module {
  func.func @main(%arg0: tensor<2x5xi64>) -> tensor<2x5x8xf32> {
    %c = stablehlo.constant dense<1> : tensor<5x5xi64>
    %c_0 = stablehlo.constant dense<0> : tensor<5xi64>
    %c_1 = stablehlo.constant dense<1> : tensor<5xi64>
    %c_2 = stablehlo.constant dense<5> : tensor<i64>
    %c_3 = stablehlo.constant dense<1> : tensor<i64>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<2x2x5x5xf32>
    %cst_4 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_5 = stablehlo.constant dense<0xFF800000> : tensor<5x5xf32>
    %cst_6 = stablehlo.constant dense_resource<torch_tensor_8_torch.float32_3> : tensor<8xf32>
    %cst_7 = stablehlo.constant dense_resource<torch_tensor_8_16_torch.float32> : tensor<8x16xf32>
    %cst_8 = stablehlo.constant dense_resource<torch_tensor_16_torch.float32> : tensor<16xf32>
    %cst_9 = stablehlo.constant dense_resource<torch_tensor_16_8_torch.float32> : tensor<16x8xf32>
    %cst_10 = stablehlo.constant dense_resource<torch_tensor_8_torch.float32_2> : tensor<8xf32>
    %cst_11 = stablehlo.constant dense_resource<torch_tensor_8_torch.float32_1> : tensor<8xf32>
    %cst_12 = stablehlo.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_13 = stablehlo.constant dense_resource<torch_tensor_8_8_torch.float32> : tensor<8x8xf32>
    %cst_14 = stablehlo.constant dense_resource<torch_tensor_24_torch.float32> : tensor<24xf32>
    %cst_15 = stablehlo.constant dense_resource<torch_tensor_24_8_torch.float32> : tensor<24x8xf32>
    %cst_16 = stablehlo.constant dense_resource<torch_tensor_11_8_torch.float32> : tensor<11x8xf32>
    %cst_17 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %c_18 = stablehlo.constant dense<true> : tensor<i1>
    %cst_19 = stablehlo.constant dense<0.000000e+00> : tensor<f64>
    %cst_20 = stablehlo.constant dense<1.000000e+00> : tensor<2x5x16xf32>
    %cst_21 = stablehlo.constant dense<2.000000e+00> : tensor<2x5x16xf32>
    %cst_22 = stablehlo.constant dense<5.000000e-01> : tensor<2x5x16xf32>
    %cst_23 = stablehlo.constant dense<-4.000000e+00> : tensor<2x5x16xf32>
    %cst_24 = stablehlo.constant dense<4.000000e+00> : tensor<2x5x16xf32>
    %cst_25 = stablehlo.constant dense<-2.72614237E-10> : tensor<2x5x16xf32>
    %cst_26 = stablehlo.constant dense<2.77068146E-8> : tensor<2x5x16xf32>
    %cst_27 = stablehlo.constant dense<-2.10102394E-6> : tensor<2x5x16xf32>
    %cst_28 = stablehlo.constant dense<-5.69250624E-5> : tensor<2x5x16xf32>
    %cst_29 = stablehlo.constant dense<-7.34990637E-4> : tensor<2x5x16xf32>
    %cst_30 = stablehlo.constant dense<-2.954600e-03> : tensor<2x5x16xf32>
    %cst_31 = stablehlo.constant dense<-0.0160960332> : tensor<2x5x16xf32>
    %cst_32 = stablehlo.constant dense<-1.45660715E-5> : tensor<2x5x16xf32>
    %cst_33 = stablehlo.constant dense<-2.13374049E-4> : tensor<2x5x16xf32>
    %cst_34 = stablehlo.constant dense<-0.00168282702> : tensor<2x5x16xf32>
    %cst_35 = stablehlo.constant dense<-0.00737332925> : tensor<2x5x16xf32>
    %cst_36 = stablehlo.constant dense<-0.0142647391> : tensor<2x5x16xf32>
    %cst_37 = stablehlo.constant dense<-1.000000e+00> : tensor<2x5x16xf32>
    %cst_38 = arith.constant dense<1> : tensor<1xi64>
    %cst_39 = arith.constant dense<0.70710678118654757> : tensor<1xf64>
    %cst_40 = arith.constant dense<0xFFF0000000000000> : tensor<1xf64>
    %cst_41 = arith.constant dense<8> : tensor<1xi64>
    %cst_42 = arith.constant dense<1.000000e-05> : tensor<1xf64>
    %0 = "stablehlo.gather"(%cst_16, %arg0) <{dimension_numbers = #stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<11x8xf32>, tensor<2x5xi64>) -> tensor<2x5x8xf32>
    %1 = stablehlo.convert %0 : tensor<2x5x8xf32>
    %2 = stablehlo.convert %c_3 : (tensor<i64>) -> tensor<f64>
    %3 = stablehlo.convert %c_2 : (tensor<i64>) -> tensor<f64>
    %4 = stablehlo.divide %3, %2 : tensor<f64>
    %5 = stablehlo.ceil %4 : tensor<f64>
    %6 = stablehlo.convert %5 : (tensor<f64>) -> tensor<i64>
    %7 = stablehlo.reshape %6 : (tensor<i64>) -> tensor<1xi64>
    %8 = stablehlo.dynamic_iota %7, dim = 0 : (tensor<1xi64>) -> tensor<5xi64>
    %9 = stablehlo.multiply %8, %c_1 : tensor<5xi64>
    %10 = stablehlo.add %9, %c_0 : tensor<5xi64>
    %11 = stablehlo.reshape %10 : (tensor<5xi64>) -> tensor<1x5xi64>
    %12 = stablehlo.reshape %10 : (tensor<5xi64>) -> tensor<5x1xi64>
    %13 = stablehlo.broadcast_in_dim %11, dims = [0, 1] : (tensor<1x5xi64>) -> tensor<5x5xi64>
    %14 = stablehlo.broadcast_in_dim %12, dims = [0, 1] : (tensor<5x1xi64>) -> tensor<5x5xi64>
    %15 = stablehlo.subtract %13, %14 : tensor<5x5xi64>
    %16 = stablehlo.compare GE, %15, %c, SIGNED : (tensor<5x5xi64>, tensor<5x5xi64>) -> tensor<5x5xi1>
    %17 = stablehlo.broadcast_in_dim %16, dims = [0, 1] : (tensor<5x5xi1>) -> tensor<5x5xi1>
    %18 = stablehlo.broadcast_in_dim %cst_5, dims = [0, 1] : (tensor<5x5xf32>) -> tensor<5x5xf32>
    %19 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<5x5xf32>
    %20 = stablehlo.select %17, %18, %19 : tensor<5x5xi1>, tensor<5x5xf32>
    %21 = stablehlo.transpose %1, dims = [1, 0, 2] : (tensor<2x5x8xf32>) -> tensor<5x2x8xf32>
    %22 = stablehlo.transpose %cst_15, dims = [1, 0] : (tensor<24x8xf32>) -> tensor<8x24xf32>
    %23 = stablehlo.reshape %21 : (tensor<5x2x8xf32>) -> tensor<5x2x8xf32>
    %24 = stablehlo.broadcast_in_dim %22, dims = [1, 2] : (tensor<8x24xf32>) -> tensor<5x8x24xf32>
    %25 = stablehlo.reshape %24 : (tensor<5x8x24xf32>) -> tensor<5x8x24xf32>
    %26 = stablehlo.broadcast_in_dim %25, dims = [0, 1, 2] : (tensor<5x8x24xf32>) -> tensor<5x8x24xf32>
    %27 = stablehlo.dot_general %23, %26, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<5x2x8xf32>, tensor<5x8x24xf32>) -> tensor<5x2x24xf32>
    %28 = stablehlo.reshape %27 : (tensor<5x2x24xf32>) -> tensor<5x2x24xf32>
    %29 = stablehlo.broadcast_in_dim %cst_14, dims = [2] : (tensor<24xf32>) -> tensor<5x2x24xf32>
    %30 = stablehlo.add %28, %29 : tensor<5x2x24xf32>
    %31 = stablehlo.reshape %30 : (tensor<5x2x24xf32>) -> tensor<5x2x3x8xf32>
    %32 = stablehlo.reshape %31 : (tensor<5x2x3x8xf32>) -> tensor<1x5x2x3x8xf32>
    %33 = stablehlo.transpose %32, dims = [3, 1, 2, 0, 4] : (tensor<1x5x2x3x8xf32>) -> tensor<3x5x2x1x8xf32>
    %34 = stablehlo.reshape %33 : (tensor<3x5x2x1x8xf32>) -> tensor<3x5x2x8xf32>
    %35 = stablehlo.slice %34 [0:1, 0:5, 0:2, 0:8] : (tensor<3x5x2x8xf32>) -> tensor<1x5x2x8xf32>
    %36 = stablehlo.reshape %35 : (tensor<1x5x2x8xf32>) -> tensor<5x2x8xf32>
    %37 = stablehlo.slice %34 [1:2, 0:5, 0:2, 0:8] : (tensor<3x5x2x8xf32>) -> tensor<1x5x2x8xf32>
    %38 = stablehlo.reshape %37 : (tensor<1x5x2x8xf32>) -> tensor<5x2x8xf32>
    %39 = stablehlo.slice %34 [2:3, 0:5, 0:2, 0:8] : (tensor<3x5x2x8xf32>) -> tensor<1x5x2x8xf32>
    %40 = stablehlo.reshape %39 : (tensor<1x5x2x8xf32>) -> tensor<5x2x8xf32>
    %41 = stablehlo.reshape %20 : (tensor<5x5xf32>) -> tensor<1x5x5xf32>
    %42 = stablehlo.reshape %36 : (tensor<5x2x8xf32>) -> tensor<5x4x4xf32>
    %43 = stablehlo.transpose %42, dims = [1, 0, 2] : (tensor<5x4x4xf32>) -> tensor<4x5x4xf32>
    %44 = stablehlo.reshape %38 : (tensor<5x2x8xf32>) -> tensor<5x4x4xf32>
    %45 = stablehlo.transpose %44, dims = [1, 0, 2] : (tensor<5x4x4xf32>) -> tensor<4x5x4xf32>
    %46 = stablehlo.reshape %40 : (tensor<5x2x8xf32>) -> tensor<5x4x4xf32>
    %47 = stablehlo.transpose %46, dims = [1, 0, 2] : (tensor<5x4x4xf32>) -> tensor<4x5x4xf32>
    %48 = stablehlo.reshape %41 : (tensor<1x5x5xf32>) -> tensor<1x1x5x5xf32>
    %49 = stablehlo.reshape %43 : (tensor<4x5x4xf32>) -> tensor<2x2x5x4xf32>
    %50 = stablehlo.reshape %45 : (tensor<4x5x4xf32>) -> tensor<2x2x5x4xf32>
    %51 = stablehlo.reshape %47 : (tensor<4x5x4xf32>) -> tensor<2x2x5x4xf32>
    %52 = stablehlo.convert %cst_39 : (tensor<1xf64>) -> tensor<1xf32>
    %53 = stablehlo.reshape %52 : (tensor<1xf32>) -> tensor<f32>
    %54 = stablehlo.broadcast_in_dim %53, dims = [] : (tensor<f32>) -> tensor<2x2x5x4xf32>
    %55 = stablehlo.multiply %49, %54 : tensor<2x2x5x4xf32>
    %56 = stablehlo.transpose %50, dims = [0, 1, 3, 2] : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
    %57 = stablehlo.broadcast_in_dim %53, dims = [] : (tensor<f32>) -> tensor<2x2x4x5xf32>
    %58 = stablehlo.multiply %56, %57 : tensor<2x2x4x5xf32>
    %59 = stablehlo.reshape %55 : (tensor<2x2x5x4xf32>) -> tensor<4x5x4xf32>
    %60 = stablehlo.reshape %58 : (tensor<2x2x4x5xf32>) -> tensor<4x4x5xf32>
    %61 = stablehlo.broadcast_in_dim %60, dims = [0, 1, 2] : (tensor<4x4x5xf32>) -> tensor<4x4x5xf32>
    %62 = stablehlo.dot_general %59, %61, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<4x5x4xf32>, tensor<4x4x5xf32>) -> tensor<4x5x5xf32>
    %63 = stablehlo.reshape %62 : (tensor<4x5x5xf32>) -> tensor<2x2x5x5xf32>
    %64 = stablehlo.broadcast_in_dim %48, dims = [0, 1, 2, 3] : (tensor<1x1x5x5xf32>) -> tensor<2x2x5x5xf32>
    %65 = stablehlo.add %63, %64 : tensor<2x2x5x5xf32>
    %66 = stablehlo.reduce(%65 init: %cst_17) applies stablehlo.maximum across dimensions = [3] : (tensor<2x2x5x5xf32>, tensor<f32>) -> tensor<2x2x5xf32>
    %67 = stablehlo.reshape %66 : (tensor<2x2x5xf32>) -> tensor<2x2x5x1xf32>
    %68 = stablehlo.broadcast_in_dim %67, dims = [0, 1, 2, 3] : (tensor<2x2x5x1xf32>) -> tensor<2x2x5x5xf32>
    %69 = stablehlo.subtract %65, %68 : tensor<2x2x5x5xf32>
    %70 = stablehlo.exponential %69 : tensor<2x2x5x5xf32>
    %71 = stablehlo.reduce(%70 init: %cst_4) applies stablehlo.add across dimensions = [3] : (tensor<2x2x5x5xf32>, tensor<f32>) -> tensor<2x2x5xf32>
    %72 = stablehlo.reshape %71 : (tensor<2x2x5xf32>) -> tensor<2x2x5x1xf32>
    %73 = stablehlo.broadcast_in_dim %72, dims = [0, 1, 2, 3] : (tensor<2x2x5x1xf32>) -> tensor<2x2x5x5xf32>
    %74 = stablehlo.divide %70, %73 : tensor<2x2x5x5xf32>
    %75 = stablehlo.convert %cst_40 : tensor<1xf64>
    %76 = stablehlo.reshape %75 : (tensor<1xf64>) -> tensor<f64>
    %77 = stablehlo.convert %76 : (tensor<f64>) -> tensor<f32>
    %78 = stablehlo.broadcast_in_dim %77, dims = [] : (tensor<f32>) -> tensor<2x2x5x5xf32>
    %79 = stablehlo.compare EQ, %65, %78, FLOAT : (tensor<2x2x5x5xf32>, tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xi1>
    %80 = stablehlo.reduce(%79 init: %c_18) applies stablehlo.and across dimensions = [3] : (tensor<2x2x5x5xi1>, tensor<i1>) -> tensor<2x2x5xi1>
    %81 = stablehlo.reshape %80 : (tensor<2x2x5xi1>) -> tensor<2x2x5x1xi1>
    %82 = stablehlo.broadcast_in_dim %81, dims = [0, 1, 2, 3] : (tensor<2x2x5x1xi1>) -> tensor<2x2x5x5xi1>
    %83 = stablehlo.broadcast_in_dim %cst, dims = [0, 1, 2, 3] : (tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
    %84 = stablehlo.broadcast_in_dim %74, dims = [0, 1, 2, 3] : (tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
    %85 = stablehlo.select %82, %83, %84 : tensor<2x2x5x5xi1>, tensor<2x2x5x5xf32>
    %86 = stablehlo.reshape %85 : (tensor<2x2x5x5xf32>) -> tensor<4x5x5xf32>
    %87 = stablehlo.reshape %51 : (tensor<2x2x5x4xf32>) -> tensor<4x5x4xf32>
    %88 = stablehlo.broadcast_in_dim %87, dims = [0, 1, 2] : (tensor<4x5x4xf32>) -> tensor<4x5x4xf32>
    %89 = stablehlo.dot_general %86, %88, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<4x5x5xf32>, tensor<4x5x4xf32>) -> tensor<4x5x4xf32>
    %90 = stablehlo.reshape %89 : (tensor<4x5x4xf32>) -> tensor<2x2x5x4xf32>
    %91 = stablehlo.transpose %90, dims = [2, 0, 1, 3] : (tensor<2x2x5x4xf32>) -> tensor<5x2x2x4xf32>
    %92 = stablehlo.transpose %91, dims = [1, 2, 0, 3] : (tensor<5x2x2x4xf32>) -> tensor<2x2x5x4xf32>
    %93 = stablehlo.transpose %92, dims = [2, 0, 1, 3] : (tensor<2x2x5x4xf32>) -> tensor<5x2x2x4xf32>
    %94 = stablehlo.reshape %93 : (tensor<5x2x2x4xf32>) -> tensor<10x8xf32>
    %95 = stablehlo.transpose %cst_13, dims = [1, 0] : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %96 = stablehlo.dot_general %94, %95, contracting_dims = [1] x [0] : (tensor<10x8xf32>, tensor<8x8xf32>) -> tensor<10x8xf32>
    %97 = stablehlo.convert %cst_38 : (tensor<1xi64>) -> tensor<1xf32>
    %98 = stablehlo.reshape %97 : (tensor<1xf32>) -> tensor<f32>
    %99 = stablehlo.broadcast_in_dim %98, dims = [] : (tensor<f32>) -> tensor<10x8xf32>
    %100 = stablehlo.multiply %96, %99 : tensor<10x8xf32>
    %101 = stablehlo.broadcast_in_dim %98, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %102 = stablehlo.multiply %101, %cst_12 : tensor<8xf32>
    %103 = stablehlo.broadcast_in_dim %102, dims = [1] : (tensor<8xf32>) -> tensor<10x8xf32>
    %104 = stablehlo.add %100, %103 : tensor<10x8xf32>
    %105 = stablehlo.reshape %104 : (tensor<10x8xf32>) -> tensor<5x2x8xf32>
    %106 = stablehlo.transpose %105, dims = [1, 0, 2] : (tensor<5x2x8xf32>) -> tensor<2x5x8xf32>
    %107 = stablehlo.add %1, %106 : tensor<2x5x8xf32>
    %108 = stablehlo.convert %107 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf64>
    %109 = stablehlo.reduce(%108 init: %cst_19) applies stablehlo.add across dimensions = [2] : (tensor<2x5x8xf64>, tensor<f64>) -> tensor<2x5xf64>
    %110 = stablehlo.reshape %109 : (tensor<2x5xf64>) -> tensor<2x5x1xf64>
    %111 = stablehlo.convert %cst_41 : (tensor<1xi64>) -> tensor<1xf64>
    %112 = stablehlo.reshape %111 : (tensor<1xf64>) -> tensor<f64>
    %113 = stablehlo.broadcast_in_dim %112, dims = [] : (tensor<f64>) -> tensor<2x5x1xf64>
    %114 = stablehlo.divide %110, %113 : tensor<2x5x1xf64>
    %115 = stablehlo.broadcast_in_dim %114, dims = [0, 1, 2] : (tensor<2x5x1xf64>) -> tensor<2x5x8xf64>
    %116 = stablehlo.subtract %108, %115 : tensor<2x5x8xf64>
    %117 = stablehlo.multiply %116, %116 : tensor<2x5x8xf64>
    %118 = stablehlo.reduce(%117 init: %cst_19) applies stablehlo.add across dimensions = [2] : (tensor<2x5x8xf64>, tensor<f64>) -> tensor<2x5xf64>
    %119 = stablehlo.reshape %118 : (tensor<2x5xf64>) -> tensor<2x5x1xf64>
    %120 = stablehlo.divide %119, %113 : tensor<2x5x1xf64>
    %121 = stablehlo.convert %120 : (tensor<2x5x1xf64>) -> tensor<2x5x1xf32>
    %122 = stablehlo.reduce(%107 init: %cst_4) applies stablehlo.add across dimensions = [2] : (tensor<2x5x8xf32>, tensor<f32>) -> tensor<2x5xf32>
    %123 = stablehlo.reshape %122 : (tensor<2x5xf32>) -> tensor<2x5x1xf32>
    %124 = stablehlo.convert %cst_41 : (tensor<1xi64>) -> tensor<1xf32>
    %125 = stablehlo.reshape %124 : (tensor<1xf32>) -> tensor<f32>
    %126 = stablehlo.broadcast_in_dim %125, dims = [] : (tensor<f32>) -> tensor<2x5x1xf32>
    %127 = stablehlo.divide %123, %126 : tensor<2x5x1xf32>
    %128 = stablehlo.convert %cst_42 : (tensor<1xf64>) -> tensor<1xf32>
    %129 = stablehlo.reshape %128 : (tensor<1xf32>) -> tensor<f32>
    %130 = stablehlo.broadcast_in_dim %129, dims = [] : (tensor<f32>) -> tensor<2x5x1xf32>
    %131 = stablehlo.add %121, %130 : tensor<2x5x1xf32>
    %132 = stablehlo.rsqrt %131 : tensor<2x5x1xf32>
    %133 = stablehlo.broadcast_in_dim %127, dims = [0, 1, 2] : (tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
    %134 = stablehlo.subtract %107, %133 : tensor<2x5x8xf32>
    %135 = stablehlo.broadcast_in_dim %132, dims = [0, 1, 2] : (tensor<2x5x1xf32>) -> tensor<2x5x8xf32>
    %136 = stablehlo.multiply %134, %135 : tensor<2x5x8xf32>
    %137 = stablehlo.broadcast_in_dim %cst_11, dims = [2] : (tensor<8xf32>) -> tensor<2x5x8xf32>
    %138 = stablehlo.multiply %136, %137 : tensor<2x5x8xf32>
    %139 = stablehlo.broadcast_in_dim %cst_10, dims = [2] : (tensor<8xf32>) -> tensor<2x5x8xf32>
    %140 = stablehlo.add %138, %139 : tensor<2x5x8xf32>
    %141 = stablehlo.reshape %140 : (tensor<2x5x8xf32>) -> tensor<10x8xf32>
    %142 = stablehlo.transpose %cst_9, dims = [1, 0] : (tensor<16x8xf32>) -> tensor<8x16xf32>
    %143 = stablehlo.dot_general %141, %142, contracting_dims = [1] x [0] : (tensor<10x8xf32>, tensor<8x16xf32>) -> tensor<10x16xf32>
    %144 = stablehlo.broadcast_in_dim %98, dims = [] : (tensor<f32>) -> tensor<10x16xf32>
    %145 = stablehlo.multiply %143, %144 : tensor<10x16xf32>
    %146 = stablehlo.broadcast_in_dim %98, dims = [] : (tensor<f32>) -> tensor<16xf32>
    %147 = stablehlo.multiply %146, %cst_8 : tensor<16xf32>
    %148 = stablehlo.broadcast_in_dim %147, dims = [1] : (tensor<16xf32>) -> tensor<10x16xf32>
    %149 = stablehlo.add %145, %148 : tensor<10x16xf32>
    %150 = stablehlo.reshape %149 : (tensor<10x16xf32>) -> tensor<2x5x16xf32>
    %151 = stablehlo.multiply %150, %cst_22 : tensor<2x5x16xf32>
    %152 = stablehlo.rsqrt %cst_21 : tensor<2x5x16xf32>
    %153 = stablehlo.multiply %150, %152 : tensor<2x5x16xf32>
    %154 = stablehlo.clamp %cst_23, %153, %cst_24 : tensor<2x5x16xf32>
    %155 = stablehlo.multiply %154, %154 : tensor<2x5x16xf32>
    %156 = stablehlo.multiply %cst_25, %155 : tensor<2x5x16xf32>
    %157 = stablehlo.add %156, %cst_26 : tensor<2x5x16xf32>
    %158 = stablehlo.multiply %157, %155 : tensor<2x5x16xf32>
    %159 = stablehlo.add %158, %cst_27 : tensor<2x5x16xf32>
    %160 = stablehlo.multiply %159, %155 : tensor<2x5x16xf32>
    %161 = stablehlo.add %160, %cst_28 : tensor<2x5x16xf32>
    %162 = stablehlo.multiply %161, %155 : tensor<2x5x16xf32>
    %163 = stablehlo.add %162, %cst_29 : tensor<2x5x16xf32>
    %164 = stablehlo.multiply %163, %155 : tensor<2x5x16xf32>
    %165 = stablehlo.add %164, %cst_30 : tensor<2x5x16xf32>
    %166 = stablehlo.multiply %165, %155 : tensor<2x5x16xf32>
    %167 = stablehlo.add %166, %cst_31 : tensor<2x5x16xf32>
    %168 = stablehlo.multiply %cst_32, %155 : tensor<2x5x16xf32>
    %169 = stablehlo.add %168, %cst_33 : tensor<2x5x16xf32>
    %170 = stablehlo.multiply %169, %155 : tensor<2x5x16xf32>
    %171 = stablehlo.add %170, %cst_34 : tensor<2x5x16xf32>
    %172 = stablehlo.multiply %171, %155 : tensor<2x5x16xf32>
    %173 = stablehlo.add %172, %cst_35 : tensor<2x5x16xf32>
    %174 = stablehlo.multiply %173, %155 : tensor<2x5x16xf32>
    %175 = stablehlo.add %174, %cst_36 : tensor<2x5x16xf32>
    %176 = stablehlo.multiply %154, %167 : tensor<2x5x16xf32>
    %177 = stablehlo.divide %176, %175 : tensor<2x5x16xf32>
    %178 = stablehlo.clamp %cst_37, %177, %cst_20 : tensor<2x5x16xf32>
    %179 = stablehlo.add %178, %cst_20 : tensor<2x5x16xf32>
    %180 = stablehlo.multiply %179, %151 : tensor<2x5x16xf32>
    %181 = stablehlo.reshape %180 : (tensor<2x5x16xf32>) -> tensor<10x16xf32>
    %182 = stablehlo.transpose %cst_7, dims = [1, 0] : (tensor<8x16xf32>) -> tensor<16x8xf32>
    %183 = stablehlo.dot_general %181, %182, contracting_dims = [1] x [0] : (tensor<10x16xf32>, tensor<16x8xf32>) -> tensor<10x8xf32>
    %184 = stablehlo.multiply %183, %99 : tensor<10x8xf32>
    %185 = stablehlo.multiply %101, %cst_6 : tensor<8xf32>
    %186 = stablehlo.broadcast_in_dim %185, dims = [1] : (tensor<8xf32>) -> tensor<10x8xf32>
    %187 = stablehlo.add %184, %186 : tensor<10x8xf32>
    %188 = stablehlo.reshape %187 : (tensor<10x8xf32>) -> tensor<2x5x8xf32>
    %189 = stablehlo.add %140, %188 : tensor<2x5x8xf32>
    return %189 : tensor<2x5x8xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32_3: "0x0400000034B0E13DCAB0513E403BE3BB2A012CBE105A293E8092AFBDA28D043ED8597CBD",
      torch_tensor_8_16_torch.float32: "0x0400000054DCD5BD7E5E24BE500DF0BC620B71BEF8B0C83D98D23C3E78D1753D405BCABC54DAFD3D107F22BE246E7A3E4E8D7EBEE63B75BE10F971BDB81C513EC00ECD3CA4A1C43D56A63BBE18B8BA3DC0D9E4BCC038CD3D50CC343E688EDE3D2036AEBC604F7CBCE28E20BE0431B9BDCA5B263E6C4FCDBD76FC1E3E3C06CBBD087D6EBD0058AE3B20EC6ABE009823BB006ECEBC20FCB7BCB0B34CBD18D3493EBAEC3C3E80812DBE74D6ED3D4CCD48BE32F059BE58829C3D80C9703BECD9EEBDB8E976BEB436C6BDFC01AB3D38F46CBEF6B178BEE0EA013D686C38BECC4660BE3C44C5BD68DD24BDE8A068BE34F02ABE7048863C986671BE80ED0FBDC64C25BE007831BE5C3BC93D620A45BE6C0142BEF8FD113E18743F3D7A24693EF4DA88BDC04DF7BD0089BDBC00C9A53AA83C433E18FF7EBEB0D191BCFC7BE23D90F90CBE841502BEE06EF73DA04B75BE88A4723D163146BEE47EFE3DEEE35ABED8631D3E845672BE622F57BE0073713B9CB9493EBE3C5BBEF061E4BD20D7603EE0B82BBD1C1DD43D844576BEA403A1BD4A0102BEDCD2573E1C80D43D06CC3ABEB018253D004F3CBB885DD2BD143212BEC0E6A9BD36C9493EA28337BE225C36BE38F69DBDC0828E3B5C5F8B3D80D3F53BC88076BDC4391BBE30BD37BD781BCEBD6CD44E3E5E3179BEBA4A23BE724750BE98243BBD767E473EE064603EB6DC5EBE807731BC6A43163E",
      torch_tensor_16_torch.float32: "0x040000001062AEBE69FC643E925A88BDB80220BE00EA653EDC05843E7B1A9FBE6EF202BD7EA7943E79360C3ED480983EEE23F8BD44B747BE08A99B3EF0E7163E80C6AD3E",
      torch_tensor_16_8_torch.float32: "0x040000003090303EA1C9B4BEA40EA7BEFD025E3E9493673E2BC5A3BEAF6C093E10598DBE5C16893E6335E33D53FDB23ECE7BB2BE5443AEBE6CC6743E91B6A03E57D05D3EB1B1703EA77798BE3606833EACE8AABE95C2A13DDE256DBED4CC0FBE2736803DAC580EBE9A2165BD1593ABBEA4ADAABE8C3D0C3E403E19BEB4425CBEA2DA0EBEE7FE93BEF7B490BE49A2583ED800383E37E6403D61C445BEB7E6F03D081E823C9E5E81BE67D09B3D78D3A43E400DB2BE1401B4BE758B393DC54F883EFC4B5CBE74659F3D03827E3EB03EDF3DB8B29C3D919BB43EBADB6B3ECE9E4BBECC58FA3C9FF4383E86A49F3E221AB4BEBE0B443E0339D2BD0B42B1BEF2B9A03D4B1945BE9E384D3D700D6BBEE93888BE3CC1F5BC773CF3BD60BE533EDFB6F93CD34B8D3EBAB1873DD5D5E8BD9038753EDD449E3C3EE7873D30E1E8BDE64EA63A7B388BBD893CF6BC592C8DBEEE7E0EBB0A4196BE77C59BBD71D1513E63BE7BBE660874BE7CCDB0BD877EC6BD8727753D936A703DAB96373EC26679BE5F65CCBC2D7C4A3E9A939C3ECD45D3BC9E7B51BE2825D03D3D2C4E3E022F62BEB21652BE3C05203EC8EECABCF7F8AABEFFBE50BE8ED1123EE596F5BDBDE3793E5E1A8F3EB5A9523D6006E5BC81D7E5BD4E7492BC16CC833D95458ABE250DADBD729296BEF7335E3E328F66BE7D5EA53E3AA7BABD2B674FBE4FF12D3EBBE3573D23B27A3EE323173E",
      torch_tensor_8_torch.float32_2: "0x040000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_8_torch.float32_1: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F",
      torch_tensor_8_torch.float32: "0x040000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_8_8_torch.float32: "0x0400000045186A3DB3ACA63E6CD62CBEAA79013E0288B5BD6C069DBDA81A853E95498CBE36D0193D743BAA3E7EFE46BDE18C8C3E0BFCDEBDB6B6913E021BAFBE9FB650BDFA5C7EBDA0A9EA3DA7090E3E5DFD8A3E37C157BDF2B465BC9BED773E77EAC3BD09B09E3EBC0C71BE60B41CBD41909BBC958B213E6784773EB98965BD94F895BE2963333E3298D83D416E113E77545FBEA901693E1074AB3E1551FB3CB114A9BEC1257E3E8E3786BEF771A63D5171523D847229BEDA1EFC3DDCE8A1BE5DEAA43DC78365BE23981CBD44463A3DEA379A3E6ABC2CBE5EEF673EF2F637BD35F12BBEAFA19DBEAC16A6BE11C9B03EA595B4BDCEAA903C694EC43DDF16763ECD7E9A3E",
      torch_tensor_24_torch.float32: "0x04000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_24_8_torch.float32: "0x04000000E32C863E07E465BE4FBAACBD22FBAF3EF191C8BD917F213D2EFA9ABEE4B8BC3E8C4665BDAE26A2BE64D5013E63A29DBE2DECAFBE4B18D83C81C6AF3EFCF3FABD30B2503E8083BE3EEE0B933ECE9768BE896C42BD68880BBEAC46B2BE4E9A3B3916D1A63EAEC9BA3EE07A253D3B6AC93DAAF53FBEB759A73E2C8138BE9A019ABE1E90883D9FE2843E96E2C7BE6F69C83EAE811F3EDE539BBE8806BFBD3A58C03E0C19AABEE19801BE986D113EF13AC2BEE712733E3CD0663E4980893E86588DBEE0D0DC3EAD6A83BEA755DD3E0AC4D4BEC087C5BE3A2B883EC15D393D48A3CC3C0B8A75BE5DFF39BE65A501BE02F9D7BE6E58B83C1AD79C3D1934C0B95D300F3ED65CD23EE3C9EB3D7F5122BE5C7B36BEB4D88DBE37B099BE14D28EBD9ED89CBD1741453E13873DBEF7BDB03E73909BBE8E4FA13AF54AC73E2A75DC3E846C80BE6FF79D3D3981513D24E44FBEB43119BE2F32F03D092A9ABEDF51923D4FDF3F3E91BB2EBEBC27B83E0872E9BCB12D493EAC8DDB3EEE8807BE2CF3703E50A7FDBDFB8981BDE94996BDEA4C30BB208127BE4EDBCF3D50A9853CF3888C3EBD7EB3BDE1DB313D3FF124BE64AAB9BE766E333EE2F2623D959331BEDDEA15BE74EBE73DA859A0BD93E0903E41EDC83C877D273E9D30413EE497D9BD84D83F3E069AA33EF93CA33CDC8AAD3D1CE4803CE57F993E19343BBE63B36BBE1F37413E69F3C0BEE17BE33B02EB4BBEC354923EE869CEBEEA6C863EC657DB3EEF6FB33D3D57ECBC9A3BDA3E7A7D3DBE61200EBD542B42BE2ED574BD03BDC03D1AE36C3D077FA7BDCBAADDBE18A2B53C032752BCA968853D2DE1A93E367FD73E3F8883BEAA2FDDBC23A931BEC654CCBEE752A1BED314D03E1F44813EEC2C6E3E596B763E5323B0BEA1433A3D7D57CE3E457577BEAC39C53E7A16E93D34FA9B3E00F33DBEE66A4C3E5B89C4BEDD3BE1BCF4E5133E86F9043EBF85B93E87DBD93E06B2C93E6ED9943EE1DE9B3E89D964BD310DACBE9E9A24BE561D47BD309C6FBEDDA7623EB1A51B3EA8168F3DEC37D63D4CC1C23E8380213E6F6BC2BEF9EDA0BE3C6E433E23B5713D",
      torch_tensor_11_8_torch.float32: "0x04000000260C4840D5B4363EAB2825BFADE9363C44C7E43E47C2793F79ADB4BFF6C783BFB8F6843EF68E1C3F1439973F646A8DBFD196653F6C1835BE0319983FD9C0263F4E4885BF3E00D03FAF4B22BF8816E13F3C4F14BFA843053F75A7883FF606C8BFD1BAEA3FD334C13E0E8A0BC02B6C16BE53BE383FD7DD9F3E104CA43E31C8C8BF8411883FB5E23C3FB7517BBEF9B09CBE2C2AF93F7A5E0240CDDA843F2F7BAA3E6405AA3E2CB61FBE80A9AABF61E9BFBF8496603F99DFF6BE727131BECBD0D6BD2B521BBCD8D054BF0C690EBF2C84044025C5353FC7F915BEAF2A3FBFC7D0393F6192CE3EACFF6F3EA170313EC5B0DC3F6C61D1BE3E62483F1DABC2BF771EA1BE93D685BF3A70333FE308074053DC8FBF85BD423F94AB28C073130B3FC071DBBD066F0A3F82A372BFD3FE4E3E4795B3BE77850B3F6546C53F47A9193F5310ADBEFB2FCF3E16A4643FA71FBABFC9FF973F235B99BEE1F61240473DA93E662F0B40"
    }
  }
#-}
