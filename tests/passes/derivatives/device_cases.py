"""Derivatives of collectives between four devices: run as a program of its own, a line for each case.

What the devices hold together is one array, and what they compute together a function of it: its derivatives
are JAX's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import backend
from jaxlib import _jax, xla_client

from stablelift.ir.mlir import context, parse, to_bytecode
from stablelift.passes.pipeline import run
from tests.passes.derivatives.witness import differentiated

DEVICES = 4
FLAGS = f"--xla_force_host_platform_device_count={DEVICES}"
"""What XLA_FLAGS must hold before the program starts."""


class Collective(NamedTuple):
    """An op with its attributes and region, the shape of its result, and what it does to the devices' arrays
    in a stack."""

    attributes: str
    function: Callable
    shape: tuple[int, ...] = (4, 3)
    region: str = ""


def reduction(combine: str) -> str:
    return f"""({{
    ^bb0(%a: tensor<f64>, %b: tensor<f64>):
      %c = stablehlo.{combine} %a, %b : tensor<f64>
      stablehlo.return %c : tensor<f64>
  }})"""


PAIRS = "replica_groups = dense<[[0, 2], [3, 1]]> : tensor<2x2xi64>"
ALL = "replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>"


def in_pairs(function: Callable) -> Callable:
    """`function` of the two arrays of a pair, which gives one for each; the pairs are 0 and 2, 3 and 1."""

    def of_all(x: Any) -> Any:
        a, c = function(x[0], x[2])
        d, b = function(x[3], x[1])
        return jnp.stack([a, b, c, d])

    return of_all


def halves(x: Any, axis: int) -> list[Any]:
    return jnp.split(x, 2, axis)


CASES = {
    "all_reduce": Collective(PAIRS, in_pairs(lambda x, y: [x + y] * 2), region=reduction("add")),
    "all_reduce of maxima": Collective(
        ALL, lambda x: jnp.broadcast_to(x.max(0), x.shape), region=reduction("maximum")
    ),
    "all_reduce of minima": Collective(
        PAIRS, in_pairs(lambda x, y: [jnp.minimum(x, y)] * 2), region=reduction("minimum")
    ),
    "all_gather": Collective(
        f"{PAIRS}, all_gather_dim = 1 : i64",
        in_pairs(lambda x, y: [jnp.concatenate([x, y], 1)] * 2),
        (4, 6),
    ),
    "reduce_scatter": Collective(
        f"{PAIRS}, scatter_dimension = 0 : i64",
        in_pairs(lambda x, y: halves(x + y, 0)),
        (2, 3),
        reduction("add"),
    ),
    "all_to_all": Collective(
        f"{PAIRS}, split_dimension = 0 : i64, concat_dimension = 1 : i64, split_count = 2 : i64",
        in_pairs(lambda x, y: [jnp.concatenate(p, 1) for p in zip(halves(x, 0), halves(y, 0), strict=True)]),
        (2, 6),
    ),
    "collective_permute": Collective(
        "source_target_pairs = dense<[[0, 1], [1, 2], [2, 0]]> : tensor<3x2xi64>",
        lambda x: jnp.stack([x[2], x[0], x[1], jnp.zeros_like(x[3])]),
    ),
}


def module(name: str) -> str:
    """The op between two products, so that its derivatives meet values of their own."""
    case, op = CASES[name], name.split()[0]
    result = f"tensor<{case.shape[0]}x{case.shape[1]}xf64>"
    return f"""func.func public @main(%x: tensor<4x3xf64>) -> {result} {{
  %s = stablehlo.multiply %x, %x : tensor<4x3xf64>
  %c = "stablehlo.{op}"(%s) {case.region} {{{case.attributes}}} : (tensor<4x3xf64>) -> {result}
  %y = stablehlo.multiply %c, %c : {result}
  return %y : {result}
}}"""


def run_on_devices(source: str, stacks: list[np.ndarray]) -> list[np.ndarray]:
    """A module's `main` on all devices, each with its slice of the stacks; the results stacked."""
    with context() as ctx:
        parsed = parse(source, ctx)
        run(parsed)
        bytecode = to_bytecode(parsed)
    devices = tuple(backend.get_backend("cpu").local_devices())
    options = xla_client.CompileOptions()
    options.num_replicas = DEVICES
    options.device_assignment = xla_client.DeviceAssignment.create(np.arange(DEVICES)[:, None])
    client = backend.get_backend("cpu")
    executable = client.compile_and_load(bytecode, _jax.DeviceList(devices), options)
    sharding = jax.sharding.NamedSharding(jax.make_mesh((DEVICES,), ("d",)), jax.sharding.PartitionSpec("d"))
    placed = [jax.device_put(x.reshape(-1, *x.shape[2:]), sharding) for x in stacks]
    results = executable.execute_sharded(placed).disassemble_into_single_device_arrays()
    return [np.stack([np.asarray(shard) for shard in shards]) for shards in results]


def difference(name: str) -> float:
    """How far results, tangents and gradients are from JAX's."""
    rng = np.random.default_rng(5)
    x, dx = rng.normal(size=(2, DEVICES, 4, 3))
    ct = rng.normal(size=(DEVICES, *CASES[name].shape))
    found = run_on_devices(differentiated(module(name)), [x, dx, ct])

    def function(x: Any) -> Any:
        return CASES[name].function(x * x) ** 2

    expected = [*jax.jvp(function, (x,), (dx,)), *jax.vjp(function, x)[1](jnp.asarray(ct))]
    return max(
        float(np.abs(have - np.asarray(want)).max()) for have, want in zip(found, expected, strict=True)
    )


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    for each in CASES:
        print(json.dumps([each, difference(each)]), flush=True)
