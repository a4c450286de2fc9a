"""The pages written from tables in the code say what the tables say."""

from __future__ import annotations

import importlib.util
import runpy
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


@pytest.mark.parametrize("name", ["layers.md", "lift-dialect.md", "lift-language.md", "op-coverage.md"])
def test_page_is_current(name):
    assert (DOCS / name).read_text() == make_pages().PAGES[name](), "stale: run `python docs/make_pages.py`"


def test_the_tour_runs(capsys):
    runpy.run_path(str(DOCS / "tour.py"))
    assert "hint: give a bound" in capsys.readouterr().out  # the end of its last section


def test_a_stale_tour_is_found(tmp_path):
    stale = tmp_path / "tour.py"
    tour = (DOCS / "tour.py").read_text()
    stale.write_text(tour.replace("#   %2 = stablehlo.sqrt", "#   %2 = stablehlo.cbrt"))
    with pytest.raises(AssertionError, match="the tour is stale: expected\n.*stablehlo.cbrt"):
        runpy.run_path(str(stale))
