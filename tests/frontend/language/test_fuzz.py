"""Whatever the text, only errors of ours come out, and soon."""

import re
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stablelift.errors import StableliftError
from stablelift.frontend.language.build import build
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import LiftSourceError, LiftSyntaxError, Source
from stablelift.frontend.language.load import load
from stablelift.frontend.language.parse import parse

from .generator import files
from .test_format import formatted

HERE = Path(__file__).parent
TEXTS = [
    (HERE / "norm.lift").read_text(encoding="utf-8"),
    (HERE / "function_lifts.lift").read_text(encoding="utf-8"),
    (HERE.parents[2] / "examples" / "digits.lift").read_text(encoding="utf-8"),
    (HERE.parents[2] / "examples" / "seq2seq.lift").read_text(encoding="utf-8"),
]
WORDS = (
    """
    module lift fn param variable update sow return true false none M x y h f32 int bool relu mean Dense vmap
    zeros lecun_normal call axis 0 1.5 1e5 99999999999999999999 "ij->ji" ( ) [ ] { } : = , . + - * / // % @ 
    ** == < -> ... # ## ; ? é \\ ' "
""".split()
    + ["\n", "\n  ", "\n    ", "\n      ", "\t", "\r", "\x00", "f32[*batch, d]", "Dense(3)(x)"]
)
soup = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)


@st.composite
def mutated(draw) -> str:
    """A good file in which some tokens are swapped, dropped or repeated."""
    tokens = re.findall(r"\w+|[^\w\s]|\s+", draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(tokens) - 1))
        choice = st.one_of(st.sampled_from(WORDS), st.sampled_from(tokens), st.just(""))
        tokens[place] = draw(choice) + draw(st.sampled_from(["", " ", tokens[place]]))
    return "".join(tokens)


def refused_properly(text: str) -> None:
    try:
        check(parse(text, "f.lift"), Source.of(text, "f.lift"))
    except LiftSourceError as error:
        assert error.diagnostics
        assert str(error).startswith("f.lift:")


@given(st.text())
@example("fn f(x)\n  return x[" + "(" * 1000)
def test_text(text):
    refused_properly(text)


@given(soup)
def test_token_soup(text):
    refused_properly(text)


@given(mutated())
def test_mutated_files(text):
    refused_properly(text)


@given(st.binary())
def test_bytes(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "bytes.lift"
    path.write_bytes(data)
    try:
        load(path)
    except LiftSourceError as error:
        assert error.diagnostics


@given(files)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_files_by_the_grammar(text):
    """Their syntax is right, so they have a layout; what passes the checker can be built."""
    formatted(text)
    try:
        file, source = parse(text, "f.lift"), Source.of(text, "f.lift")
        check(file, source)
    except LiftSourceError as error:
        assert error.diagnostics and not isinstance(error, LiftSyntaxError)
        return
    try:
        build(file, source, "f")
    except StableliftError:
        pass


@given(mutated())
def test_what_parses_has_a_layout(text):
    try:
        parse(text, "f.lift")
    except LiftSyntaxError:
        return
    formatted(text)
