"""The pages written from tables in the code say what the tables say, and the examples in a guide run."""

from __future__ import annotations

import importlib.util
import re
import runpy
import subprocess
import sys
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


GENERATED = ("command.md", "layers.md", "lift-dialect.md", "lift-language.md", "op-coverage.md")


@pytest.mark.parametrize("name", GENERATED)
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


RUN = """
import re, sys
scope = {"__name__": "__main__"}
for code in re.findall(r"^```python\\n(.*?)^```$", open(sys.argv[1]).read(), re.MULTILINE | re.DOTALL):
    first = code.splitlines()[0]
    exec(compile(code, first[2:] if first.endswith(".py") else sys.argv[1], "exec"), scope)
"""


@pytest.mark.parametrize("name", ["linen-users.md", "programs.md", "reading-explain.md", "writing-a-rule.md"])
def test_a_guide_runs_and_prints_what_it_shows(name):
    """In a process of its own: a guide may enter rules."""
    guide, command = DOCS / name, [sys.executable, "-W", "error", "-c", RUN]
    done = subprocess.run([*command, guide], capture_output=True, text=True, cwd=DOCS.parent, timeout=300)
    assert done.returncode == 0, done.stderr
    printed = [line.strip() for line in done.stdout.splitlines()]
    for text in re.findall(r"^```text\n(.*?)^```$", guide.read_text(), re.MULTILINE | re.DOTALL):
        lines = [line.strip() for line in text.splitlines()]
        assert [line for line in printed if line in lines] == lines


@pytest.mark.parametrize("name", sorted(path.name for path in DOCS.glob("*.md")))
def test_what_a_page_links_to_exists(name):
    links = re.findall(r"\]\(([\w./-]+)\)", (DOCS / name).read_text())
    assert [link for link in links if not (DOCS / link).exists()] == []


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
