"""The page in headless Chromium: every view is drawn, and keys, clicks and search lead where they should."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.runtime.page.pages import HOSTILE, content_of, recurrent_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=20000", "--window-size=1400,900"),
)
VISIT = (Path(__file__).parent / "visit.js").read_text()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """What a visitor saw, who clicked through the page, and the page's data."""
    folder = tmp_path_factory.mktemp("page")
    whole = recurrent_page()
    (folder / "page.html").write_text(whole.replace("</body>", f"<script>{VISIT}</script></body>"))
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    shown = subprocess.run(
        [*command, (folder / "page.html").as_uri()], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    found = re.search(r'<pre id="visit">(.*?)</pre>', shown, re.DOTALL)
    assert found is not None, shown[-2000:]
    return json.loads(html.unescape(found[1])), content_of(whole)


def test_nothing_went_wrong(visited):
    seen, _ = visited
    assert seen["errors"] == []
    assert seen["resources"] == []  # the page loads nothing
    assert not seen["bad"]


def test_the_overview(visited):
    seen, content = visited
    overview = seen["overview"]
    assert overview["figures"][0] == str(len(content["passes"]) - 1)
    assert "Kept for the reverse sweep" in overview["sections"] and "Loops" in overview["sections"]
    assert overview["program"] == HOSTILE


def test_the_passes(visited):
    seen, content = visited
    names = [entry["name"] for entry in content["passes"]]
    assert seen["rail"] == names
    assert seen["walk"] == sorted(set(seen["walk"])) and len(seen["walk"]) > 5
    assert "lift-derivatives" in [names[index] for index in seen["walk"]]
    derivatives = seen["derivatives"]
    assert derivatives["title"] == "lift-derivatives"
    assert {"changed", "new"} <= set(derivatives["badges"])
    assert derivatives["origin"] and derivatives["columns"] == "two"
    assert any("lift.vjp" in line for line in derivatives["gone"])
    assert any("call" in line for line in derivatives["new"])
    assert derivatives["marks"] > 0
    assert seen["one_column"] == "one"
    assert seen["unfolded"] > seen["folded"]


def test_memory_over_time(visited):
    seen, content = visited
    memory = seen["memory"]
    assert memory["lines"] == ["line without", "line with"]
    assert memory["at_peak"] > 0
    assert memory["spans"] >= 2  # the two loops
    assert memory["note"] != memory["next"]
    assert not re.search("NaN|undefined", memory["paths"])


def test_the_graph(visited):
    seen, content = visited
    graph = seen["graph"]
    assert graph["nodes"] == len(content["passes"][seen["walk"][-1]]["texts"])
    assert graph["labels"] and graph["zoomed"] < graph["width"] and graph["fitted"] == graph["width"]
    assert graph["sought"] == graph["clicked"]


def test_search_theme_and_keys(visited):
    seen, _ = visited
    assert "function" in seen["search"]["kinds"] and "line" in seen["search"]["kinds"]
    assert seen["search"]["hash"].startswith("#passes/") and not seen["search"]["open"]
    assert [line.strip() for line in seen["search"]["line"]] == [seen["search"]["wanted"]]
    assert seen["hostile"] == f'@"{HOSTILE}"'
    assert seen["themes"] == ["dark", "light"]
    assert seen["help"] > 8
