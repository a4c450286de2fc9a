"""Every example of the language reference parses, and passes or fails the checker as the text says."""

import re
from pathlib import Path

import pytest

from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import LiftSourceError, Source
from stablelift.frontend.language.parse import parse

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


def test_the_reference_has_examples():
    assert len(EXAMPLES) > 10
