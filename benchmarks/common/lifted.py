"""Small models of every lift, in the namespace of either library, with the data to call them on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

WIDTH, DEPTH = 128, 12
STACKED = {"variable_axes": {"params": 0}, "split_rngs": {"params": True, "dropout": True}}

Built = tuple[Any, Any]
"""A Module, and what it is called on."""


def tokens() -> jax.Array:
    return jax.random.randint(jax.random.key(1), (4, 64), 0, 256)


def rows(*shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(2), shape)


def block_of(nn: Any) -> Any:
    """A transformer's layer; with `drop` it drops."""

    class Block(nn.Module):
        drop: float = 0.0

        @nn.compact
        def __call__(self, x):
            dropped = nn.Dropout(self.drop, deterministic=not self.drop)
            x = x + dropped(nn.SelfAttention(4)(nn.LayerNorm()(x)))
            return x + dropped(nn.Dense(WIDTH)(nn.gelu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(x)))))

    return Block


def text(nn: Any, layers: Callable[[Any], Any]) -> Built:
    """`layers(x)` between an embedding and logits."""

    class Text(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            return nn.Dense(256)(layers(nn.Embed(256, WIDTH)(tokens)))

    return Text(), tokens()


def in_a_row(nn: Any, lift: Callable[[Any], Any] = lambda block: block, drop: float = 0.0) -> Built:
    block = block_of(nn)

    def layers(x: Any) -> Any:
        lifted = lift(block)
        for _ in range(DEPTH):
            x = lifted(drop)(x)
        return x

    return text(nn, layers)


def scanned(nn: Any, lift: Callable[[Any], Any] = lambda block: block, drop: float = 0.0) -> Built:
    block = block_of(nn)

    class Step(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return block(drop)(x), None

    return text(nn, lambda x: nn.scan(lift(Step), **STACKED, length=DEPTH)()(x, None)[0])


def remat_scanned(nn: Any) -> Built:
    return text(nn, lambda x: nn.remat_scan(block_of(nn), lengths=(4, 3))()(x))


def recurrent(nn: Any) -> Built:
    class Recurrent(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.RNN(nn.LSTMCell(128))(x)
            return nn.Dense(10)(nn.Bidirectional(nn.RNN(nn.GRUCell(64)), nn.RNN(nn.GRUCell(64)))(x))

    return Recurrent(), rows(8, 64, 32)


def ensemble(nn: Any) -> Built:
    class Member(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.relu(nn.LayerNorm()(nn.Dense(256)(x)))
            return nn.Dense(10)(nn.Dropout(0.1, deterministic=False)(x))

    return nn.vmap(Member, **STACKED, in_axes=None, axis_size=8)(), rows(64, WIDTH)


def residual(nn: Any) -> Built:
    class Residual(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Conv(32, (3, 3))(x)
            for _ in range(4):
                h = nn.Conv(32, (3, 3))(nn.relu(nn.GroupNorm(8)(x)))
                x = x + nn.Conv(32, (3, 3))(nn.relu(nn.GroupNorm(8)(h)))
            return nn.Dense(10)(x.mean((1, 2)))

    return Residual(), rows(8, 16, 16, 3)


def chosen(nn: Any) -> Built:
    class Chosen(nn.Module):
        @nn.compact
        def __call__(self, x):
            experts = [lambda mdl, x, i=i: nn.relu(nn.Dense(WIDTH, name=f"e{i}")(x)) for i in range(4)]
            if self.is_initializing():
                return sum(expert(self, x) for expert in experts)
            return nn.switch(jnp.argmax(x.sum(0)) % 4, experts, self, x)

    return Chosen(), rows(64, WIDTH)


def signed(nn: Any) -> Built:
    """Gradients of parameters that are replaced by their signs."""

    def forward(mdl: Any, x: Any) -> Any:
        return nn.vjp(lambda mdl, x: mdl(x), mdl, x)

    def backward(pullback: Any, cotangent: Any) -> Any:
        gradients, x = pullback(cotangent)
        return jax.tree.map(jnp.sign, gradients), x

    class Signed(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.custom_vjp(lambda mdl, x: mdl(x), forward_fn=forward, backward_fn=backward)
            for _ in range(6):
                x = nn.relu(layer(nn.Dense(WIDTH), x))
            return x

    return Signed(), rows(64, WIDTH)


CASES: dict[str, Callable[[Any], Built]] = {
    "layers": in_a_row,
    "layers, dropout": lambda nn: in_a_row(nn, drop=0.1),
    "layers in remat": lambda nn: in_a_row(nn, nn.remat),
    "layers in remat, dropout": lambda nn: in_a_row(nn, nn.remat, drop=0.1),
    "layers in jit": lambda nn: in_a_row(nn, nn.jit),
    "scan": scanned,
    "scan, dropout": lambda nn: scanned(nn, drop=0.1),
    "scan of remat": lambda nn: scanned(nn, lambda step: nn.remat(step, prevent_cse=False)),
    "remat_scan": remat_scanned,
    "LSTM and two GRUs": recurrent,
    "vmap, dropout": ensemble,
    "convolutions": residual,
    "switch": chosen,
    "custom_vjp": signed,
}
