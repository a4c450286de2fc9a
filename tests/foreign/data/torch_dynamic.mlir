module {
  func.func @main(%arg0: tensor<?x3xf32>) -> (tensor<?x4xf32>, tensor<2x2xf32>) {
    %c2_i64 = arith.constant 2 : i64
    %cst = stablehlo.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_0 = stablehlo.constant dense_resource<torch_tensor_4_3_torch.float32> : tensor<4x3xf32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %cst_1 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_3 = arith.constant dense<1> : tensor<1xi64>
    %0 = shape.const_shape [4] : tensor<1xindex>
    %dim = tensor.dim %arg0, %c0 : tensor<?x3xf32>
    %1 = arith.index_cast %dim : index to i64
    %2 = stablehlo.transpose %cst_0, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
    %3 = stablehlo.dot_general %arg0, %2, contracting_dims = [1] x [0] : (tensor<?x3xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
    %4 = stablehlo.convert %cst_3 : (tensor<1xi64>) -> tensor<1xf32>
    %5 = stablehlo.reshape %4 : (tensor<1xf32>) -> tensor<f32>
    %6 = shape.shape_of %3 : tensor<?x4xf32> -> tensor<2xindex>
    %7 = stablehlo.dynamic_broadcast_in_dim %3, %6, dims = [0, 1] : (tensor<?x4xf32>, tensor<2xindex>) -> tensor<?x4xf32>
    %8 = stablehlo.dynamic_broadcast_in_dim %5, %6, dims = [] : (tensor<f32>, tensor<2xindex>) -> tensor<?x4xf32>
    %9 = stablehlo.multiply %7, %8 : tensor<?x4xf32>
    %10 = stablehlo.broadcast_in_dim %5, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %11 = stablehlo.multiply %10, %cst : tensor<4xf32>
    %12 = shape.shape_of %9 : tensor<?x4xf32> -> tensor<2xindex>
    %13 = shape.broadcast %12, %0 : tensor<2xindex>, tensor<1xindex> -> tensor<2xindex>
    %14 = stablehlo.dynamic_broadcast_in_dim %9, %13, dims = [0, 1] : (tensor<?x4xf32>, tensor<2xindex>) -> tensor<?x4xf32>
    %15 = stablehlo.dynamic_broadcast_in_dim %11, %13, dims = [1] : (tensor<4xf32>, tensor<2xindex>) -> tensor<?x4xf32>
    %16 = stablehlo.add %14, %15 : tensor<?x4xf32>
    %17 = stablehlo.tanh %16 : tensor<?x4xf32>
    %dim_4 = tensor.dim %17, %c0 : tensor<?x4xf32>
    %18 = stablehlo.reduce(%17 init: %cst_1) applies stablehlo.maximum across dimensions = [1] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?xf32>
    %from_elements = tensor.from_elements %dim_4, %c1 : tensor<2xindex>
    %19 = stablehlo.dynamic_reshape %18, %from_elements : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x1xf32>
    %20 = shape.shape_of %17 : tensor<?x4xf32> -> tensor<2xindex>
    %21 = shape.shape_of %19 : tensor<?x1xf32> -> tensor<2xindex>
    %22 = shape.cstr_broadcastable %20, %21 : tensor<2xindex>, tensor<2xindex>
    %23 = shape.assuming %22 -> (tensor<?x4xf32>) {
      %38 = shape.broadcast %20, %21 : tensor<2xindex>, tensor<2xindex> -> tensor<2xindex>
      %39 = stablehlo.dynamic_broadcast_in_dim %17, %38, dims = [0, 1] : (tensor<?x4xf32>, tensor<2xindex>) -> tensor<?x4xf32>
      %40 = stablehlo.dynamic_broadcast_in_dim %19, %38, dims = [0, 1] : (tensor<?x1xf32>, tensor<2xindex>) -> tensor<?x4xf32>
      %41 = stablehlo.subtract %39, %40 : tensor<?x4xf32>
      shape.assuming_yield %41 : tensor<?x4xf32>
    }
    %24 = stablehlo.exponential %23 : tensor<?x4xf32>
    %25 = stablehlo.reduce(%24 init: %cst_2) applies stablehlo.add across dimensions = [1] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?xf32>
    %dim_5 = tensor.dim %24, %c0 : tensor<?x4xf32>
    %from_elements_6 = tensor.from_elements %dim_5, %c1 : tensor<2xindex>
    %26 = stablehlo.dynamic_reshape %25, %from_elements_6 : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x1xf32>
    %27 = shape.shape_of %24 : tensor<?x4xf32> -> tensor<2xindex>
    %28 = shape.shape_of %26 : tensor<?x1xf32> -> tensor<2xindex>
    %29 = shape.cstr_broadcastable %27, %28 : tensor<2xindex>, tensor<2xindex>
    %30 = shape.assuming %29 -> (tensor<?x4xf32>) {
      %38 = shape.broadcast %27, %28 : tensor<2xindex>, tensor<2xindex> -> tensor<2xindex>
      %39 = stablehlo.dynamic_broadcast_in_dim %24, %38, dims = [0, 1] : (tensor<?x4xf32>, tensor<2xindex>) -> tensor<?x4xf32>
      %40 = stablehlo.dynamic_broadcast_in_dim %26, %38, dims = [0, 1] : (tensor<?x1xf32>, tensor<2xindex>) -> tensor<?x4xf32>
      %41 = stablehlo.divide %39, %40 : tensor<?x4xf32>
      shape.assuming_yield %41 : tensor<?x4xf32>
    }
    %from_elements_7 = tensor.from_elements %1, %c2_i64, %c2_i64 : tensor<3xi64>
    %31 = stablehlo.dynamic_reshape %17, %from_elements_7 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x2x2xf32>
    %32 = stablehlo.reduce(%31 init: %cst_2) applies stablehlo.add across dimensions = [0] : (tensor<?x2x2xf32>, tensor<f32>) -> tensor<2x2xf32>
    %dim_8 = tensor.dim %31, %c0 : tensor<?x2x2xf32>
    %33 = arith.index_cast %dim_8 : index to i64
    %from_elements_9 = tensor.from_elements %33 : tensor<1xi64>
    %34 = stablehlo.convert %from_elements_9 : (tensor<1xi64>) -> tensor<1xf32>
    %35 = stablehlo.reshape %34 : (tensor<1xf32>) -> tensor<f32>
    %36 = stablehlo.broadcast_in_dim %35, dims = [] : (tensor<f32>) -> tensor<2x2xf32>
    %37 = stablehlo.divide %32, %36 : tensor<2x2xf32>
    return %30, %37 : tensor<?x4xf32>, tensor<2x2xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x040000001754EB3E88B1ECBE6E70A3BD483E4C3C",
      torch_tensor_4_3_torch.float32: "0x04000000E74432BEF157F73EADAB1EBE9B56CDBE4A6EC83E5F2BC83E036239BE5D63ECBDAA1EDABE43DBF6BEAF525E3E218F7CBE"
    }
  }
#-}
