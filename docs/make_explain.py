"""Draw `docs/explain.png`, the picture in `reading-explain.md`: `python docs/make_explain.py`, with Chromium.

The page is that of the program in the guide, after the pass that differentiates it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import stablelift as nn

DOCS = Path(__file__).parent
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=5000", "--window-size=1280,760"),
)


def main() -> None:
    text = (DOCS / "reading-explain.md").read_text()
    found = re.search(r"^```python\n(# model.py\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert found is not None and chromium is not None
    guide: dict = {}
    exec(compile(found[1], "model.py", "exec"), guide)
    with TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        account = nn.explain(guide["gradient"], html=page)
        assert account.partitions
        profile, shot = f"--user-data-dir={folder}/profile", f"--screenshot={folder}/shot.png"
        subprocess.run([chromium, *FLAGS, profile, shot, f"{page.as_uri()}#passes/6"], check=True)
        Image.open(f"{folder}/shot.png").convert("RGB").quantize(64).save(DOCS / "explain.png", optimize=True)


if __name__ == "__main__":
    main()
