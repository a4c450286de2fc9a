"""`stablelift explain`: tables, JSON, a page, refusals."""

from __future__ import annotations

import json

from tests.command.conftest import LOSS
from tests.runtime.page.pages import content_of


def test_tables(stablelift):
    result = stablelift("explain", "loss.mlir", "--grad", "0")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *others = result.stdout.splitlines()
    assert first.split() == ["program", "loss"]
    assert {"Passes", "traced"} <= {line.split()[0] for line in others if line}
    assert any(line.startswith("lift-derivatives") and "main, loss__vjp" in line for line in others)


def test_json(stablelift):
    result = stablelift("explain", "-", "--json", "--xla", stdin=LOSS)
    about = json.loads(result.stdout)
    assert about["flops"] >= 2 * 3 * 4 and about["memory"]["argument_bytes"] == 4 * (12 + 4)
    assert about["passes"][0]["name"] == "traced" and about["foreign"] == {}
    assert about["memory_without_remat"] is None
    assert about["xla"]["bytes"]["arguments"] == 4 * (12 + 4) and about["xla"]["seconds"]["XLA"] > 0


def test_a_page(stablelift, tmp_path):
    result = stablelift("explain", "loss.mlir", "--vjp", "--remat=nothing_saveable", "--html", "out.html")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    content = content_of((tmp_path / "out.html").read_text())
    assert [partition["policy"] for partition in content["partitions"]] == ["nothing_saveable"]
    assert content["memory_without_remat"]["peak_bytes"] > 0


def test_refusals(stablelift, tmp_path):
    missing = stablelift("explain", "missing.mlir")
    assert missing.stderr == "missing.mlir: error: cannot be read: no such file or directory\n"
    nowhere = stablelift("explain", "loss.mlir", "--html", "no/out.html")
    assert nowhere.stderr == "no/out.html: error: cannot be written: no such file or directory\n"
    (tmp_path / "no-rule.mlir").write_text(
        "func.func @main(%x: tensor<f32>) -> tensor<f32> {\n"
        "  %0 = stablehlo.round_nearest_even %x : tensor<f32>\n"
        '  %1 = "stablehlo.custom_call"(%0) {call_target_name = "Sharding"} : (tensor<f32>) -> tensor<f32>\n'
        '  %2 = "stablehlo.rng_bit_generator"(%1) {rng_algorithm = #stablehlo<rng_algorithm DEFAULT>} : '
        "(tensor<f32>) -> tensor<f32>\n  return %2 : tensor<f32>\n}\n"
    )
    refused = stablelift("explain", "no-rule.mlir", "--grad", "0")
    assert [missing.exit_code, nowhere.exit_code, refused.exit_code] == [1, 1, 1]
    assert refused.stderr.startswith("no-rule.mlir:4:") and "Traceback" not in refused.stderr
