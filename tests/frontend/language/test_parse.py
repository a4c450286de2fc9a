"""The syntax of `.lift` files: what the parser makes of them, and that it never fails in another way."""

import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from stablelift.frontend.language import syntax, tables
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import Source, Span
from stablelift.frontend.language.parse import _LiftIndenter, _parser, parse
from tests.work import calls_of

EXAMPLES = Path(__file__).parents[3] / "examples"


def expression(text: str) -> syntax.Expression:
    (fn,) = parse(f"fn f(x)\n  return {text}\n", "f.lift").declarations
    assert isinstance(fn, syntax.Callable)
    (statement,) = fn.body
    assert isinstance(statement, syntax.Return)
    return statement.value


def spelt(node: object) -> str:
    """An expression with every application in parentheses."""
    match node:
        case syntax.Name(text=text):
            return text
        case syntax.Literal(value=value):
            return repr(value)
        case syntax.Negation(operand=operand):
            return f"(-{spelt(operand)})"
        case syntax.Binary(operator=operator, left=left, right=right):
            return f"({spelt(left)} {operator} {spelt(right)})"
        case syntax.Call(function=function, arguments=arguments, keywords=keywords):
            named = [f"{k.name.text}={spelt(k.value)}" for k in keywords]
            return f"{spelt(function)}({', '.join([*map(spelt, arguments), *named])})"
        case syntax.Tuple(items=items):
            return f"({', '.join(map(spelt, items))},)"
        case syntax.Rest(name=name):
            return f"*{name.text}"
        case syntax.Subscript(value=value, indices=indices):
            return f"{spelt(value)}[{', '.join(map(spelt, indices))}]"
        case syntax.Slice(start=start, stop=stop, step=step):
            return ":".join("" if part is None else spelt(part) for part in (start, stop, step))
        case syntax.Ellipsis():
            return "..."
        case syntax.Dictionary(entries=entries):
            return "{" + ", ".join(f"{key.text}: {spelt(value)}" for key, value in entries) + "}"
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a @ b + c", "((a @ b) + c)"),
        ("-a ** 2", "(-(a ** 2))"),
        ("a ** -b", "(a ** (-b))"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("a // 2 % 3", "((a // 2) % 3)"),
        ("a + 1 < b * 2", "((a + 1) < (b * 2))"),
        ("(a + b) * c", "((a + b) * c)"),
        ('Dense(hidden, name="out")(x)', "Dense(hidden, name='out')(x)"),
        ("f(\n    a,\n    b,  # why\n  )", "f(a, b)"),
        ("a, b", "(a, b,)"),
        ("(*batch, 3, -1)", "(*batch, 3, (-1),)"),
        ("()", "(,)"),
        ("(a,)", "(a,)"),
        ("x[0, 1:2, ::2, ..., none]", "x[0, 1:2:, ::2, ..., None]"),
        ('{params: 0, "batch_stats": none}', "{params: 0, batch_stats: None}"),
        ("1e-3 + 0.5 + 2", "((0.001 + 0.5) + 2)"),
        ("true == false", "(True == False)"),
    ],
)
def test_expressions_group_as_in_python(text, tree):
    assert spelt(expression(text)) == tree


def test_places_are_one_based_and_end_after_the_last_character():
    call = expression("relu(x + 1)")
    assert call.span == Span(2, 10, 2, 21)
    assert isinstance(call, syntax.Call)
    assert call.arguments[0].span == Span(2, 15, 2, 20)


def test_doc_comments_belong_to_the_declaration_below():
    text = (
        "## The file.\n\n# no doc\n## One\n##\n## two.\nmodule M\n  ## Width.\n  a: int = 3\n\n"
        "  ## Runs.\n  call(x)\n    return x\n"
    )
    file = parse(text, "m.lift")
    (module,) = file.declarations
    assert isinstance(module, syntax.Module)
    assert file.doc == "The file."
    assert module.doc == "One\n\ntwo."
    assert module.fields[0].doc == "Width."
    assert module.methods[0].doc == "Runs."


def test_a_doc_comment_right_above_a_declaration_is_not_the_file_s():
    file = parse("## About f.\nfn f(x)\n  return x\n", "m.lift")
    assert file.doc == ""
    assert file.declarations[0].doc == "About f."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# a comment",
        "fn f(x)\n  return x",
        "fn f(x)\r\n  return x\r\n",
        "# first\n\nfn f(x)  # why\n  # inside\n\n      # anywhere\n  y = x\n\n  return y\n    # last",
        "fn f()\n  return zeros((2, 3))\n",
        "fn f(x,)\n  return x\n\n\nfn g(x: f32[a, b,]) -> (f32[a], f32[b],)\n  return x, x\n",
    ],
)
def test_layout_is_free_where_it_means_nothing(text):
    parse(text, "f.lift")


def test_checking_does_not_import_jax():
    code = (
        "import sys; from stablelift.frontend.language.load import read; "
        f"read({str(EXAMPLES / 'digits.lift')!r}); sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES.parent, check=False).returncode == 0


def test_the_work_of_checking_grows_with_the_length():
    text = (EXAMPLES / "transformer.lift").read_text(encoding="utf-8")
    names = ["Block", "Deep", "Transformer", "next_token_loss"]
    pattern = re.compile(rf"\b({'|'.join(names)})\b")
    copies = [pattern.sub(rf"\1_{copy}", text) for copy in range(16)]

    def work(count: int) -> int:
        whole = "\n".join(copies[:count])
        return calls_of(lambda: check(parse(whole, "m.lift"), Source.of(whole, "m.lift")))

    work(1)  # makes the parser
    assert work(16) < 4.4 * work(4)
    assert work(16) < 1_600_000  # of 608 lines


def test_the_tables_are_of_the_grammar():
    stale = "stale: run `python -m stablelift.frontend.language.tables`"
    assert tables.read()["grammar"] == tables.digest(tables.GRAMMAR.read_text(encoding="utf-8")), stale


@pytest.mark.parametrize("content", [None, b"no tables", zlib.compress(b'{"lark":"0"}')])
def test_without_tables_the_parser_is_made_of_the_grammar(monkeypatch, tmp_path, content):
    text = "module M\n  call(x: f32[*b, d + 1]) -> (f32[d],)\n    sow a.b = x[:, none]\n    return (x,)\n\n"
    expected = _parser()[0].parse(text)
    monkeypatch.setattr(tables, "TABLES", tmp_path / "grammar.tables")
    if content is not None:
        tables.TABLES.write_bytes(content)
    assert tables.parser(_LiftIndenter()).parse(text) == expected
