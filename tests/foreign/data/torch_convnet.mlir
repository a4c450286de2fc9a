module {
  func.func @main(%arg0: tensor<2x1x8x8xf32>) -> tensor<2x5xf32> {
    %cst = stablehlo.constant dense_resource<torch_tensor_5_torch.float32> : tensor<5xf32>
    %cst_0 = stablehlo.constant dense_resource<torch_tensor_5_48_torch.float32> : tensor<5x48xf32>
    %cst_1 = stablehlo.constant dense_resource<torch_tensor_3_torch.float32_4> : tensor<3xf32>
    %cst_2 = stablehlo.constant dense_resource<torch_tensor_3_torch.float32_3> : tensor<3xf32>
    %cst_3 = stablehlo.constant dense_resource<torch_tensor_3_torch.float32_2> : tensor<3xf32>
    %cst_4 = stablehlo.constant dense_resource<torch_tensor_3_torch.float32_1> : tensor<3xf32>
    %cst_5 = stablehlo.constant dense_resource<torch_tensor_3_1_3_3_torch.float32> : tensor<3x1x3x3xf32>
    %cst_6 = stablehlo.constant dense_resource<torch_tensor_3_torch.float32> : tensor<3xf32>
    %cst_7 = stablehlo.constant dense<1.000000e+00> : tensor<3xf32>
    %cst_8 = stablehlo.constant dense<0.000000e+00> : tensor<2x3x8x8xf32>
    %cst_9 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %cst_10 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_11 = arith.constant dense<1.000000e-05> : tensor<1xf64>
    %cst_12 = arith.constant dense<1> : tensor<1xi64>
    %0 = stablehlo.convolution(%arg0, %cst_5) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {stride = [1, 1], pad = [[1, 1], [1, 1]], rhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x1x8x8xf32>, tensor<3x1x3x3xf32>) -> tensor<2x3x8x8xf32>
    %1 = stablehlo.reshape %cst_6 : (tensor<3xf32>) -> tensor<3x1x1xf32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [1, 2, 3] : (tensor<3x1x1xf32>) -> tensor<2x3x8x8xf32>
    %3 = stablehlo.add %0, %2 : tensor<2x3x8x8xf32>
    %4 = stablehlo.convert %cst_11 : (tensor<1xf64>) -> tensor<1xf32>
    %5 = stablehlo.reshape %4 : (tensor<1xf32>) -> tensor<f32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %7 = stablehlo.add %6, %cst_3 : tensor<3xf32>
    %8 = stablehlo.sqrt %7 : tensor<3xf32>
    %9 = stablehlo.divide %cst_7, %8 : tensor<3xf32>
    %10 = stablehlo.convert %cst_12 : (tensor<1xi64>) -> tensor<1xf32>
    %11 = stablehlo.reshape %10 : (tensor<1xf32>) -> tensor<f32>
    %12 = stablehlo.broadcast_in_dim %11, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %13 = stablehlo.multiply %9, %12 : tensor<3xf32>
    %14 = stablehlo.reshape %cst_4 : (tensor<3xf32>) -> tensor<3x1xf32>
    %15 = stablehlo.reshape %14 : (tensor<3x1xf32>) -> tensor<3x1x1xf32>
    %16 = stablehlo.reshape %13 : (tensor<3xf32>) -> tensor<3x1xf32>
    %17 = stablehlo.reshape %16 : (tensor<3x1xf32>) -> tensor<3x1x1xf32>
    %18 = stablehlo.broadcast_in_dim %15, dims = [1, 2, 3] : (tensor<3x1x1xf32>) -> tensor<2x3x8x8xf32>
    %19 = stablehlo.subtract %3, %18 : tensor<2x3x8x8xf32>
    %20 = stablehlo.broadcast_in_dim %17, dims = [1, 2, 3] : (tensor<3x1x1xf32>) -> tensor<2x3x8x8xf32>
    %21 = stablehlo.multiply %19, %20 : tensor<2x3x8x8xf32>
    %22 = stablehlo.reshape %cst_2 : (tensor<3xf32>) -> tensor<3x1xf32>
    %23 = stablehlo.reshape %22 : (tensor<3x1xf32>) -> tensor<3x1x1xf32>
    %24 = stablehlo.broadcast_in_dim %23, dims = [1, 2, 3] : (tensor<3x1x1xf32>) -> tensor<2x3x8x8xf32>
    %25 = stablehlo.multiply %21, %24 : tensor<2x3x8x8xf32>
    %26 = stablehlo.reshape %cst_1 : (tensor<3xf32>) -> tensor<3x1xf32>
    %27 = stablehlo.reshape %26 : (tensor<3x1xf32>) -> tensor<3x1x1xf32>
    %28 = stablehlo.broadcast_in_dim %27, dims = [1, 2, 3] : (tensor<3x1x1xf32>) -> tensor<2x3x8x8xf32>
    %29 = stablehlo.add %25, %28 : tensor<2x3x8x8xf32>
    %30 = stablehlo.maximum %29, %cst_8 : tensor<2x3x8x8xf32>
    %31 = "stablehlo.reduce_window"(%30, %cst_9) <{padding = dense<0> : tensor<4x2xi64>, window_dilations = array<i64: 1, 1, 1, 1>, window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>}> ({
    ^bb0(%arg1: tensor<f32>, %arg2: tensor<f32>):
      %51 = stablehlo.maximum %arg1, %arg2 : tensor<f32>
      stablehlo.return %51 : tensor<f32>
    }) : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x4x4xf32>
    %32 = stablehlo.reshape %31 : (tensor<2x3x4x4xf32>) -> tensor<2x48xf32>
    %33 = stablehlo.transpose %cst_0, dims = [1, 0] : (tensor<5x48xf32>) -> tensor<48x5xf32>
    %34 = stablehlo.dot_general %32, %33, contracting_dims = [1] x [0] : (tensor<2x48xf32>, tensor<48x5xf32>) -> tensor<2x5xf32>
    %35 = stablehlo.broadcast_in_dim %11, dims = [] : (tensor<f32>) -> tensor<2x5xf32>
    %36 = stablehlo.multiply %34, %35 : tensor<2x5xf32>
    %37 = stablehlo.broadcast_in_dim %11, dims = [] : (tensor<f32>) -> tensor<5xf32>
    %38 = stablehlo.multiply %37, %cst : tensor<5xf32>
    %39 = stablehlo.broadcast_in_dim %38, dims = [1] : (tensor<5xf32>) -> tensor<2x5xf32>
    %40 = stablehlo.add %36, %39 : tensor<2x5xf32>
    %41 = stablehlo.reduce(%40 init: %cst_9) applies stablehlo.maximum across dimensions = [1] : (tensor<2x5xf32>, tensor<f32>) -> tensor<2xf32>
    %42 = stablehlo.reshape %41 : (tensor<2xf32>) -> tensor<2x1xf32>
    %43 = stablehlo.broadcast_in_dim %42, dims = [0, 1] : (tensor<2x1xf32>) -> tensor<2x5xf32>
    %44 = stablehlo.subtract %40, %43 : tensor<2x5xf32>
    %45 = stablehlo.exponential %44 : tensor<2x5xf32>
    %46 = stablehlo.reduce(%45 init: %cst_10) applies stablehlo.add across dimensions = [1] : (tensor<2x5xf32>, tensor<f32>) -> tensor<2xf32>
    %47 = stablehlo.reshape %46 : (tensor<2xf32>) -> tensor<2x1xf32>
    %48 = stablehlo.log %47 : tensor<2x1xf32>
    %49 = stablehlo.broadcast_in_dim %48, dims = [0, 1] : (tensor<2x1xf32>) -> tensor<2x5xf32>
    %50 = stablehlo.subtract %44, %49 : tensor<2x5xf32>
    return %50 : tensor<2x5xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_5_torch.float32: "0x04000000DA9286BCBF0FABBD3379E43DFA08BD3D7EC92F3C",
      torch_tensor_5_48_torch.float32: "0x04000000F94FE7BD6EF9F9BCD7B76FBD39C0E3BC8228E8BC3CA104BE313CFFBDFF05B9BCB0A8F43A014986BD03B55E3DB70705BE7B981FBCCBFA013E022671BD2277053E941B563D9E6205BE0707BB3DA87188BC98F583BD5361EC3D2AE0EEBDF0C17D3C738FF7BC1518D33D3808253DFB098E3D39CA503D952B0EBD00ABF8BCE999F3BDC22BA03DDCB3EA3D5742CA3D1E83D0BD28F1D23B8161D0BD97B9A2BDEB3FACBDBC0A4A3D6727B0BD2B604EBBB7F7C63B7F8DBE3DD673DFBD70EFCABD3EA5ABBD14E7CE3DA38454BD8C56F93DE8C8553D6BB9953CA3D48CBAC6BDE9BC645A943CB8FF06BD2EEE84BA22DE963CF238E7BD5CEF9ABD92B2EE3D5AE5EFBD28CF29BC0D36123ED590553D2FE9853B1E1600BE746F923D758DD2BD8CD227BD085C46BDBA19AFBCEDEFCE3ADCD0F33D719C933C8862043E01D3B43D72E2BABD4D94843DF9F5D0BD79917ABD26E32D3D3636433D19C5DD3D9D513EBDE5497239FE2E983D16F00EBE2AB7D53DE770F4BD775F023BB407C9BCB0AF9BBDE2479C3C9F70F43D3ED22CBD7A7FAFBDB4A65ABD4E7E12BEFE6E853DB2F78DBD9C44C5BD294CAABD7CF5A93D338B9C3DCCE1E23DBF71563D6F7045BD2C3625BD00A92E3D07FFF23D96BE203D04DD8BBDDAF48ABDEDBD0BBE4275FF3C2EE3A5BDC2C603BE939A013ED6F7BFBD5F8386BC7C60293DC8AD963BF5E7C6BD4EF1EEBDC79EEB3DEB8AC03C623DF53D4C3246BDA4242E3DE53107BD4655D2BB1609B4BD57F2473D5EEB3A3DCA2143BBB2F604BDFD37B6BD466CCC3DE30DDCBD6C32723D9ACB46BD819E8EBD2B6AD43CA08D99BD8637083D0E34E83C7C7BDBBDBFDEC43CEBCF7B3D96046A3D34D794BCFB54F2BD1946B6BCA3544D3DC0B757BD2F69603D5BDCC43D89599ABD7492BA3A9F76743D9A59393C9B89453C7DA4933C4C63E8BDFBD8393C47B2CC3DA52F053EBBBDAD3D6E729E3C0B0D8A3D15CE8FBD8AF6F4BD0F32FEBDC972133E56A5BB3DBC54CCBD254E673DE53ADF3DA7BE133EAD3C013E1205E53D238A07BDA37A4FBD6CB4F23D6CA6A53D4CE3B1BD51E0043EC3D28E3DD524A13DF546B9BDF99D293D3E414FBDBBF8E63D9FC3D4BC062A663DBE05D23C268A7B3D87E848BDB220903D6878CEBDE886053DB800C8BDD9CF11BECE62EDBDB75EE93D94EE9F3D7BAB0A3E69D0EC3D5DFE03BE9ABAC9BDB20EBFBC6FF9BFBD1344CD3D7A7ADFBDAD3990BD38CA0EBED6D3A7BD8820F33D3807F23DA19AD33D4F3EE43D5A6C033EDA6217BDEB10823D56AE033E0F95433DFBC0133E8951993DE5C2B73DEEEA4EBDAFD68D3DF6DD873CBE300DBD6FA2A6BD31DEA5BD0A76E3BD8E72C63D5427D23D",
      torch_tensor_3_torch.float32_4: "0x04000000B87920BEB25E593F403E293D",
      torch_tensor_3_torch.float32_3: "0x040000008C047A3F82F7D53F60E8523F",
      torch_tensor_3_torch.float32_2: "0x040000007C3E2E3F45E1FB3F5FE6E83F",
      torch_tensor_3_torch.float32_1: "0x04000000B8BBF1BEB8466B3FAC60D13E",
      torch_tensor_3_1_3_3_torch.float32: "0x040000009E4426BED0D1EEBDD2E18BBEAB3691BDA6EC913DF35D5EBED6228CBC0058743E4B5B0CBD56C8173C5692EBBCB6288A3D8008593ED2A9A13E08C4583E8308A23E807CC5BC445099BE80D121BE686A683EAB9C0DBB93A829BEACC882BE00B89FBE480B90BE4B788ABD73303B3E",
      torch_tensor_3_torch.float32: "0x04000000F089383EAC98A4BEE8EA543E"
    }
  }
#-}
