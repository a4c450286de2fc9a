"""The pages written from tables in the code say what the tables say, and the examples in a guide run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


def make_pages():
    """The module `docs/make_pages.py`."""
    spec = importlib.util.spec_from_file_location("make_pages", DOCS / "make_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["command.md", "layers.md", "lift-dialect.md", "lift-language.md", "op-coverage.md"]
)
def test_page_is_current(name):
    assert (DOCS / name).read_text() == make_pages().PAGES[name](), "stale: run `python docs/make_pages.py`"


@pytest.mark.parametrize("name", ["programs-of-others.md"])
def test_the_examples_of_a_guide_run(name, monkeypatch, tmp_path):
    pytest.importorskip("flatbuffers")
    monkeypatch.chdir(DOCS.parent)
    text = (DOCS / name).read_text(encoding="utf-8").replace("/tmp/", f"{tmp_path}/")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    namespace = {}
    for code in blocks:
        exec(compile(code, name, "exec"), namespace)
    assert len(blocks) == 3 and namespace["logits"].shape == (10,)
