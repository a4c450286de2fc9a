"""Random functions of arrays, in terms of the library whose lifts they use: ours or JAX's.

A function is a seed: each of its steps draws from a generator of its own, so that steps can be left out
(`without`) and the others stay what they are. Values are tame: whatever is computed is brought back to a few
units. Loops are short, shapes small, axes of different sizes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name

STEPS_TAKEN: dict[str, str] = {}
"""The names of all steps that functions have taken, each with the kind of step."""

SHAPES = ((2, 3), (3, 2), (3,), (3, 3), (), (1, 3), (2, 2, 2), (4,))


@dataclass(frozen=True)
class Library:
    """The lifts that a random function uses; all take functions of arrays."""

    scan: Callable[..., Any]
    loop: Callable[..., Any]  # (cond, body, init, bound)
    cond: Callable[..., Any]
    switch: Callable[..., Any]
    remat: Callable[..., Any]  # (function, policy, prevent_cse)
    custom_vjp: Callable[..., Any]
    custom_jvp: Callable[..., Any]
    vmap: Callable[..., Any]
    grad: Callable[..., Any]
    jvp: Callable[..., Any]
    call: Callable[..., Any]
    layer: Callable[..., Any]


@dataclass(frozen=True)
class RandomFunction:
    """A function of arrays that returns one of `shape`; `policies` are those that its remat regions have."""

    seed: str
    policies: tuple[str | None, ...]
    steps: int = 8
    depth: int = 0
    shape: tuple[int, ...] = ()
    without: frozenset[str] = frozenset()

    def __call__(self, library: Library, *args: Any, seen: Sequence[Any] = ()) -> Any:
        """The result on arguments, in a function that sees values from outside of it too."""
        values = [*seen, *args]
        for number in range(self.steps):
            name = f"{self.seed}.{number}"
            if name not in self.without:
                _Step(self, name, library, values).take()
        draw = random.Random(f"{self.seed}.result")
        last = [fit(x, self.shape) for x in values[-draw.choice((1, 2, 3)) :]]
        return sum(jnp.sin(x) * (index + 1) for index, x in enumerate(last))


class _Step:
    """One step of a function: what it draws, and the values in scope, to which it adds."""

    def __init__(self, function: RandomFunction, name: str, library: Library, values: list[Any]):
        self.function, self.name, self.library, self.values = function, name, library, values
        self.draw = random.Random(name)

    def take(self) -> None:
        nests = self.function.depth < 3 and self.draw.random() < (0.55, 0.5, 0.3)[self.function.depth]
        kind = self.draw.choice(NESTING if nests else FLAT)
        STEPS_TAKEN[self.name] = kind.__name__
        found = kind(self)
        self.values += found if isinstance(found, list) else [found]

    def any(self) -> Any:
        """A value in scope, more often a late one."""
        start = max(0, len(self.values) - self.draw.choice((2, 4, 100)))
        return self.values[self.draw.randrange(start, len(self.values))]

    def real(self, shape: tuple[int, ...] | None = None) -> Any:
        """One as doubles, of a shape if there is one."""
        x = self.any()
        return fit(x, x.shape if shape is None else shape)

    def some(self, low: int, high: int) -> list[Any]:
        return [self.any() for _ in range(self.draw.randint(low, high))]

    def shape(self) -> tuple[int, ...]:
        return self.draw.choice(SHAPES)

    def index(self, size: int) -> Any:
        """A computed integer in [0, size). Nothing divides: JAX's divisors are 0 in branches not taken,
        and the interpreter stops.
        """
        return jnp.minimum(jnp.floor(jnp.abs(jnp.sin(self.real(()))) * size).astype(jnp.int32), size - 1)

    def below(self, shape: tuple[int, ...] = (), tag: str = "", closed: float = 0.3) -> Callable[..., Any]:
        """A function of a few steps, which now and then sees what is in scope here."""
        sees = list(self.values) if self.draw.random() < closed else []
        inner = replace(
            self.function,
            seed=f"{self.name}{tag}",
            steps=self.draw.randint(1, 4),
            depth=self.function.depth + 1,
            shape=shape,
        )
        return lambda *args: inner(self.library, *args, seen=sees)


def fit(x: Any, shape: tuple[int, ...]) -> Any:
    """A value as doubles of a shape, its elements repeated or left out."""
    x = x.astype(jnp.float64)
    if x.shape == shape:
        return x
    if x.ndim == 0:
        return jnp.broadcast_to(x, shape)
    size = math.prod(shape)
    flat = x.reshape(-1)
    while flat.size < size:
        flat = jnp.concatenate([flat, -0.5 * flat])
    return flat[:size].reshape(shape)


UNARY = (
    jnp.sin, jnp.cos, jnp.tanh, jnp.abs, jnp.negative, jax.nn.sigmoid, jax.nn.relu,
    lambda x: jnp.exp(-x * x), lambda x: jnp.sqrt(1 + x * x), lambda x: jnp.log1p(x * x),
    lambda x: 0.3 * x * x, lambda x: x * 0.0, lambda x: 1 / (1.5 + jnp.cos(x)), jax.lax.stop_gradient,
    lambda x: jnp.clip(x, -1.0, 1.0), lambda x: x**3 / 8, jnp.sign, lambda x: jnp.arctan2(x, 2 + x * x),
)  # fmt: skip

BINARY = (
    jnp.add, jnp.subtract, lambda x, y: 0.5 * x * y, lambda x, y: x / (2 + y * y), jnp.maximum, jnp.minimum,
    lambda x, y: jnp.where(x > y, x, jnp.sin(y)), lambda x, y: (1 + x * x) ** (0.3 * jnp.tanh(y)),
)  # fmt: skip


def unary(step: _Step) -> Any:
    return step.draw.choice(UNARY)(step.real())


def binary(step: _Step) -> Any:
    x = step.real()
    return step.draw.choice(BINARY)(x, x if step.draw.random() < 0.2 else step.real(x.shape))


def matmul(step: _Step) -> Any:
    a, b, c = (step.draw.choice((2, 3, 4)) for _ in range(3))
    x = step.real((a, b))
    if step.draw.random() < 0.2:
        return jnp.tanh(x @ x.T)
    return jnp.tanh(x @ step.real((b, c)))


def batched_matmul(step: _Step) -> Any:
    x, y = step.real((2, 3, 2)), step.real((2, 2, 3))
    return jnp.tanh(jnp.einsum(step.draw.choice(("bij,bjk->bik", "bij,bji->b", "bij,cjk->bick")), x, y))


def reduction(step: _Step) -> Any:
    x = step.real(step.draw.choice(((2, 3), (3, 2, 2), (4,))))
    axis = step.draw.randrange(x.ndim)
    reduce = step.draw.choice((jnp.sum, jnp.mean, jnp.max, jnp.min, jnp.prod, jnp.cumsum, jax.nn.logsumexp))
    return jnp.tanh(reduce(x, axis))


def concatenation(step: _Step) -> Any:
    return jnp.concatenate([step.real((2, 3)), step.real((1, 3))], 0)


def movement(step: _Step) -> Any:
    x = step.real(step.draw.choice(((2, 3), (3, 2))))
    moves = (
        lambda x: x.T, lambda x: x[::-1], lambda x: x[:, 1:], lambda x: x[1], lambda x: x[::2],
        lambda x: x.reshape(-1), lambda x: jnp.pad(x, ((1, 0), (0, 1))), lambda x: jnp.sort(x, 0),
        lambda x: jnp.broadcast_to(x, (2, *x.shape)), lambda x: jnp.roll(x, 1, 0),
    )  # fmt: skip
    return step.draw.choice(moves)(x)


def gather(step: _Step) -> Any:
    x, index = step.real((3, 2)), step.index(3)
    kinds = (
        lambda: x[index],
        lambda: x[jnp.stack([index, 2 - index, index])],
        lambda: jax.lax.dynamic_slice(x, (index, np.int32(0)), (2, 2)),
        lambda: jax.lax.dynamic_update_slice(x, step.real((1, 2)), (index, np.int32(0))),
        lambda: x.at[index].add(step.real((2,))),
        lambda: x.at[index].set(step.real((2,))),
    )
    return step.draw.choice(kinds)()


def integers(step: _Step) -> list[Any]:
    x = jnp.floor(3 * step.real()).astype(jnp.int32)
    return [x, x & 3 == 1, jnp.where(x > 0, x, -x) >> 1][: step.draw.randint(1, 3)]


def half(step: _Step) -> Any:
    return jnp.sin(step.real().astype(jnp.bfloat16))


def narrow(step: _Step) -> Any:
    return jnp.cos(step.real().astype(jnp.float32))


def named(step: _Step) -> Any:
    return checkpoint_name(step.real(), step.draw.choice("ab"))


def barrier(step: _Step) -> list[Any]:
    return list(jax.lax.optimization_barrier(tuple(step.some(1, 3))))


def called(step: _Step) -> list[Any]:
    function = step.library.call(step.below(step.shape()))
    args = step.some(1, 2)
    return [function(*args) for _ in range(step.draw.randint(1, 2))]


def layers(step: _Step) -> Any:
    """Equal layers, one behind the other."""
    x, weights = step.real(shape := step.shape()), [step.real((3,)) for _ in range(step.draw.randint(2, 3))]
    layer = step.library.layer(step.below(shape), x, weights[0])
    for weight in weights:
        x = layer(x, weight)
    return x


def rematerialised(step: _Step) -> list[Any]:
    policy = step.draw.choice(step.function.policies)
    function = step.library.remat(step.below(step.shape()), policy, step.draw.random() < 0.5)
    args = step.some(1, 3)
    return [function(*args) for _ in range(step.draw.choice((1, 1, 2)))]


def scan(step: _Step) -> list[Any]:
    length, shape = step.draw.choice((1, 2, 3, 4)), step.draw.choice(((3,), (2, 2)))
    consts, stacked = step.some(0, 2), step.real((length, 3))
    reads = step.draw.random() < 0.7
    carries, counts = step.draw.randint(0, 2), step.draw.random() < 0.3
    # Where it keeps checkpoints it must carry something, and may not use what it closes over oddly.
    function, out = step.below(shape, "body"), step.draw.random() < 0.6

    def body(carry: Any, x: Any) -> Any:
        *carry, count = carry
        given = [*consts, *carry, *([x] if reads else [])] or [np.float64(0.5)]
        new = function(*given, *([count] if counts else []))
        moved = [jnp.tanh(new + index) if index else new for index in range(carries)]
        return (*moved, count + 1), (jnp.cos(new) if out else None)

    checkpoint = step.draw.choice((None, None, None, "sqrt", "binomial:2", 2, 1))
    init = (*(step.real(shape) for _ in range(carries)), np.int32(0))
    last, ys = step.library.scan(
        body,
        init,
        stacked if reads else None,
        length=length,
        reverse=step.draw.random() < 0.3,
        checkpoint=checkpoint,
    )
    return [*last[:carries], *([ys] if out else []), last[-1]]


def bounded_loop(step: _Step) -> list[Any]:
    shape, limit = step.draw.choice(((3,), (2, 2))), step.index(4)
    function, consts = step.below(shape, "body"), step.some(0, 1)

    def body(state: Any) -> Any:
        count, x, y = state
        return count + 1, jnp.sin(function(*consts, x, count)) + 0.5 * y, x

    start = np.int32(0), step.real(shape), step.real(shape)
    return list(step.library.loop(lambda state: state[0] < limit, body, start, 4))


def branches(step: _Step) -> list[Any]:
    shape, args = step.shape(), step.some(1, 3)
    if step.draw.random() < 0.5:
        pred = step.real(()) > 0
        return [step.library.cond(pred, step.below(shape, "then"), step.below(shape, "else"), *args)]
    functions = [step.below(shape, f"case{number}") for number in range(step.draw.randint(1, 3))]
    return [step.library.switch(step.index(4) - 1, functions, *args)]


def ruled(step: _Step) -> Any:
    """A function with a rule of the user's, which is not its derivative."""
    x, y = step.real(shape := step.draw.choice(((3,), (2, 2)))), step.real(shape)
    function = step.below(shape, "primal", closed=0.05)  # JAX leaks what it closes over
    if step.draw.random() < 0.5:
        rule = step.library.custom_vjp(lambda x, y: jnp.tanh(x) * y)
        rule.defvjp(
            lambda x, y: (jnp.tanh(x) * y, (x, jnp.cos(y))),
            lambda kept, ct: (ct * jnp.sin(kept[0]), ct * kept[1]),
        )
        return rule(x, y)
    rule = step.library.custom_jvp(lambda x, y: function(x, y))

    @rule.defjvp
    def moved(primals: Any, tangents: Any) -> Any:
        (x, y), (dx, dy) = primals, tangents
        return function(x, y), dx * jnp.sin(y) + 2.0 * dy * x

    return rule(x, y)


def mapped(step: _Step) -> Any:
    function = step.below(step.draw.choice(((3,), (), (2, 2))))
    x, y = step.real((2, 3)), step.real((3,))
    return step.library.vmap(lambda x: function(x, y))(x)


def derived(step: _Step) -> Any:
    function = step.below(())
    x, y = step.real((3,)), step.real((2, 2))
    if step.draw.random() < 0.6:
        return jnp.tanh(step.library.grad(lambda x: function(x, y))(x))
    return jnp.tanh(step.library.jvp(lambda x: function(x, y), (x,), (jnp.cos(x),))[1])


FLAT = (
    unary, unary, unary, binary, binary, matmul, matmul, batched_matmul, reduction, concatenation, movement,
    gather, integers, half, narrow, named, named, barrier,
)  # fmt: skip

NESTING = (
    called, layers, rematerialised, rematerialised, rematerialised, scan, scan, bounded_loop, branches,
    branches, ruled, mapped, derived,
)  # fmt: skip
