"""Derivatives of the ops that are not elementwise functions of lax, and that every op in the table has a
case.
"""

from __future__ import annotations

import pytest

from stablelift.passes.derivatives.table import derivatives
from tests.passes.derivatives import device_cases
from tests.passes.derivatives.cases import BINARY, UNARY
from tests.passes.derivatives.custom_call_cases import CUSTOM_CALLS
from tests.passes.derivatives.decomposed_cases import DECOMPOSED
from tests.passes.derivatives.matrix_cases import MATRICES
from tests.passes.derivatives.other_cases import OTHERS, Case
from tests.passes.derivatives.window_cases import WINDOWS
from tests.passes.derivatives.witness import check

TABLES = [OTHERS, WINDOWS, MATRICES, DECOMPOSED, CUSTOM_CALLS]
TESTED = {op for table in TABLES for op in table}

CASES = [
    pytest.param(op, case, id=f"{op}-{number}")
    for op in sorted(TESTED)
    for number, case in enumerate(case for table in TABLES for case in table.get(op, []))
]


@pytest.mark.parametrize(("op", "case"), CASES)
def test_derivative(op: str, case: Case):
    check(
        case.function,
        *case.arguments,
        module=case.module,
        contains=op,
        reference=case.reference,
        difference=case.difference,
    )


ELSEWHERE = {
    "chlo.mulhi",  # XLA's CPU cannot run it
    "lift.custom_vjp",  # JAX refuses its forward mode
    "lift.foreign",
    "lift.no_derivative",
    "stablehlo.rng",
    "stablehlo.collective_broadcast",  # XLA's CPU cannot run it
    *(f"lift.{name}" for name in "all_gather all_to_all axis_index pmax pmin ppermute psum".split()),
    *("lift.psum_invariant", "lift.pvary", "sdy.manual_computation"),
    *(f"stablehlo.{name.split()[0]}" for name in device_cases.CASES),
}
"""Ops tested in test_sweeps.py, test_foreign.py, test_random.py, test_collectives.py, runtime/test_devices.py
and golden files.
"""

NOTHING_FLOWS = {
    "stablehlo.after_all",
    "stablehlo.create_token",
    "stablehlo.dynamic_iota",
    "stablehlo.get_dimension_size",
    "stablehlo.partition_id",
    "stablehlo.replica_id",
}
"""Ops of tokens, of places and of sizes, which no value reaches."""


STRUCTURE = {name for name in derivatives if name in ("lift.scan", "lift.while", "lift.switch")}
"""Loops and branches, which have test files of their own."""


LEGALIZED_FIRST = {"chlo.ragged_dot"}
"""Ops that have a case here and no rule: lift-legalize writes them as others."""


def test_every_rule_has_a_case():
    cases = set(UNARY) | set(BINARY) | TESTED | ELSEWHERE | NOTHING_FLOWS
    assert (set(derivatives) | LEGALIZED_FIRST) - STRUCTURE == cases
