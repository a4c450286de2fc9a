"""What profilers show: a compiled function by its name, each op by a path that tells modules, lifts and
derivatives apart.
"""

import re

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import functional


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, _=None):
        return jnp.tanh(nn.Dense(4, name="inner")(x)), None


class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(2):  # equal calls, which are traced once
            x, _ = Block()(x)
        layers = nn.scan(nn.remat(Block), variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return layers(name="layers")(x, None)[0].sum()


X = jnp.ones((2, 4))
PARAMS = Model().init(jax.random.key(0), X)


def step(params, x):
    return functional.value_and_grad(lambda params: Model().apply(params, x))(params)


def products(lowered):
    """The paths of the matrix products in what XLA is handed: what it compiles may be from its cache, where
    paths are those of an earlier program.
    """
    return set(re.findall(r'"([^"]*dot_general\)?)"', lowered.as_text(debug_info=True)))


@pytest.mark.smoke
@pytest.mark.parametrize("layers", ["inline", "outline", "roll"])
def test_paths_tell_modules_lifts_and_derivatives_apart(layers):
    lowered = nn.compile(step, layers=layers).lower(PARAMS, X)
    assert "module @jit_step " in lowered.as_text()
    found = products(lowered)
    assert found and not any("lift" in path for path in found), found
    both = {"dot_general", "transpose(dot_general)"}
    again = {path.rpartition("/")[2] for path in found if "scan/remat/" in path}
    assert again == both | {"remat(dot_general)"}
    assert layers != "inline" or all(
        {path.rpartition("/")[2] for path in found if f"Model/{block}/inner/" in path} == both
        for block in ("Block_0", "Block_1")
    )


def test_under_jax():
    found = products(jax.jit(Model().apply).lower(PARAMS, X))
    ends = {"/".join(path.split("/")[-3:]) for path in found}
    assert ends >= {f"{block}/inner/dot_general" for block in ("Block_0", "Block_1")}
    assert any(path.endswith("/scan/remat/layers/inner/dot_general") for path in found), found


def test_forward_mode():
    @functional.jit
    def tangent(x):
        return functional.jvp(lambda x: x**3, (x,), (x,))[1]

    text = jax.jit(tangent).lower(X).as_text(debug_info=True)
    assert re.search(r'"[^"]*/jvp/jvp\(', text), text
