module {
  func.func @main(%arg0: tensor<2x5x3xf32>) -> (tensor<2x4xf32>, tensor<2x5x4xf32>, tensor<2x5xi64>, tensor<2xi64>) {
    %c = stablehlo.constant dense<0> : tensor<2xi64>
    %c_0 = stablehlo.constant dense<1> : tensor<2xi64>
    %c_1 = stablehlo.constant dense<2> : tensor<i64>
    %c_2 = stablehlo.constant dense<1> : tensor<i64>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_3 = stablehlo.constant dense_resource<torch_tensor_4_torch.float64> : tensor<4xf64>
    %c_4 = stablehlo.constant dense_resource<torch_tensor_4_torch.int8> : tensor<4xi8>
    %cst_5 = stablehlo.constant dense_resource<torch_tensor_4_torch.float16> : tensor<4xf16>
    %cst_6 = stablehlo.constant dense_resource<torch_tensor_4_torch.bfloat16> : tensor<4xbf16>
    %c_7 = stablehlo.constant dense_resource<torch_tensor_4_torch.uint8> : tensor<4xui8>
    %cst_8 = stablehlo.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_9 = stablehlo.constant dense_resource<torch_tensor_4_3_torch.float32> : tensor<4x3xf32>
    %cst_10 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %c_11 = stablehlo.constant dense<0> : tensor<i64>
    %cst_12 = arith.constant dense<1> : tensor<1xi64>
    %0 = stablehlo.reshape %arg0 : (tensor<2x5x3xf32>) -> tensor<10x3xf32>
    %1 = stablehlo.transpose %cst_9, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
    %2 = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<10x3xf32>, tensor<3x4xf32>) -> tensor<10x4xf32>
    %3 = stablehlo.convert %cst_12 : (tensor<1xi64>) -> tensor<1xf32>
    %4 = stablehlo.reshape %3 : (tensor<1xf32>) -> tensor<f32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [] : (tensor<f32>) -> tensor<10x4xf32>
    %6 = stablehlo.multiply %2, %5 : tensor<10x4xf32>
    %7 = stablehlo.broadcast_in_dim %4, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %8 = stablehlo.multiply %7, %cst_8 : tensor<4xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [1] : (tensor<4xf32>) -> tensor<10x4xf32>
    %10 = stablehlo.add %6, %9 : tensor<10x4xf32>
    %11 = stablehlo.reshape %10 : (tensor<10x4xf32>) -> tensor<2x5x4xf32>
    %12 = stablehlo.convert %c_7 : (tensor<4xui8>) -> tensor<4xi1>
    %13 = stablehlo.reshape %12 : (tensor<4xi1>) -> tensor<1x1x4xi1>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0, 1, 2] : (tensor<1x1x4xi1>) -> tensor<2x5x4xi1>
    %15 = stablehlo.broadcast_in_dim %11, dims = [0, 1, 2] : (tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
    %16 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<2x5x4xf32>
    %17 = stablehlo.select %14, %15, %16 : tensor<2x5x4xi1>, tensor<2x5x4xf32>
    %18 = stablehlo.convert %cst_6 : (tensor<4xbf16>) -> tensor<4xf32>
    %19 = stablehlo.broadcast_in_dim %18, dims = [2] : (tensor<4xf32>) -> tensor<2x5x4xf32>
    %20 = stablehlo.multiply %17, %19 : tensor<2x5x4xf32>
    %21 = stablehlo.convert %cst_5 : (tensor<4xf16>) -> tensor<4xf32>
    %22 = stablehlo.broadcast_in_dim %21, dims = [2] : (tensor<4xf32>) -> tensor<2x5x4xf32>
    %23 = stablehlo.add %20, %22 : tensor<2x5x4xf32>
    %24 = stablehlo.convert %c_4 : (tensor<4xi8>) -> tensor<4xf32>
    %25 = stablehlo.broadcast_in_dim %24, dims = [2] : (tensor<4xf32>) -> tensor<2x5x4xf32>
    %26 = stablehlo.add %23, %25 : tensor<2x5x4xf32>
    %27 = stablehlo.convert %cst_3 : (tensor<4xf64>) -> tensor<4xf32>
    %28 = stablehlo.broadcast_in_dim %27, dims = [2] : (tensor<4xf32>) -> tensor<2x5x4xf32>
    %29 = stablehlo.add %26, %28 : tensor<2x5x4xf32>
    %30 = stablehlo.reduce(%29 init: %cst_10) applies stablehlo.maximum across dimensions = [2] : (tensor<2x5x4xf32>, tensor<f32>) -> tensor<2x5xf32>
    %31 = stablehlo.reshape %30 : (tensor<2x5xf32>) -> tensor<2x5x1xf32>
    %32 = stablehlo.broadcast_in_dim %31, dims = [0, 1, 2] : (tensor<2x5x1xf32>) -> tensor<2x5x4xf32>
    %33 = stablehlo.subtract %29, %32 : tensor<2x5x4xf32>
    %34 = stablehlo.exponential %33 : tensor<2x5x4xf32>
    %35 = stablehlo.reduce(%34 init: %cst) applies stablehlo.add across dimensions = [2] : (tensor<2x5x4xf32>, tensor<f32>) -> tensor<2x5xf32>
    %36 = stablehlo.reshape %35 : (tensor<2x5xf32>) -> tensor<2x5x1xf32>
    %37 = stablehlo.broadcast_in_dim %36, dims = [0, 1, 2] : (tensor<2x5x1xf32>) -> tensor<2x5x4xf32>
    %38 = stablehlo.divide %34, %37 : tensor<2x5x4xf32>
    %39 = stablehlo.reduce(%38 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<2x5x4xf32>, tensor<f32>) -> tensor<2x4xf32>
    %40 = "stablehlo.reduce_window"(%29, %cst) <{padding = dense<[[1, 0], [0, 0], [0, 0]]> : tensor<3x2xi64>, window_dilations = array<i64: 1, 1, 1>, window_dimensions = array<i64: 2, 1, 1>, window_strides = array<i64: 1, 1, 1>}> ({
    ^bb0(%arg1: tensor<f32>, %arg2: tensor<f32>):
      %52 = stablehlo.add %arg1, %arg2 : tensor<f32>
      stablehlo.return %52 : tensor<f32>
    }) : (tensor<2x5x4xf32>, tensor<f32>) -> tensor<2x5x4xf32>
    %41 = stablehlo.iota dim = 2 : tensor<2x5x4xi64>
    %42:2 = stablehlo.reduce(%29 init: %cst_10), (%41 init: %c_11) across dimensions = [2] : (tensor<2x5x4xf32>, tensor<2x5x4xi64>, tensor<f32>, tensor<i64>) -> (tensor<2x5xf32>, tensor<2x5xi64>)
     reducer(%arg1: tensor<f32>, %arg3: tensor<f32>) (%arg2: tensor<i64>, %arg4: tensor<i64>)  {
      %52 = stablehlo.compare GE, %arg1, %arg3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %53 = stablehlo.select %52, %arg1, %arg3 : tensor<i1>, tensor<f32>
      %54 = stablehlo.compare EQ, %arg1, %arg3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %55 = stablehlo.minimum %arg2, %arg4 : tensor<i64>
      %56 = stablehlo.select %52, %arg2, %arg4 : tensor<i1>, tensor<i64>
      %57 = stablehlo.select %54, %55, %56 : tensor<i1>, tensor<i64>
      stablehlo.return %53, %57 : tensor<f32>, tensor<i64>
    }
    %43 = stablehlo.convert %c_2 : (tensor<i64>) -> tensor<f64>
    %44 = stablehlo.convert %c_1 : (tensor<i64>) -> tensor<f64>
    %45 = stablehlo.divide %44, %43 : tensor<f64>
    %46 = stablehlo.ceil %45 : tensor<f64>
    %47 = stablehlo.convert %46 : (tensor<f64>) -> tensor<i64>
    %48 = stablehlo.reshape %47 : (tensor<i64>) -> tensor<1xi64>
    %49 = stablehlo.dynamic_iota %48, dim = 0 : (tensor<1xi64>) -> tensor<2xi64>
    %50 = stablehlo.multiply %49, %c_0 : tensor<2xi64>
    %51 = stablehlo.add %50, %c : tensor<2xi64>
    return %39, %40, %42#1, %51 : tensor<2x4xf32>, tensor<2x5x4xf32>, tensor<2x5xi64>, tensor<2xi64>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float64: "0x08000000000000A063B2C1BF000000C0D11AB2BF00000000A1ECD2BF000000C06318C6BF",
      torch_tensor_4_torch.int8: "0x0100000001FE0304",
      torch_tensor_4_torch.float16: "0x02000000F4B91337203AAE33",
      torch_tensor_4_torch.bfloat16: "0x020000004CBFE8BB733F9B3F",
      torch_tensor_4_torch.uint8: "0x0100000001000101",
      torch_tensor_4_torch.float32: "0x0400000000CDB53EACF6F13E6C8209BF4E6C773D",
      torch_tensor_4_3_torch.float32: "0x04000000EAC6D3BE496085BE869FF43E465CEBBDB6C7A93E4B5D0C3F49B7863E475004BF1AC1943EB481613EA91CE53EEFCB11BF"
    }
  }
#-}
