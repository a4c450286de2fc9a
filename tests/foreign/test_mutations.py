"""A selection of `make exam-loader`: mutated files are loaded or refused, and nothing else happens."""

import re
import subprocess
import sys
from pathlib import Path

EXAM = Path(__file__).parents[2] / "benchmarks" / "exam_loader.py"


def test_mutated_files_are_loaded_or_refused():
    command = [sys.executable, str(EXAM), "--files=60", "--seed=7", "--workers=1", "--command=0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {word: int(count) for count, word in re.findall(r"(\d+) ([a-z ]+)", done.stdout)}
    assert counts["loaded"] > 5 and counts["refused"] > 20
