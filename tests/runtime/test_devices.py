"""Lifts on several devices: spread by XLA's partitioner, and run by each device of a mesh."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.runtime import device_cases
from tests.runtime.device_cases import STEPS, SUITE, label

pytestmark = pytest.mark.smoke


@pytest.fixture(scope="module")
def on_devices() -> dict[str, float]:
    """How far each case is from JAX."""
    environment = os.environ | {"XLA_FLAGS": device_cases.FLAGS, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", device_cases.__name__]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize("name", [*map(label, SUITE), *STEPS])
def test_against_jax(on_devices, name):
    assert on_devices[name] < 2e-5
