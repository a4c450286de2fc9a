"""Every golden file under tests/golden: its RUN lines are run and what they print is matched."""

from pathlib import Path

import pytest

from tests.golden.harness import check

pytestmark = pytest.mark.smoke

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.mlir"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(HERE)) for path in FILES])
def test_golden(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    check(path)
