"""Lifts on several devices: spread by XLA's partitioner, and run by each device of a mesh."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import PartitionSpec as P

import stablelift
from stablelift import functional
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


@pytest.mark.parametrize("checks", [True, False])
def test_a_mesh_of_one_device(checks):
    """JAX leaves nothing of it in the module, and nothing is exchanged."""
    mesh = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    x, w = jnp.linspace(0.0, 1.0, 8).reshape(4, 2), jnp.linspace(1.0, 2.0, 4).reshape(2, 2)

    def each(x, w):
        y = lax.psum(jnp.sin(x @ w), "data") * x + lax.axis_index("data")
        y = lax.ppermute(y, "data", [(0, 0)]) + lax.all_gather(y, "data")[0]
        return lax.all_to_all(y, "data", 0, 1, tiled=True)

    def loss(function):
        specs = {"in_specs": (P("data"), P()), "out_specs": P("data")}
        return lambda x, w: jax.shard_map(function, mesh=mesh, check_vma=checks, **specs)(x, w).sum()

    expected = jax.jit(jax.grad(loss(each), 1))(x, w)
    for found in (
        functional.jit(functional.grad(loss(each), 1)),
        jax.jit(jax.grad(loss(functional.checkpoint(each)), 1)),
        stablelift.compile(jax.grad(loss(functional.jit(each)), 1)),
    ):
        np.testing.assert_allclose(found(x, w), expected, rtol=1e-5)
