"""Every example of the language reference parses, and passes or fails the checker as the text says."""

import re
from pathlib import Path

import pytest

from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import LiftSourceError, Source
from stablelift.frontend.language.parse import _parser, parse

REFERENCE = (Path(__file__).parents[3] / "docs" / "lift-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```lift\n(.*?)```(?:\n+```text\n(.*?)```)?", REFERENCE, re.DOTALL)


@pytest.mark.parametrize(("text", "errors"), EXAMPLES)
def test_example(text, errors):
    try:
        check(parse(text, "model.lift"), Source.of(text, "model.lift"))
    except LiftSourceError as error:
        assert str(error) == errors.rstrip("\n")
    else:
        assert not errors


def test_every_rule_of_the_grammar_has_an_example():
    parser, _ = _parser()
    used: set[str] = {"imports"}  # whose example needs a file beside it
    for text, errors in EXAMPLES:
        if not errors:
            used |= {str(tree.data) for tree in parser.parse(text).iter_subtrees()}
    rules = {str(rule.alias or rule.origin.name) for rule in parser.rules}
    assert {rule for rule in rules if not rule.startswith("_")} - used == INLINED


# Rules that always stand for what they hold.
INLINED = {"expression", "type", "test", "unary", "postfix", "atom"}
