"""What Modules cost: tracing, passes and lowering of a deep model, and `apply` op by op, against Flax Linen.

    make bench-modules

A decoder of 12 equal layers. "init" and "step" take a new function through `stablelift.compile(...).lower`,
and through `jax.jit(...).lower` with Flax: all that happens before XLA. Both have warm caches of JAX's, as in
a session where some model was traced before; with `--cold` they are dropped before each run. "apply" runs op
by op, on so little data that Python is all there is. Medians of rounds in which each contestant runs once.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import optax
from common.decoder import BATCH, SEQUENCE, VOCABULARY, decoder, training_step
from common.measure import Report, interleaved, milliseconds

import stablelift
from stablelift import functional

OPTIMISER = optax.adam(1e-3)
KEY = jax.random.key(0)


def measure_lowering(report: Report, depth: int, rounds: int, cold: bool) -> None:
    """Everything before XLA."""
    tokens = jax.random.randint(jax.random.key(1), (BATCH, SEQUENCE), 0, VOCABULARY)
    ours, peer = decoder(stablelift)(depth), decoder(linen)(depth)
    params = jax.eval_shape(peer.init, KEY, tokens)
    state = jax.eval_shape(OPTIMISER.init, params)

    def run(lower: Callable[[], Any]) -> None:
        if cold:
            jax.clear_caches()
        lower()

    def init(jit: Any, model: Any) -> None:
        jit(lambda key, tokens: model.init(key, tokens)).lower(KEY, tokens)

    def step(jit: Any, model: Any, value_and_grad: Any) -> None:
        jit(training_step(model, OPTIMISER, value_and_grad)).lower(params, state, tokens)

    by_us = partial(stablelift.compile, carry=2)
    contestants = {
        "init": (partial(init, stablelift.compile, ours), partial(init, jax.jit, peer)),
        "step": (
            partial(step, by_us, ours, functional.value_and_grad),
            partial(step, jax.jit, peer, jax.value_and_grad),
        ),
        "step, gradient by jax": (
            partial(step, by_us, ours, jax.value_and_grad),
            partial(step, jax.jit, peer, jax.value_and_grad),
        ),
    }
    for what, (mine, theirs) in contestants.items():
        pair = {"ours": partial(run, mine), "peer": partial(run, theirs)}
        interleaved(1, **pair)
        gc.collect()
        found = interleaved(rounds, **pair)
        ratio = found["ours"] / found["peer"]
        shown = milliseconds(found["ours"]), milliseconds(found["peer"])
        report.ratio(f"{what} of {depth} layers", *shown, ratio, "at most 0.5")


class _Small:
    """Models of little data, in the namespace of either library: Python is all their cost."""

    @staticmethod
    def mlp(nn: Any) -> Any:
        class MLP(nn.Module):
            @nn.compact
            def __call__(self, x):
                for width in (8, 8, 8, 8):
                    x = nn.relu(nn.Dense(width)(x))
                return x

        return MLP(), jnp.ones((2, 8))

    @staticmethod
    def identities(nn: Any) -> Any:
        """Modules within Modules that compute nothing: what a call of a Module costs by itself."""

        class Leaf(nn.Module):
            @nn.compact
            def __call__(self, x):
                return x

        class Node(nn.Module):
            def setup(self):
                self.leaves = [Leaf() for _ in range(8)]

            def __call__(self, x):
                for leaf in self.leaves:
                    x = leaf(x)
                return x

        class Tree(nn.Module):
            @nn.compact
            def __call__(self, x):
                for _ in range(8):
                    x = Node()(x)
                return x

        return Tree(), jnp.ones((2, 8))

    @staticmethod
    def parameters(nn: Any) -> Any:
        """Parameters that are read and returned."""

        class Many(nn.Module):
            @nn.compact
            def __call__(self):
                return [self.param(f"p{i}", nn.initializers.normal(), (3, 4)) for i in range(32)]

        return (Many(),)

    @staticmethod
    def decoder(nn: Any) -> Any:
        return decoder(nn)(1), jnp.zeros((1, 2), jnp.int32)


def measure_apply(report: Report, rounds: int, repeats: int) -> None:
    """`apply` op by op."""
    for name in ("mlp", "decoder", "parameters", "identities"):
        (mine, *args), (theirs, *_) = getattr(_Small, name)(stablelift), getattr(_Small, name)(linen)
        variables = theirs.init(KEY, *args)

        def repeat(model: Any, variables: Any, args: Any) -> None:
            for _ in range(repeats):
                model.apply(variables, *args)

        pair = {
            "ours": partial(repeat, mine, variables, args),
            "peer": partial(repeat, theirs, variables, args),
        }
        interleaved(2, **pair)
        gc.collect()
        found = {side: seconds / repeats for side, seconds in interleaved(rounds, **pair).items()}
        shown = milliseconds(found["ours"]), milliseconds(found["peer"])
        report.ratio(f"apply, op by op: {name}", *shown, found["ours"] / found["peer"], "at most 1")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="drop JAX's caches before each run")
    options = parser.parse_args()
    report = Report("Modules against Flax Linen, medians")
    measure_lowering(report, options.depth, options.rounds, options.cold)
    measure_apply(report, 4 * options.rounds, options.repeats)
    report.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
