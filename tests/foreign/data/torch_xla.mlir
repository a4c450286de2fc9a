module @IrToHlo.42 attributes {mhlo.cross_program_prefetches = [], mhlo.input_output_alias = [], mhlo.is_dynamic = false, mhlo.use_auto_spmd_partitioning = false} {
  func.func @main(%arg0: tensor<3xf32>, %arg1: tensor<3xf32>, %arg2: tensor<3xf32>, %arg3: tensor<3xf32>, %arg4: tensor<3x4xf32>, %arg5: tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<i64>) {
    %cst = stablehlo.constant dense<0.707106769> : tensor<2x3xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<2x3xf32>
    %cst_1 = stablehlo.constant dense<5.000000e-01> : tensor<2x3xf32>
    %c = stablehlo.constant dense<7> : tensor<i64>
    %0 = stablehlo.transpose %arg4, dims = [1, 0] {result_layout = dense<[0, 1]> : tensor<2xindex>, xla_shape = "f32[4,3]{0,1}"} : (tensor<3x4xf32>) -> tensor<4x3xf32>
    %1 = stablehlo.dot %arg5, %0, precision = [DEFAULT, DEFAULT] : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
    %2 = "stablehlo.batch_norm_inference"(%1, %arg0, %arg1, %arg2, %arg3) <{epsilon = 9.99999974E-6 : f32, feature_index = 1 : i64}> : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    %3 = stablehlo.multiply %2, %cst : tensor<2x3xf32>
    %4 = stablehlo.custom_call @mhlo.erf(%3) {mhlo.attributes = {}, mhlo.version = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
    %5 = stablehlo.add %4, %cst_0 : tensor<2x3xf32>
    %6 = stablehlo.multiply %5, %cst_1 : tensor<2x3xf32>
    %7 = stablehlo.multiply %2, %6 : tensor<2x3xf32>
    %8:3 = "stablehlo.batch_norm_training"(%7, %arg0, %arg1) <{epsilon = 9.99999974E-6 : f32, feature_index = 1 : i64}> : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>)
    return %7, %8#0, %c : tensor<2x3xf32>, tensor<2x3xf32>, tensor<i64>
  }
}
