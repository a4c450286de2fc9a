"""Reverse-mode generation against JAX's, on a 12-layer transformer written in flax.linen.

Measured in one process, medians of several runs:

* `generate`: the `lift-derivatives` pass alone, on the parsed forward module (joint forward and reverse);
* `jax`: how much longer `jax.value_and_grad` takes to trace and lower than the forward function alone;
* the largest gradient error relative to the gradient's largest element, and the time of a compiled step.

Run: `python benchmarks/derivatives.py`; exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import backend
from jaxlib import _jax, xla_client

from stablelift.ir import lift
from stablelift.ir.mlir import context, func, functions, ir, parse, to_bytecode, walk
from stablelift.lowering.trace import trace
from stablelift.passes.pipeline import run

LAYERS, WIDTH, HEADS, LENGTH, BATCH, VOCABULARY = 12, 128, 4, 64, 2, 256

TARGETS = {"speed-up": 8.0, "error": 1e-5, "step ratio": 1.05}


class Block(nn.Module):
    """One pre-norm transformer layer."""

    @nn.compact
    def __call__(self, x):
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(num_heads=HEADS)(y, mask=nn.make_causal_mask(x[..., 0]))
        y = nn.Dense(4 * WIDTH)(nn.LayerNorm()(x))
        return x + nn.Dense(WIDTH)(nn.gelu(y))


class Transformer(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(VOCABULARY, WIDTH)(tokens)
        x = x + self.param("position", nn.initializers.normal(0.02), (LENGTH, WIDTH))
        for _ in range(LAYERS):
            x = Block()(x)
        return nn.Dense(VOCABULARY)(nn.LayerNorm()(x))


def loss_function() -> tuple[Callable, Any, Any]:
    """The loss of the transformer as a function of (parameters, tokens), and arguments for it."""
    model = Transformer()
    tokens = jax.random.randint(jax.random.key(1), (BATCH, LENGTH), 0, VOCABULARY)
    parameters = model.init(jax.random.key(0), tokens)

    def loss(parameters: Any, tokens: Any) -> Any:
        logits = nn.log_softmax(model.apply(parameters, tokens))
        return -jnp.mean(jnp.take_along_axis(logits[:, :-1], tokens[:, 1:, None], -1))

    return loss, parameters, tokens


def asking_for_gradients(module: ir.Module) -> None:
    """Make `main` the value and the gradients, by a `lift.vjp`, of what was `main`."""
    function = functions(module)["main"]
    function.attributes["sym_name"] = ir.StringAttr.get("loss")
    function.attributes["sym_visibility"] = ir.StringAttr.get("private")
    signature = lift.signature_of(function)
    wrt = tuple(lift.differentiable(signature.inputs))
    with ir.InsertionPoint.at_block_begin(module.body), ir.Location.unknown():
        results = [*signature.results, *(signature.inputs[index] for index in wrt)]
        main = func.FuncOp("main", (signature.inputs, results), visibility="public")
        block = main.add_entry_block()
    with ir.InsertionPoint(block), ir.Location.unknown():
        one = ir.DenseElementsAttr.get_splat(signature.results[0], ir.FloatAttr.get_f32(1.0))
        seed = ir.Operation.create(
            "stablehlo.constant", results=[signature.results[0]], attributes={"value": one}
        )
        operands = [*main.arguments, seed.result]
        func.ReturnOp(lift.create("lift.vjp", operands, {"loss": signature}, callee="loss", wrt=wrt, of=(0,)))


def median(run_once: Callable[[], float], repeats: int) -> float:
    return statistics.median(run_once() for _ in range(repeats))


def generation(bytecode: bytes) -> tuple[float, float, int, int]:
    """Seconds of `lift-derivatives` and of the whole pipeline; ops before, ops after."""
    with context() as ctx:
        module = parse(bytecode, ctx)
        asking_for_gradients(module)
        ops = sum(1 for _ in walk(module.operation))
        timing = run(module)
        seconds = sum(seconds for name, seconds in timing.seconds if name == "lift-derivatives")
        return seconds, timing.total(), ops, sum(1 for _ in walk(module.operation))


def gradient_module(bytecode: bytes) -> bytes:
    with context() as ctx:
        module = parse(bytecode, ctx)
        asking_for_gradients(module)
        run(module)
        return to_bytecode(module)


def traced(function: Callable, arguments: Sequence[Any]) -> float:
    """Seconds that JAX takes to trace and lower a function it has not seen."""

    def fresh(*args: Any) -> Any:
        return function(*args)

    start = time.perf_counter()
    jax.jit(fresh).lower(*arguments)
    return time.perf_counter() - start


def executable(module: bytes) -> Any:
    client = backend.get_backend("cpu")
    device = client.local_devices()[0]
    options = xla_client.CompileOptions()
    options.device_assignment = xla_client.DeviceAssignment.create(np.array([[device.id]]))
    return client.compile_and_load(module, _jax.DeviceList((device,)), options)


def step_seconds(steps: Sequence[Callable[[], Any]], repeats: int) -> list[float]:
    """The median time of each step, the steps taken in turn."""
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(repeats):
        for step, taken in zip(steps, times, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(step())
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def largest_error(found: Sequence[Any], expected: Sequence[Any]) -> float:
    return max(
        float(np.max(np.abs(np.asarray(x) - np.asarray(y))) / max(np.max(np.abs(np.asarray(y))), 1e-30))
        for x, y in zip(found, expected, strict=True)
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="runs of each generation (default 5)")
    parser.add_argument("--steps", type=int, default=30, help="runs of each compiled step (default 30)")
    options = parser.parse_args()
    loss, *arguments = loss_function()
    bytecode = trace(loss, *arguments).bytecode

    measured = [generation(bytecode) for _ in range(options.repeats)]
    ours = statistics.median(seconds for seconds, *_ in measured)
    everything = statistics.median(seconds for _, seconds, *_ in measured)
    forward = median(lambda: traced(loss, arguments), options.repeats)
    both = median(lambda: traced(jax.value_and_grad(loss), arguments), options.repeats)

    module = gradient_module(bytecode)
    ready = executable(module)
    leaves = jax.tree.leaves(arguments)
    theirs = jax.jit(jax.value_and_grad(loss)).lower(*arguments)
    their_step = executable(to_bytes(theirs))

    def step_of(loaded: Any) -> Callable[[], list[Any]]:
        return lambda: [
            shards[0] for shards in loaded.execute_sharded(leaves).disassemble_into_single_device_arrays()
        ]

    error = largest_error(step_of(ready)()[1:], step_of(their_step)()[1:])
    our_step, jax_step = step_seconds([step_of(ready), step_of(their_step)], options.steps)

    ops, after = measured[0][2:]
    found = {"speed-up": (both - forward) / ours, "error": error, "step ratio": our_step / jax_step}
    print(f"forward module            {ops} ops, compiled with its gradients {after} ops")
    print(
        f"generate                  {ours * 1e3:8.1f} ms   ({ours / ops * 1e6:.1f} us an op; all passes {everything * 1e3:.1f} ms)"
    )
    print(
        f"jax.value_and_grad adds   {(both - forward) * 1e3:8.1f} ms   ({both * 1e3:.1f} ms, forward alone {forward * 1e3:.1f} ms)"
    )
    print(f"step                      {our_step * 1e3:8.1f} ms   (jax {jax_step * 1e3:.1f} ms)")
    missed = [name for name, bound in TARGETS.items() if (found[name] < bound) == (name == "speed-up")]
    for name, bound in TARGETS.items():
        relation = ">=" if name == "speed-up" else "<="
        print(
            f"{name:24s}  {found[name]:8.3g}      target {relation} {bound:g}{'   MISSED' if name in missed else ''}"
        )
    return bool(missed)


def to_bytes(lowered: Any) -> bytes:
    """The lowered module's bytecode; every argument kept, as ours keeps them."""
    with context() as ctx:
        return to_bytecode(parse(lowered.as_text(), ctx))


if __name__ == "__main__":
    sys.exit(main())
