"""Reverse-mode generation against JAX's, on a 12-layer transformer written in flax.linen.

    make bench-derivatives

Ours is the `lift-derivatives` pass alone, on the parsed forward module: it makes the joint function of
forward and reverse. The peer is how much longer `jax.value_and_grad` takes to trace and lower than the
forward function alone. Both results are compiled by the same XLA, run on the same arguments, compared and
timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from common.measure import Report, interleaved, milliseconds
from jax.extend import backend
from jaxlib import _jax, xla_client

from stablelift.ir import lift
from stablelift.ir.mlir import context, func, functions, ir, parse, to_bytecode, walk
from stablelift.lowering.trace import trace
from stablelift.passes.pipeline import run

LAYERS, WIDTH, HEADS, LENGTH, BATCH, VOCABULARY = 12, 128, 4, 64, 2, 256

GENERATIONS, STEPS = 7, 40
"""How often each generation and each step is measured."""


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


class Generation:
    """Generating the gradients of one forward module, again and again; what each run took."""

    def __init__(self, bytecode: bytes):
        self.bytecode = bytecode
        self.pass_seconds: list[float] = []
        self.all_seconds: list[float] = []
        self.ops = (0, 0)

    def __call__(self) -> bytes:
        with context() as ctx:
            module = parse(self.bytecode, ctx)
            asking_for_gradients(module)
            before = sum(1 for _ in walk(module.operation))
            timing = run(module)
            self.ops = before, sum(1 for _ in walk(module.operation))
            self.pass_seconds.append(
                sum(spent for name, spent in timing.seconds if name == "lift-derivatives")
            )
            self.all_seconds.append(timing.total())
            return to_bytecode(module)


def lower_afresh(function: Callable, arguments: Sequence[Any]) -> None:
    """Trace and lower a function as one that JAX has not seen."""

    def fresh(*args: Any) -> Any:
        return function(*args)

    jax.jit(fresh).lower(*arguments)


def executable(module: bytes | str) -> Any:
    client = backend.get_backend()
    device = client.local_devices()[0]
    options = xla_client.CompileOptions()
    options.device_assignment = xla_client.DeviceAssignment.create(np.array([[device.id]]))
    return client.compile_and_load(module, _jax.DeviceList((device,)), options)


def step(loaded: Any, leaves: Sequence[Any]) -> list[jax.Array]:
    """One run of an executable, waited for."""
    shards = loaded.execute_sharded(leaves).disassemble_into_single_device_arrays()
    return jax.block_until_ready([shard[0] for shard in shards])


def largest_error(found: Sequence[jax.Array], expected: Sequence[jax.Array]) -> float:
    """The largest difference relative to the largest element of the same gradient.

    Gradients that are zero but for rounding (a softmax does not see its keys' bias) are measured against the
    largest element of all.
    """
    pairs = [(np.asarray(x), np.asarray(y)) for x, y in zip(found, expected, strict=True)]
    sizes = [np.abs(y).max() for _, y in pairs]
    scales = [size if size > 1e-6 * max(sizes) else max(sizes) for size in sizes]
    return max(float(np.abs(x - y).max() / scale) for (x, y), scale in zip(pairs, scales, strict=True))


def main() -> None:
    report = Report("Reverse mode of a 12-layer transformer, medians")
    loss, *arguments = loss_function()
    generate = Generation(trace(loss, *arguments).bytecode)
    found = interleaved(
        GENERATIONS,
        ours=generate,
        forward=partial(lower_afresh, loss, arguments),
        gradients=partial(lower_afresh, jax.value_and_grad(loss), arguments),
    )
    added = found["gradients"] - found["forward"]
    seconds = median(generate.pass_seconds)
    what = f"generating the reverse of {generate.ops[0]} ops"
    report.ratio(what, milliseconds(seconds), milliseconds(added), added / seconds, "at least 8")
    report.figure("... microseconds an op", f"{seconds / generate.ops[0] * 1e6:.3g}")
    report.figure("... with all other passes", milliseconds(median(generate.all_seconds)))

    peer = jax.jit(jax.value_and_grad(loss)).lower(*arguments).as_text()
    leaves = jax.tree.leaves(arguments)
    steps = {
        "ours": partial(step, executable(generate()), leaves),
        "peer": partial(step, executable(peer), leaves),
    }
    error = largest_error(steps["ours"]()[1:], steps["peer"]()[1:])
    report.figure("largest relative error of a gradient", f"{error:.2g}", "at most 1e-5")
    taken = interleaved(STEPS, **steps)
    ours, theirs = taken["ours"], taken["peer"]
    report.ratio("a compiled step", milliseconds(ours), milliseconds(theirs), ours / theirs, "at most 1.05")
    report.show()


if __name__ == "__main__":
    main()
