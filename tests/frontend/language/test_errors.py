"""Sources that are refused: the text of the errors, whole, in `errors.golden`; and unreadable files."""

import errno
import os
from pathlib import Path

import pytest

from stablelift.errors import LiftError
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import (
    LiftCheckError,
    LiftFileError,
    LiftSourceError,
    Source,
)
from stablelift.frontend.language.load import MAX_BYTES, load, read
from stablelift.frontend.language.parse import parse
from tests.work import calls_of


def cases():
    text = Path(__file__).with_name("errors.golden").read_text(encoding="utf-8")
    for case in text.split("\n=== ")[1:]:
        name, body = case.split("\n", 1)
        source, expected = body.split("---\n", 1)
        yield pytest.param(source, expected.strip("\n"), id=name)


def refuse(text: str) -> LiftSourceError:
    with pytest.raises(LiftSourceError) as caught:
        check(parse(text, "m.lift"), Source.of(text, "m.lift"))
    return caught.value


@pytest.mark.parametrize(("text", "expected"), list(cases()))
def test_the_message_whole(text, expected):
    assert str(refuse(text)) == expected


def test_an_error_holds_its_diagnostics_with_places():
    error = refuse("fn f(x)\n  return rleu(y)\n")
    assert isinstance(error, LiftError)
    assert [(str(d.span), d.message) for d in error.diagnostics] == [
        ("2:10", "unknown function `rleu`"),
        ("2:15", "unknown name `y`"),
    ]
    assert error.diagnostics[0].hints == ("did you mean `relu`?",)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("if n > 1:\n    return x", "a block begins without a colon"),
        ("if n > 1\n    return x\n  else if n > 0\n    return -x", "write `elif`"),
        (
            "while n > 1\n    x = -x",
            "`while_loop(condition, body)` loops while the program runs; `for` loops over a range",
        ),
        ("def g(y)\n    return y", "a method is declared by its name: `call(x: f32[n, d])`"),
        ("let y = x", "a value is named by `name = value`"),
        ("x += 1", "write `x = x + y`"),
        ("y = lambda z: z", "functions have names: declare a `fn`"),
        ("y = [i for i in range(3) if i > 1]", "a comprehension takes every item"),
        ("return x\nclass M\n  a: int", "`module NAME` declares a module"),
        ("return x\ndef g(y)\n  return y", "`fn NAME(...)` declares a function"),
        (
            "return x\nimport jax.numpy as jnp",
            'declarations of other files are imported: `import Block from "blocks.lift"`',
        ),
    ],
)
def test_lines_of_python(line, hint):
    assert hint in refuse(f"fn f(x: f32[n])\n  {line}\n  return x\n").diagnostics[0].hints


def test_deep_expressions_are_refused():
    chain = refuse("fn f(x)\n  return x" + " + x" * 500 + "\n")
    assert chain.diagnostics[0].message == "expression nested more than 100 levels deep"
    nested = refuse("fn f(x)\n  return " + "relu(" * 500 + "x" + ")" * 500 + "\n")
    assert nested.diagnostics[0].message == "expression nested more than 100 levels deep"


def test_functions_that_unfold_without_end_are_refused():
    doubling = "".join(f"fn f_{i}(x)\n  return f_{i - 1}(f_{i - 1}(x))\n" for i in range(1, 30))
    (problem,) = refuse("fn f_0(x)\n  return x\n" + doubling).diagnostics
    assert problem.message == "`f_16` unfolds into more than 100000 calls"
    nesting = "".join(f"fn f_{i}(x)\n  return f_{i - 1}(x)\n" for i in range(1, 50))
    (problem,) = refuse("fn f_0(x)\n  return x\n" + nesting).diagnostics
    assert problem.message == "`f_40` nests modules and functions more than 40 deep"


def test_lifts_of_lifts_are_bounded():
    many = "".join(f"lift s_{i} = switch(s_{i - 1}, s_{i - 1}, s_{i - 1})\n" for i in range(1, 60))
    text = f"fn f(x: f32[n]) -> f32[n]\n  return x\n\nlift s_0 = switch(f, f, f)\n{many}"
    found = refuse(text + "fn g(x: f32[n])\n  return s_59(1, x)\n")
    assert found.diagnostics[0].message == "`s_10` unfolds into more than 100000 calls"
    chain = "".join(f"lift b_{i} = vmap(b_{i - 1})\n" for i in range(1, 600))
    found = refuse(f"module A\n  call(x)\n    return x\n\nlift b_0 = vmap(A)\n{chain}")
    assert found.diagnostics[0].message == "`b_39` nests modules and functions more than 40 deep"


def test_branches_are_bounded():
    branches = "".join(f"  elif n == {i}\n    x = x + {i}\n" for i in range(200))
    (problem,) = refuse(f"fn f(x: f32[n])\n  if n == 3\n    x = -x\n{branches}  return x\n").diagnostics
    assert problem.message == "an `if` has at most 100 branches"


def test_loops_in_loops_are_not_checked_again_and_again():
    def nested(depth: int) -> None:
        loops = "".join(f"{'  ' * (i + 1)}for k_{i} in range(2)\n" for i in range(depth))
        found = refuse(f"fn f(x: f32[n])\n{loops}{'  ' * (depth + 1)}x = y\n  return x\n")
        assert found.diagnostics[0].message == "unknown name `y`"

    assert calls_of(lambda: nested(12)) < 8 * calls_of(lambda: nested(6))
    assert calls_of(lambda: nested(40)) < 480_000


def test_what_a_lift_refuses_when_it_is_made(tmp_path):
    path = tmp_path / "m.lift"
    path.write_text("module A\n  call(x)\n    return x\n\nlift B = remat_scan(A)\n")
    with pytest.raises(LiftCheckError) as caught:
        load(path)
    assert (
        str(caught.value)
        .splitlines()[0]
        .endswith(
            "m.lift:5:10: error: `B` cannot be made: `remat_scan` wants at least one length, "
            "found lengths=(), length=None"
        )
    )


def test_a_tab_is_refused_and_shown_as_one_column():
    assert str(refuse("module M\n\ta: int = 3\n")) == (
        "m.lift:2:1: error: unexpected tab\n"
        "    2 | \N{REPLACEMENT CHARACTER}a: int = 3\n"
        "      | ^\n"
        "  hint: indent and separate with spaces"
    )


def test_a_long_line_is_shown_around_the_caret():
    error = refuse("fn f(x)\n  y = " + "x + " * 30 + "rleu(x)" + " + x" * 30 + "\n  return y\n")
    place, excerpt, caret, _hint = str(error).split("\n")
    assert place == "m.lift:2:127: error: unknown function `rleu`"
    assert len(excerpt) < 120
    assert excerpt[caret.index("^") : caret.rindex("^") + 1] == "rleu"


def message(path) -> str:
    with pytest.raises(LiftFileError) as caught:
        load(path)
    return str(caught.value)


def test_unreadable_files(tmp_path):
    missing, folder, binary = tmp_path / "none.lift", tmp_path / "folder", tmp_path / "binary.lift"
    folder.mkdir()
    binary.write_bytes("fn f(é)\n  ".encode() + b"\xff\xfe x")
    assert message(missing) == f"{missing}: error: cannot read the file: no such file or directory"
    assert message(folder) == f"{folder}: error: cannot read the file: {os.strerror(errno.EISDIR).lower()}"
    assert message(binary) == (
        f"{binary}:2:3: error: expected UTF-8 text, found the byte 0xff\n"
        "    2 |   \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} x\n"
        "      |   ^"
    )
    assert message("a\0b.lift") == "a\0b.lift: error: cannot read the file: embedded null byte"


def test_a_file_that_is_too_large(tmp_path):
    large = tmp_path / "large.lift"
    large.write_text("#" * (MAX_BYTES + 1))
    assert message(large) == f"{large}: error: expected at most {MAX_BYTES} bytes, found more"


def test_a_byte_order_mark_is_passed_over(tmp_path):
    marked = tmp_path / "marked.lift"
    marked.write_bytes(b"\xef\xbb\xbffn f(x)\r\n  return x\r\n")
    loaded = read(marked)
    assert [declaration.name.text for declaration in loaded.file.declarations] == ["f"]
