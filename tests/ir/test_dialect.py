"""Every op of the dialect's table: a well-formed use is accepted, each broken constraint is an error that
quotes it.
"""

from __future__ import annotations

import pytest

from stablelift.errors import LiftError
from stablelift.ir.lift import LIFT_OPS, check, signature_of
from stablelift.ir.mlir import context, functions, parse, walk
from tests.ir.dialect_cases import BROKEN, FUNCTIONS, WELL_FORMED, Use, X, Y

pytestmark = pytest.mark.smoke


def _listed(types: list[str]) -> str:
    return ", ".join(f"tensor<{type}>" for type in types)


def module_text(use: Use) -> str:
    """A module with one lift op, on its own first line."""
    arguments = ", ".join(f"%{index}: tensor<{type}>" for index, type in enumerate(use.operands))
    given = ", ".join(f"%{index}" for index in range(len(use.operands)))
    bound = f"%r:{len(use.results)} = " if use.results else ""
    lines = [
        f"func.func @main({arguments}) {{ {bound}",
        f'"{use.op}"({given}) {{{use.attributes}}} : ({_listed(use.operands)}) -> ({_listed(use.results)})',
        "return }",
    ]
    # The op begins where its results do.
    lines[0], lines[1] = lines[0].removesuffix(bound), bound + lines[1]
    for name, (inputs, results) in FUNCTIONS.items():
        lines.append(f"func.func private @{name}({_listed(inputs)}) -> ({_listed(results)})")
    return "\n".join(lines)


def error_of(text: str) -> str | None:
    """What `check` says of the module's lift op; None when it accepts it."""
    with context() as ctx:
        module = parse(text, ctx, "use.mlir")
        known = {name: signature_of(function) for name, function in functions(module).items()}
        (op,) = [op for op in walk(module.operation) if op.operation.name.startswith("lift.")]
        try:
            check(op, known)
        except LiftError as error:
            return str(error)
        return None


def expected_error(use: Use, says: str) -> str:
    column = 1 + len(f"%r:{len(use.results)} = ") * bool(use.results)
    return (
        f"use.mlir:2:{column}: error: malformed `{use.op}`: {says}\n"
        f"  op: {use.op} : ({_listed(use.operands)}) -> ({_listed(use.results)})\n"
        f"  hint: see `{use.op}` in docs/lift-dialect.md"
    )


@pytest.mark.parametrize("use", WELL_FORMED, ids=lambda use: use.op)
def test_well_formed(use):
    assert error_of(module_text(use)) is None


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.use.op}-{case.label}")
def test_broken(case):
    assert error_of(module_text(case.use)) == expected_error(case.use, f"{case.says} ({case.label})")


def test_every_op_and_constraint_has_a_case():
    assert {use.op for use in WELL_FORMED} == set(LIFT_OPS)
    numbered = {(op.name, f"C{i + 1}") for op in LIFT_OPS.values() for i in range(len(op.constraints))}
    assert {(case.use.op, case.label) for case in BROKEN} == numbered


CALL = Use("lift.call", "callee = @id", [X], [X])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"attributes": ""}, "attribute `callee` (symbol) is missing"),
        ({"attributes": "callee = 3 : i64"}, "attribute `callee`: expected symbol, found 3 : i64"),
        ({"attributes": 'callee = @id, calee = "id"'}, "unknown attribute `calee`"),
        ({"attributes": "callee = @absent"}, "there is no function `@absent`"),
        ({"results": [Y]}, "result 0: expected tensor<3xf32>, found tensor<4xf32> (results)"),
        ({"results": []}, "result: expected 1 values, found 0 (results)"),
    ],
)
def test_malformed_whatever_the_op(changed, says):
    use = CALL._replace(**changed)
    assert error_of(module_text(use)) == expected_error(use, says)


def test_notes_of_other_dialects_are_let_through():
    assert error_of(module_text(CALL._replace(attributes='callee = @id, mhlo.note = "kept"'))) is None


def test_unknown_op():
    assert error_of(module_text(Use("lift.vmpa", "", [X], [X]))) == (
        "use.mlir:2:8: error: unknown op `lift.vmpa`\n"
        "  op: lift.vmpa : (tensor<3xf32>) -> (tensor<3xf32>)\n"
        "  hint: the dialect's ops are listed in docs/lift-dialect.md"
    )
