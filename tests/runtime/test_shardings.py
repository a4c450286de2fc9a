"""How results of lifts are divided over several devices: as those of JAX's transformations are."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

from stablelift import functional
from tests.runtime import sharding_cases
from tests.runtime.device_cases import FLAGS
from tests.runtime.sharding_cases import CASES


@pytest.fixture(scope="module")
def on_devices() -> dict[str, list]:
    """How far each case is from JAX, how its results are divided, and how JAX's."""
    environment = os.environ | {"XLA_FLAGS": FLAGS, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", sharding_cases.__name__]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: found for name, *found in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CASES)
def test_against_jax(on_devices, name):
    error, ours, expected = on_devices[name]
    assert error < 2e-6
    assert ours == expected


def test_a_map_of_axes_that_are_divided_differently():
    with jax.set_mesh(jax.make_mesh((1,), ("data",), axis_types=(AxisType.Explicit,))):
        x, y = jax.device_put(jnp.ones((4, 2)), P("data")), jax.device_put(jnp.ones((4, 2)), P(None))
        with pytest.raises(ValueError) as raised:
            functional.vmap(lambda x, y: x * y)(x, y)
    assert str(raised.value) == (
        "vmap: expected all mapped axes to be sharded alike, found several ways: ('data',), None"
    )


def test_a_map_that_names_other_axes_than_types_do():
    with jax.set_mesh(jax.make_mesh((1, 1), ("data", "model"), axis_types=(AxisType.Explicit,) * 2)):
        x = jax.device_put(jnp.ones((4, 2)), P("data"))
        with pytest.raises(ValueError) as raised:
            functional.vmap(jnp.sin, spmd_axis_name="model")(x)
    assert str(raised.value) == (
        "vmap: spmd_axis_name is ('model',), but the arguments' types say ('data',)"
    )
