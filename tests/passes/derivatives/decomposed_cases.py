"""Uses of the ops that are differentiated by their decomposition."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from tests.passes.derivatives.other_cases import Case, case, real, unary_module

X, VECTOR = "tensor<2x3x4xf64>", "tensor<3xf64>"


def norm_module(kind: str, operands: list[str], results: list[str]) -> str:
    """A module that is the one op `batch_norm_<kind>`, of the features on axis 1."""
    names = [f"%x{index}" for index in range(len(operands))]
    arguments = ", ".join(f"{name}: {type}" for name, type in zip(names, operands, strict=True))
    outs = ", ".join(results)
    returned = ", ".join(f"%y#{index}" for index in range(len(results)))
    return f"""func.func public @main({arguments}) -> ({outs}) {{
      %y:{len(results)} = "stablehlo.batch_norm_{kind}"({", ".join(names)})
        {{epsilon = 0.01 : f32, feature_index = 1 : i64}} : ({", ".join(operands)}) -> ({outs})
      return {returned} : {outs} }}"""


def features(x):
    return jnp.reshape(x, (3, 1))


def statistics(x):
    return jnp.mean(x, (0, 2)), jnp.var(x, (0, 2))


def inference(x, scale, offset, mean, variance):
    normal = (x - features(mean)) / jnp.sqrt(features(variance) + np.float64(np.float32(0.01)))
    return normal * features(scale) + features(offset)


def training(x, scale, offset):
    return inference(x, scale, offset, *statistics(x)), *statistics(x)


def gradients(x, scale, mean, variance, ct):
    """What the specification of `batch_norm_grad` says."""
    count = 8
    spread = features(variance) + np.float64(np.float32(0.01))
    centred = x - features(mean)
    correction = ct.sum((0, 2), keepdims=True) + (ct * centred).sum((0, 2), keepdims=True) * centred / spread
    of_x = features(scale) / jnp.sqrt(spread) / count * (count * ct - correction)
    return of_x, (ct * centred / jnp.sqrt(spread)).sum((0, 2)), ct.sum((0, 2))


MAP = """  %y = "stablehlo.map"(%x, %x) ({
    ^bb0(%a: tensor<f64>, %b: tensor<f64>):
      %two = stablehlo.constant dense<2.0> : tensor<f64>
      %s = stablehlo.sine %a : tensor<f64>
      %t = stablehlo.multiply %s, %b : tensor<f64>
      %u = stablehlo.multiply %t, %two : tensor<f64>
      stablehlo.return %u : tensor<f64>
  }) {dimensions = array<i64: 0>} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>"""

DECOMPOSED: dict[str, list[Case]] = {
    "stablehlo.batch_norm_grad": [
        case(
            gradients,
            real(2, 3, 4),
            real(3),
            real(3),
            real(3) ** 2,
            real(2, 3, 4),
            module=norm_module("grad", [X, VECTOR, VECTOR, VECTOR, X], [X, VECTOR, VECTOR]),
        )
    ],
    "stablehlo.batch_norm_inference": [
        case(
            inference,
            real(2, 3, 4),
            real(3),
            real(3),
            real(3),
            real(3) ** 2,
            module=norm_module("inference", [X, VECTOR, VECTOR, VECTOR, VECTOR], [X]),
        )
    ],
    "stablehlo.batch_norm_training": [
        case(
            training,
            real(2, 3, 4),
            real(3),
            real(3),
            module=norm_module("training", [X, VECTOR, VECTOR], [X, VECTOR, VECTOR]),
        )
    ],
    "stablehlo.map": [case(lambda x: 2 * jnp.sin(x) * x, real(4), module=unary_module(MAP))],
}
