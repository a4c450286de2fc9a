"""Write the pages that come from tables in the code: `python docs/make_pages.py`.

`lift-dialect.md` is printed from the dialect's table, `op-coverage.md` from the rule tables. A test says
when a page is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stablelift.ir import attributes
from stablelift.ir.lift import LIFT_OPS, LiftOp
from stablelift.passes.batching.table import batching
from stablelift.passes.derivatives.table import derivatives, locally_constant_ops
from stablelift.passes.legalize import LEGALIZED
from stablelift.passes.lower.table import lowerings
from stablelift.passes.pipeline import OURS

FOLDER = Path(__file__).parent

DIALECT_HEAD = """\
# The `lift` dialect

Written by `docs/make_pages.py` from the table in `stablelift/ir/dialect.py`; change that and run it again.

A lift op names functions of its module (its callees) and says how their transformed form is applied. The
ops are unregistered in MLIR, so `lift-verify` checks them by this table: errors quote the labels below. In
text they have the generic form:

```mlir
%y = "lift.vmap"(%x) {callee = @f, axis_size = 3 : i64, in_axes = [0], out_axes = [0]}
     : (tensor<3x4xf32>) -> tensor<3xf32>
```

Kinds of attributes: """


def dialect_page() -> str:
    """`lift-dialect.md`."""
    kinds = (attributes.__doc__ or "").split("\n\n")[1].replace("\n", " ")
    sections = "\n".join(_section(op) for op in LIFT_OPS.values())
    return f"{DIALECT_HEAD}{kinds[0].lower()}{kinds[1:].rstrip()}\n\n{sections}"


def _section(op: LiftOp) -> str:
    lines = [f"## `{op.name}`", "", f"{op.meaning[0].upper()}{op.meaning[1:]}.", ""]
    lines.append(f"Operands: {op.operands or 'none'}.")
    if op.attributes:
        lines += ["", "| attribute | kind |", "|---|---|"]
        lines += [f"| `{name}` | {kind} |" for name, kind in op.attributes.items()]
    lines.append("")
    lines += [f"- C{number}: {text}." for number, text in enumerate(op.constraints, 1)]
    return "\n".join(lines) + "\n"


def coverage_page() -> str:
    """`op-coverage.md`."""
    lines = [
        "# What each op has",
        "",
        "Written by `docs/make_pages.py` from the rule tables in `stablelift/passes/`. An op without a rule",
        "is an error that names it and its line when a transformation meets it, never a silent zero.",
        "",
        "Passes: " + ", ".join(f"`{name}`" for name in OURS) + ".",
        "",
        "| op | derivative | batching | lowering |",
        "|---|---|---|---|",
        *_rows(),
        "",
        "`lift-legalize` writes these as others before anything is transformed, where all sizes are known:",
        ", ".join(f"`{name}`" for name in sorted(LEGALIZED)) + ".",
        "",
        "## What cannot be batched",
        "",
        "| op | why |",
        "|---|---|",
        *(f"| `{name}` | {why} |" for name, why in sorted(batching.refused.items())),
    ]
    return "\n".join(lines) + "\n"


def _rows() -> Iterator[str]:
    for name in sorted({*derivatives, *batching, *lowerings}):
        rule = "" if name not in derivatives else "zero" if name in locally_constant_ops else "yes"
        cells = [rule, "yes" if name in batching else "", "yes" if name in lowerings else ""]
        yield f"| `{name}` | " + " | ".join(cells) + " |"


PAGES = {"lift-dialect.md": dialect_page, "op-coverage.md": coverage_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
