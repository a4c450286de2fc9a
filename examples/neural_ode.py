"""A differential equation whose right side is a network learns a spiral: `python examples/neural_ode.py`.

It is solved with steps as long as their error allows, in a loop that ends when the time has come. Since the
loop is bounded (`while_loop(..., max_trip_count=)`) it has a gradient in reverse mode: through the steps that
were taken, and no adjoint equation is needed. Source: Chen, Rubanova, Bettencourt, Duvenaud 2018,
arXiv:1806.07366; the pair of Runge-Kutta methods is Bogacki and Shampine's, 1989,
doi:10.1016/0893-9659(89)90079-7.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.console import Console
from training import train

import stablelift as nn
from stablelift import functional

MATRIX = np.array([[-0.1, 2.0], [-2.0, -0.1]], np.float32)
START = np.array([2.0, 0.0], np.float32)
DURATION, POINTS = 10.0, 400
BATCH, AHEAD = 32, 12


class Field(nn.Module):
    """The right-hand side: how fast a point moves. Shapes: y f32[n, 2] -> f32[n, 2]."""

    width: int

    @nn.compact
    def __call__(self, y: jax.Array) -> jax.Array:
        return nn.Dense(y.shape[-1])(nn.tanh(nn.Dense(self.width)(y**3)))


class NeuralODE(nn.Module):
    """Where points are after a time. Shapes: y f32[n, 2], duration f32[] -> f32[n, 2]."""

    width: int = 32
    tolerance: float = 1e-3
    max_steps: int = 24

    @nn.compact
    def __call__(self, y: jax.Array, duration: Any) -> jax.Array:
        field = Field(self.width, name="field")
        field(y)  # creates the parameters, which the loop only reads

        def ahead(field: Field, carry: Any) -> jax.Array:
            return carry[0] < duration

        def step(field: Field, carry: Any) -> Any:
            time, length, y = carry
            length = jnp.minimum(length, duration - time)
            moved, error = bogacki_shampine(field, y, length)
            size = jnp.maximum(jnp.abs(error).max() / self.tolerance, 1e-6)
            accepted = size <= 1
            factor = jnp.clip(0.9 * size ** (-1 / 3), 0.2, 5.0)
            return (
                jnp.where(accepted, time + length, time),
                jax.lax.stop_gradient(length * factor),
                jnp.where(accepted, moved, y),
            )

        start = jnp.zeros(()), jnp.asarray(duration, y.dtype), y
        _, _, y = nn.while_loop(ahead, step, field, start, max_trip_count=self.max_steps)
        return y


def bogacki_shampine(field: Any, y: jax.Array, length: Any) -> tuple[jax.Array, jax.Array]:
    """One step of order three, and its difference from the step of order two."""
    k1 = field(y)
    k2 = field(y + length / 2 * k1)
    k3 = field(y + 3 * length / 4 * k2)
    moved = y + length * (2 * k1 + 3 * k2 + 4 * k3) / 9
    k4 = field(moved)
    return moved, length * (-5 * k1 / 72 + k2 / 12 + k3 / 9 - k4 / 8)


def spiral() -> tuple[np.ndarray, float]:
    """The trajectory to learn, and the time between its points. Shapes: f32[POINTS, 2]."""
    points, interval, fine = [START.astype(np.float64)], DURATION / (POINTS - 1), 20
    for _ in range(POINTS - 1):
        y = points[-1]
        for _ in range(fine):  # so short that the method hardly matters: the midpoint rule
            middle = y + interval / fine / 2 * (y**3 @ MATRIX)
            y = y + interval / fine * (middle**3 @ MATRIX)
        points.append(y)
    return np.array(points, np.float32), interval


def make_step(model: NeuralODE, optimiser: optax.GradientTransformation) -> Any:
    """(params, optimiser state, (points, points later, time between)) -> the next two, and the loss."""

    def step(params: Any, state: Any, batch: Any) -> Any:
        points, later, duration = batch

        def loss(params: Any) -> jax.Array:
            return jnp.abs(model.apply(params, points, duration) - later).mean()

        value, gradient = functional.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    return nn.compile(step, donate=(0, 1))


def batches(trajectory: np.ndarray, interval: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.float32]]:
    """Points of the trajectory, and those some intervals later."""
    random = np.random.default_rng(0)
    while True:
        ahead = int(random.integers(1, AHEAD + 1))
        starts = random.integers(0, len(trajectory) - ahead, BATCH)
        yield trajectory[starts], trajectory[starts + ahead], np.float32(ahead * interval)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, and print how far the learned trajectory is off; 1 if that is above `--expect`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--expect", type=float, default=0.25)
    options = parser.parse_args(argv)

    trajectory, interval = spiral()
    model = NeuralODE(options.width)
    params = model.init(jax.random.key(0), trajectory[:1], 1.0)
    optimiser = optax.adam(optax.cosine_decay_schedule(1e-2, options.steps))
    console = Console()
    step = make_step(model, optimiser)
    start = params, optimiser.init(params)
    (params, _), _ = train(step, start, batches(trajectory, interval), options.steps, console)

    ahead = functional.jit(lambda params, y: model.apply(params, y, np.float32(interval)))
    y, off = trajectory[:1], []
    for point in trajectory[1:]:
        y = ahead(params, y)
        off.append(np.abs(np.asarray(y[0]) - point).mean())
    distance = float(np.mean(off))
    console.print(f"mean distance from the spiral over {DURATION:g} units of time: [bold]{distance:.4f}[/]")
    return int(not distance <= options.expect)


if __name__ == "__main__":
    sys.exit(main())
