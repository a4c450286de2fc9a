module attributes {tf.versions = {bad_consumers = [], min_consumer = 12 : i32, producer = 2474 : i32}, tf_saved_model.semantics} {
  func.func private @cond_true(%arg0: tensor<3xf32> {tf._user_specified_name = "x"}) -> tensor<3xf32> attributes {tf._construction_context = "kEagerRuntime", tf.signature.is_stateful} {
    %0 = stablehlo.sine %arg0 {device = "", tf._output_shapes = ["tfshape$dim { size: 3 }"]} : tensor<3xf32>
    return %0 : tensor<3xf32>
  }
  func.func private @cond_false(%arg0: tensor<3xf32>) -> tensor<3xf32> {
    %0 = stablehlo.multiply %arg0, %arg0 : tensor<3xf32>
    return %0 : tensor<3xf32>
  }
  func.func private @while_cond(%arg0: tensor<i32>, %arg1: tensor<3xf32>) -> tensor<i1> {
    %0 = stablehlo.constant dense<3> : tensor<i32>
    %1 = stablehlo.compare LT, %arg0, %0 : (tensor<i32>, tensor<i32>) -> tensor<i1>
    return %1 : tensor<i1>
  }
  func.func private @while_body(%arg0: tensor<i32>, %arg1: tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>) {
    %0 = arith.constant dense<1> : tensor<i32>
    %1 = stablehlo.add %arg0, %0 : tensor<i32>
    %2 = stablehlo.constant dense<1.500000e+00> : tensor<f32>
    %3 = chlo.broadcast_multiply %arg1, %2 : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
    return %1, %3 : tensor<i32>, tensor<3xf32>
  }
  func.func @serving_default(%arg0: tensor<3xf32> {tf._user = #tf_type.shape<3>, tf_saved_model.index_path = ["x"]}) -> (tensor<3xf32> {tf_saved_model.index_path = ["output_0"]}) attributes {tf.entry_function = {control_outputs = "", inputs = "serving_default_x:0", outputs = "PartitionedCall:0"}, tf_saved_model.exported_names = ["serving_default"]} {
    %zero = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %sum = stablehlo.reduce(%arg0 init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
    %pred = stablehlo.compare GT, %sum, %zero : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %0 = "stablehlo.if"(%pred) ({
      %3 = func.call @cond_true(%arg0) : (tensor<3xf32>) -> tensor<3xf32>
      stablehlo.return %3 : tensor<3xf32>
    }, {
      %3 = func.call @cond_false(%arg0) : (tensor<3xf32>) -> tensor<3xf32>
      stablehlo.return %3 : tensor<3xf32>
    }) {T = #tf_type.shape<3>, device = ""} : (tensor<i1>) -> tensor<3xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %1:2 = stablehlo.while(%i = %c, %y = %0) : tensor<i32>, tensor<3xf32>
    cond {
      %3 = func.call @while_cond(%i, %y) : (tensor<i32>, tensor<3xf32>) -> tensor<i1>
      stablehlo.return %3 : tensor<i1>
    } do {
      %3:2 = func.call @while_body(%i, %y) : (tensor<i32>, tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>)
      stablehlo.return %3#0, %3#1 : tensor<i32>, tensor<3xf32>
    }
    return %1#1 : tensor<3xf32>
  }
}
