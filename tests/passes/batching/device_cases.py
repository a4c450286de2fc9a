"""Cases of collectives between devices, here a group of one."""

from __future__ import annotations

from tests.passes.batching.cases import Case

_CHANNEL = "channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>"
_GROUP = f"replica_groups = dense<0> : tensor<1x1xi64>, {_CHANNEL}"
_SUM = """({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %s = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %s : tensor<f32>
  })"""


def _text(op: str, attributes: str, region: str = "") -> str:
    return (
        "func.func public @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {\n"
        f'  %y = "stablehlo.{op}"(%x) {region} {{{attributes}}} : (tensor<2x3xf32>) -> tensor<2x3xf32>\n'
        "  return %y : tensor<2x3xf32>\n}"
    )


_TEXTS = {
    "all_reduce": (_GROUP, _SUM),
    "all_gather": (f"{_GROUP}, all_gather_dim = 1 : i64", ""),
    "reduce_scatter": (f"{_GROUP}, scatter_dimension = 1 : i64", _SUM),
    "all_to_all": (
        f"{_GROUP}, split_dimension = 0 : i64, concat_dimension = 1 : i64, split_count = 1 : i64",
        "",
    ),
    "collective_permute": (
        f"source_target_pairs = dense<0> : tensor<1x2xi64>, {_CHANNEL}",
        "",
    ),
}

DEVICES: dict[str, list[Case]] = {
    f"stablehlo.{op}": [Case(_text(op, *parts), ("2x3xf32",))] for op, parts in _TEXTS.items()
}
