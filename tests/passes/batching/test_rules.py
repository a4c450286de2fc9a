"""Every batching rule against a loop over the examples, for each subset of operands that may be mapped."""

from __future__ import annotations

import pytest

from stablelift.passes.batching.table import batching
from tests.passes.batching.cases import CASES, Case
from tests.passes.batching.device_cases import DEVICES
from tests.passes.batching.mapping import check_against_loop
from tests.passes.batching.open_cases import OPEN
from tests.passes.batching.structure_cases import STRUCTURE

ELSEWHERE = {
    "test_random.py": {"stablehlo.rng", "stablehlo.rng_bit_generator"},
    "test_tuples.py": {"stablehlo.get_tuple_element", "stablehlo.tuple"},
    "test_coverage.py": {"stablehlo.collective_broadcast"},
    "test_decomposed_ops.py": {
        "stablehlo.batch_norm_grad",
        "stablehlo.batch_norm_inference",
        "stablehlo.batch_norm_training",
        "stablehlo.map",
    },
    "test_collectives.py": {
        "lift.all_gather",
        "lift.all_to_all",
        "lift.axis_index",
        "lift.pmax",
        "lift.pmin",
        "lift.ppermute",
        "lift.psum",
    },
    "runtime/test_devices.py": {"lift.psum_invariant", "lift.pvary", "sdy.manual_computation"},
}
"""Ops whose cases stand in another file."""

ALL = CASES | STRUCTURE | DEVICES | OPEN


def test_every_rule_has_a_case():
    assert set(batching) == set(ALL).union(*ELSEWHERE.values())


@pytest.mark.parametrize(
    ("op", "case"),
    [pytest.param(op, case, id=f"{op}-{index}") for op in ALL for index, case in enumerate(ALL[op])],
)
def test_batched_is_a_loop(op: str, case: Case):
    text = check_against_loop(case.source, case.types)
    assert op in text or op == "func.call" and "call @" in text
