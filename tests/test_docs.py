"""The pages written from tables in the code say what the tables say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


def _pages():
    spec = importlib.util.spec_from_file_location("make_pages", DOCS / "make_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("name", ["lift-dialect.md", "op-coverage.md"])
def test_page_is_current(name):
    assert (DOCS / name).read_text() == _pages()[name](), "stale: run `python docs/make_pages.py`"
