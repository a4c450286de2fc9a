"""The editors' grammar is that of the vocabulary, and colours an example as it should."""

import importlib.util
import json
import re
from pathlib import Path

EDITORS = Path(__file__).parents[3] / "editors"


def make_grammar():
    spec = importlib.util.spec_from_file_location("make_grammar", EDITORS / "make_grammar.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_grammar_is_current():
    module = make_grammar()
    stale = "stale: run `python editors/make_grammar.py`"
    assert module.FILE.read_text(encoding="utf-8") == module.text(), stale


def scopes(line: str) -> dict[str, str]:
    """The scope of each stretch of a line: at each place the first pattern that matches wins."""
    patterns = json.loads((EDITORS / "syntaxes" / "lift.tmLanguage.json").read_text())["patterns"]
    found, place = {}, 0
    while place < len(line):
        matches = [(re.compile(p["match"]).search(line, place), p) for p in patterns]
        matches = [(m, p) for m, p in matches if m and m.end() > m.start()]
        if not matches:
            break
        match, pattern = min(matches, key=lambda pair: pair[0].start())
        for number, capture in pattern.get("captures", {"0": pattern}).items():
            found[match[int(number)].strip()] = capture["name"].split(".")[-2]
        place = match.end()
    return found


def test_an_example_is_coloured():
    assert scopes("module Net  # why") == {"module": "declaration", "Net": "type", "# why": "number-sign"}
    assert scopes("  param k: f32[*b, d] = normal(stddev=0.1)") == {
        "param": "declaration",
        "f32": "dtype",
        "*b": "rest",
        "=": "operator",
        "normal": "initializer",
        "stddev": "keyword",
        "0.1": "numeric",
    }
    assert scopes('    y = relu(Dense(4, name="out")(x)) if train else none') == {
        "=": "operator",
        "relu": "array",
        "Dense": "layer",
        "4": "numeric",
        "name": "keyword",
        '"out"': "double",
        "if": "control",
        "else": "control",
        "none": "language",
    }


def test_the_manifests_are_json():
    for name in ("package.json", "language-configuration.json"):
        assert json.loads((EDITORS / name).read_text())
