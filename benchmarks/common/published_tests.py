"""Flax's own tests of Linen and of the functional core, with Flax and with only the import changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from common import fetched, imports
from common.comparison import CRASH, KNOWN, PASSED, SKIPPED, WRONG, Verdict

FOLDER = fetched.CACHE / "flax-tests"
THEIRS, OURS = FOLDER / "theirs", FOLDER / "ours"
REPOSITORY = Path(__file__).resolve().parents[2]

REASONS = {
    "does not match": "the wording of a message",
    r"attribute ['`](_\w+|\w+_filters?|group_collections|SetupState)['`]": "a private name of Flax's",
    "DeprecationWarning not triggered": "a warning that something of Flax's is deprecated",
    "test_fold_in_static_seperator|RelaxedNaming|FrozenDictTests": "a switch of `flax.config`",
    "test_boxed_variable": "a value is read inside of `nn.vmap`, which is traced",
    "test_jit_hashes_serializable|test_module_path_in_nested": "calls of `hash` or `setup` are counted",
}
"""Why a test does not pass that passes with Flax, by a pattern of its name and of what it says."""


def prepare() -> None:
    """Fetch the tests of the installed Flax, and make the two copies of them."""
    tests = fetched.source_of("flax", version("flax")) / "tests"
    shutil.rmtree(FOLDER, ignore_errors=True)
    for part in ("linen", "core"):
        imports.copied(tests / part, THEIRS / part, imports.unchanged)
        imports.copied(tests / part, OURS / part, imports.rewritten)


def pieces() -> list[str]:
    """The files that import what Stablelift has."""
    files = [path.relative_to(THEIRS) for path in sorted(THEIRS.rglob("*_test.py"))]
    return [str(file) for file in files if (THEIRS / file).read_text() != (OURS / file).read_text()]


def verdicts(file: str) -> Iterable[Verdict]:
    """One for each test in a file."""
    expected, found = outcomes(THEIRS, file), outcomes(OURS, file)
    if found is None or expected is None:
        return [Verdict(file, CRASH if found is None else SKIPPED, "pytest did not come to its end")]
    return [
        _verdict(f"{file}::{name}", said, found.get(name, "not found")) for name, said in expected.items()
    ]


def _verdict(name: str, expected: str, found: str) -> Verdict:
    if expected:
        return Verdict(name, SKIPPED, "with Flax neither")
    if not found:
        return Verdict(name, PASSED)
    for pattern, reason in REASONS.items():
        if re.search(pattern, f"{name}\n{found}"):
            return Verdict(name, KNOWN, reason)
    return Verdict(name, WRONG, " ".join(found.split())[:300])


def outcomes(folder: Path, file: str) -> dict[str, str] | None:
    """What each test of a file says where it does not pass; None if the process ended before its time."""
    with TemporaryDirectory() as made:
        report = Path(made) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
        subprocess.run(
            [*command, f"--rootdir={folder}", f"--junitxml={report}", file],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not report.exists():
            return None
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    return {_name(case): _said(case) for case in cases}


def _name(case: xml.etree.ElementTree.Element) -> str:
    return f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"


def _said(case: xml.etree.ElementTree.Element) -> str:
    """What pytest reports beside the name; nothing of a test that has passed."""
    told = [one for one in case if one.tag in ("failure", "error", "skipped")]
    return "\n".join(f"{one.tag}: {one.get('message')}" for one in told)
