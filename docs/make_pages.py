"""Write the pages that come from tables in the code: `python docs/make_pages.py`.

`lift-dialect.md` is printed from the dialect's table, `op-coverage.md` from the rule tables, `layers.md` from
the docstrings of the layers, the end of `lift-language.md` from the vocabulary and the grammar, and that of
`command.md` from the help of the commands. A test says when a page is stale.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

import stablelift
from stablelift.command import COMMANDS, main
from stablelift.command.help import Context
from stablelift.frontend.language import vocabulary
from stablelift.frontend.language.tables import GRAMMAR
from stablelift.frontend.language.vocabulary import left_out
from stablelift.frontend.language.vocabulary.words import Word, spell
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

A function (`func.func`) may note in `maxima`, by position, which of its results are cotangents of an element
type that joins them by their maximum (`fm32`, of scales in eight bits); the type is lowered to its numbers.

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
        "`lift-legalize` writes these as others before anything is transformed, where all sizes are known",
        "(of composites and custom calls those that stand for an op of CHLO):",
        ", ".join(f"`{name}`" for name in sorted(LEGALIZED)) + ".",
        "",
        "## What cannot be batched",
        "",
        "| op | why |",
        "|---|---|",
        *(f"| `{name}` | {why} |" for name, why in sorted(batching.refused.items())),
    ]
    return "\n".join(lines) + "\n"


_SPECIAL = dict.fromkeys(locally_constant_ops, "zero") | {"lift.no_derivative": "an error"}


def _rows() -> Iterator[str]:
    for name in sorted({*derivatives, *batching, *lowerings}):
        rule = "" if name not in derivatives else _SPECIAL.get(name, "yes")
        cells = [rule, "yes" if name in batching else "", "yes" if name in lowerings else ""]
        yield f"| `{name}` | " + " | ".join(cells) + " |"


LAYERS_HEAD = """\
# Layers

Written by `docs/make_pages.py` from the docstrings of the layers; change those and run it again.

`import stablelift as nn` offers Linen's layers under Linen's names: fields and their order, defaults,
parameter trees, random keys, initial values and results are the same, bit for bit where a layer is not
compiled. The docstrings have shapes, dtypes, errors and parameters. `tests/frontend/layers/` compares with
flax.
"""

FAMILIES = ("linear", "normalization", "attention", "recurrent", "pooling", "stochastic", "combinators",
            "batch_apply", "activation", "fp8_ops")  # fmt: skip

# The public names of `flax.linen` that the package does not offer, and why. A test wants every missing name
# here, and none that is there.
INTERNAL = "a module of flax that holds other names, which are all offered at the top"
NOT_HERE = {
    "kw_only_dataclasses": "for versions of Python without keyword-only fields",
}


def layers_page() -> str:
    """`layers.md`."""
    sections = [_family(name) for name in FAMILIES]
    missing = [f"| `{name}` | {reason} |" for name, reason in NOT_HERE.items()]
    ending = ["", "## Names of Linen that are not here", "", "| name | why |", "|---|---|", *missing]
    return "\n".join([LAYERS_HEAD, "\n\n".join(sections), *ending]) + "\n"


def _family(name: str) -> str:
    module = getattr(stablelift, name)
    values = {each: getattr(module, each) for each in sorted(module.__all__)}
    ours = [each for each, value in values.items() if value.__module__.startswith("stablelift")]
    lines = [f"## `nn.{name}`"]
    if ours:
        lines += ["", "| name | what it is | source |", "|---|---|---|"]
        lines += [f"| `{each}` | {_summary(values[each])} | {_source(values[each])} |" for each in ours]
    jaxs = ", ".join(f"`{each}`" for each in values if each not in ours)
    return "\n".join([*lines, *(["", f"From JAX: {jaxs}."] if jaxs else [])])


def _summary(value: object) -> str:
    """The first sentence of a docstring, without the formulas that may follow it."""
    paragraph = " ".join(inspect.cleandoc(value.__doc__ or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.)])\s+(?=[A-Z`])", paragraph)[0].rstrip(".")


def _source(value: object) -> str:
    """The papers that the docstring, or that of its file, ends with."""
    for doc in (value.__doc__, sys.modules[value.__module__].__doc__):
        text = " ".join((doc or "").split())
        if "Source: " in text:
            return text.split("Source: ")[1].rstrip(".")
    return ""


VOCABULARY_HEAD = """\
## The vocabulary

This part is written by `docs/make_pages.py` from the vocabulary and the grammar; change those and run it
again.

What may be called, with its parameters; `name=` may be left out, what follows `*` is given by name.
The meaning is JAX's.
"""


def language_page() -> str:
    """`lift-language.md`: its text as it is, then the tables."""
    text = (FOLDER / "lift-language.md").read_text().split("## The vocabulary")[0]
    homes = dict.fromkeys(word.home for word in vocabulary.FUNCTIONS.values())
    tables = [_words(f"`{home}`" if "." in home else home, home) for home in homes]
    tables.append(_table("layer", vocabulary.LAYERS.values(), "call"))
    tables.append(_table("initializer", vocabulary.INITIALIZERS.values()))
    tables.append(_table("lift of modules", vocabulary.LIFTS.values()))
    tables.append(_table("lift of functions", vocabulary.FUNCTION_LIFTS.values()))
    policies = f"Policies of `remat`: {', '.join(f'`{each}`' for each in vocabulary.POLICIES)}."
    parts = [text + VOCABULARY_HEAD, "\n\n".join(tables), "", policies, ""]
    parts += [left_out_table(), "", grammar_table()]
    return "\n".join(parts)


def left_out_table() -> str:
    """The parameters that Python has and the language does not, those of one reason in one row."""
    reasons: dict[str, list[str]] = {}
    for names in (left_out.LEFT_OUT, left_out.OF_LIFTED_FUNCTIONS):
        for name, reason in names.items():
            reasons.setdefault(reason, []).append(f"`{name}`")
    rows = [f"| {' '.join(names)} | {reason} |" for reason, names in reasons.items()]
    return "\n".join(["| parameter of Python alone | why |", "|---|---|", *rows])


def _words(title: str, home: str) -> str:
    return _table(title, [word for word in vocabulary.FUNCTIONS.values() if word.home == home])


def _table(title: str, words: Iterable[Word], inputs: str = "") -> str:
    """A table of words, those of the same parameters in one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for word in words:
        cells = (word.signature, spell(word.inputs)) if inputs else (word.signature,)
        rows.setdefault(cells, []).append(f"`{word.name}`")
    head = [title, "parameters", *([inputs] if inputs else [])]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for cells, names in rows.items():
        shown = " | ".join(f"`{cell}`" if cell else "" for cell in cells)
        lines.append(f"| {' '.join(names)} | {shown} |")
    return "\n".join(lines)


def grammar_table() -> str:
    """The rules of the grammar file under its own headings."""
    text = "start:" + GRAMMAR.read_text(encoding="utf-8").split("// Terminals")[0].split("\nstart:", 1)[1]
    table = ["", "| rule | is |", "|---|---|"]
    note = "A rule that begins with `?` or `_` stands for what it holds; `?` only where that is one thing."
    lines = ["## The grammar", "", note, *table]
    for line in text.replace("\n     |", " |").split("\n"):
        if line.startswith("//"):
            lines += ["", f"### {line.removeprefix('// ')}", *table]
        elif line:
            name, meaning = line.split(":", 1)
            escaped = meaning.strip().replace("|", "\\|")
            lines.append(f"| `{name}` | `{escaped}` |")
    return "\n".join(lines) + "\n"


COMMANDS_HEAD = """\
## The commands

This part is written by `docs/make_pages.py` from the commands' own help; change that and run it again.
"""


def command_page() -> str:
    """`command.md`: its text as it is, then the help of each command."""
    text = (FOLDER / "command.md").read_text().split("## The commands")[0]
    group = Context(main, info_name="stablelift", **main.context_settings)
    return text + COMMANDS_HEAD + "\n" + "\n".join(_help(group, name) for name in COMMANDS)


def _help(group: Context, name: str) -> str:
    command = main.get_command(group, name)
    assert command is not None
    context = Context(command, parent=group, info_name=name, terminal_width=100)
    return f"### `stablelift {name}`\n\n```text\n{click.unstyle(command.get_help(context))}\n```\n"


PAGES = {
    "lift-dialect.md": dialect_page,
    "op-coverage.md": coverage_page,
    "layers.md": layers_page,
    "lift-language.md": language_page,
    "command.md": command_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
