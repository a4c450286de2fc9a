"""The account of a compilation as one page: `write(account, path)`.

The page is made of the files in `assets/`, one for each of its parts, and of the account as compressed JSON
(`content.py`). It loads nothing: no network, no library, no font. The functions of a module are kept once for
each text they have had, and compared in the browser, so that a page stays small.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import os
from importlib.resources import files
from pathlib import Path

from stablelift.runtime.account import Account
from stablelift.runtime.files import write as write_file
from stablelift.runtime.page.content import content

_SCRIPTS = ("start", "dom", "diff", "ir", "overview", "passes", "memory", "graph", "search", "main")


def write(account: Account, path: str | os.PathLike) -> None:
    """Write the page, whole or not at all. Raises: LiftError if the file cannot be written."""
    write_file(Path(path), page(account).encode(), "the page")


def page(account: Account) -> str:
    """The page as text."""
    assets = files(__name__) / "assets"
    scripts = "\n".join((assets / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    parts = {
        "title": html.escape(account.name),
        "style": (assets / "page.css").read_text("utf-8"),
        "content": _packed(content(account)),
        "script": scripts,
    }
    whole = (assets / "page.html").read_text("utf-8")
    for name, text in parts.items():
        whole = whole.replace(f"<!-- {name} -->", text)
    return whole


def _packed(data: object) -> str:
    """Data as compressed JSON in base64; the same data gives the same text."""
    return base64.b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()
