"""What users put around a loss: JAX's transformations of it, and its gradients in a loop, in a map, op by op.

Each is given the loss (params, x) -> (number, variables written), and the arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Loss = Callable[[Any, Any], tuple[Any, Any]]


def _gradient(loss: Loss) -> Callable[[Any, Any], Any]:
    return jax.value_and_grad(loss, (0, 1), has_aux=True)


def _alike(tree: Any) -> Any:
    """A direction to differentiate along."""
    return jax.tree.map(lambda x: jnp.cos(jnp.arange(x.size, dtype=x.dtype)).reshape(x.shape), tree)


def mapped(loss: Loss, params: Any, x: Any) -> Any:
    """The gradients of two examples."""
    return jax.jit(jax.vmap(_gradient(loss), (None, 0)))(params, jnp.stack([x, x * 0.5]))


def ensemble(loss: Loss, params: Any, x: Any) -> Any:
    """Those of two models."""
    two = jax.tree.map(lambda p: jnp.stack([p, p * 0.9]), params)
    return jax.jit(jax.vmap(_gradient(loss), (0, None), out_axes=1))(two, x)


def forward(loss: Loss, params: Any, x: Any) -> Any:
    return jax.jit(lambda *at: jax.jvp(loss, at, _alike(at), has_aux=True))(params, x)


def forward_over_reverse(loss: Loss, params: Any, x: Any) -> Any:
    """The Hessian's product with a vector."""
    return jax.jit(lambda *at: jax.jvp(_gradient(loss), at, _alike(at)))(params, x)


def reverse_over_forward(loss: Loss, params: Any, x: Any) -> Any:
    def moved(*at: Any) -> Any:
        return jax.jvp(lambda *at: loss(*at)[0], at, _alike(at))[1]

    return jax.jit(jax.grad(moved, (0, 1)))(params, x)


def checkpointed(loss: Loss, params: Any, x: Any) -> Any:
    return jax.jit(_gradient(jax.checkpoint(loss)))(params, x)


def jitted(loss: Loss, params: Any, x: Any) -> Any:
    return jax.jit(_gradient(jax.jit(loss)))(params, x)


def in_a_loop(loss: Loss, params: Any, x: Any) -> Any:
    """The gradients of two steps, whose sum is carried."""

    def step(total: Any, x: Any) -> Any:
        (value, written), found = _gradient(loss)(params, x)
        return total + value, (written, found)

    return jax.jit(lambda xs: lax.scan(step, jnp.zeros((), x.dtype), xs))(jnp.stack([x, x * 0.5]))


def through_a_loop(loss: Loss, params: Any, x: Any) -> Any:
    """The gradient of a loop over the loss."""

    def total(params: Any, xs: Any) -> Any:
        return lax.scan(lambda so_far, x: (so_far + loss(params, x)[0], None), jnp.zeros((), x.dtype), xs)[0]

    return jax.jit(jax.value_and_grad(total, (0, 1)))(params, jnp.stack([x, x * 0.5]))


def op_by_op(loss: Loss, params: Any, x: Any) -> Any:
    return _gradient(loss)(params, x)


def linearized(loss: Loss, params: Any, x: Any) -> Any:
    """The value, and then the derivative in a program of its own."""
    value, move, written = jax.linearize(loss, params, x, has_aux=True)
    return value, written, jax.jit(move)(*_alike((params, x)))


def of_a_branch(loss: Loss, params: Any, x: Any) -> Any:
    """The gradient of the loss in one branch of two."""

    def chosen(params: Any, x: Any) -> Any:
        return lax.cond(x.sum() > -1e9, lambda *at: loss(*at)[0], lambda *at: x.sum(), params, x)

    return jax.jit(jax.value_and_grad(chosen, (0, 1)))(params, x)


WRAPPERS: dict[str, Callable[[Loss, Any, Any], Any]] = {
    one.__name__: one
    for one in (
        *(mapped, ensemble, forward, forward_over_reverse, reverse_over_forward, checkpointed, jitted),
        *(in_a_loop, through_a_loop, op_by_op, linearized, of_a_branch),
    )
}


def wrappers_of(number: int) -> dict[str, Callable[[Loss, Any, Any], Any]]:
    """Two of them."""
    names = list(WRAPPERS)
    return {name: WRAPPERS[name] for name in (names[number % 12], names[(5 * number + 3) % 12])}
