"""Recurrent cells, and the loops over them."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from .table import Case, bf16, f16, floats, normal, of

H, STEP = floats(2, 4), floats(2, 3)
SMOOTH = {"activation_fn": jax.nn.softplus}
CELLS = [
    of("SimpleCell", H, STEP, features=4, residual=True, bias_init=normal),
    of("SimpleCell", H[0], STEP[0], features=4, dtype=bf16, **SMOOTH),
    of("GRUCell", H, STEP, features=4, bias_init=normal),
    of(
        "GRUCell",
        H.astype(bf16),
        STEP.astype(f16),
        features=4,
        gate_fn=jnp.tanh,
        recurrent_kernel_init=normal,
        param_dtype=f16,
    ),
    *(of(name, H, STEP, features=9) for name in ("SimpleCell", "GRUCell", "MGUCell")),  # the carry's width
    *(of(name, (H, H + 1), STEP, features=9) for name in ("LSTMCell", "OptimizedLSTMCell")),
    of("MGUCell", H, STEP, features=4, forget_bias_init=normal, activation_bias_init=normal),
    of("MGUCell", H, STEP, features=4, reset_gate=False, dtype=bf16),
    of("LSTMCell", (H, H + 1), STEP, features=4, bias_init=normal),
    of("LSTMCell", (H, H + 1), STEP, features=4, dtype=bf16, gate_fn=jnp.tanh, **SMOOTH),
    of("OptimizedLSTMCell", (H, H + 1), STEP, features=4, bias_init=normal),
    of(
        "OptimizedLSTMCell",
        (H, H + 1),
        STEP,
        features=4,
        dtype=f16,
        param_dtype=bf16,
        recurrent_kernel_init=normal,
    ),
    of(
        "ConvLSTMCell",
        (floats(2, 5, 4), floats(2, 5, 4, seed=1)),
        floats(2, 5, 3),
        features=4,
        kernel_size=(3,),
    ),
    of(
        "ConvLSTMCell",
        (floats(5, 6, 4), floats(5, 6, 4, seed=1)),
        floats(5, 6, 3),
        features=4,
        kernel_size=(3, 2),
        padding="CIRCULAR",
        use_bias=False,
        dtype=bf16,
    ),
]

SEQUENCES = floats(2, 5, 3)
LENGTHS = jnp.array([2, 5])


def rnn(name, build, inputs=SEQUENCES, mutable=False, **call):
    """A case of a recurrent layer, whose loop each system compiles in its own way."""
    return Case(name, build, (inputs,), call, mutable, close=True)


def noisy_cell(nn):
    class Cell(nn.RNNCellBase):
        @nn.compact
        def __call__(self, carry, x):
            x = nn.Dropout(0.5, deterministic=False)(x)
            self.sow("intermediates", "x", x)
            carry = nn.Dense(4)(x) + carry
            return carry, 2 * carry

        def initialize_carry(self, rng, input_shape):
            return jnp.ones((*input_shape[:-1], 4))

        @property
        def num_feature_axes(self):
            return 1

    return Cell()


RECURRENT = [
    rnn("RNN of an LSTM", lambda nn: nn.RNN(nn.LSTMCell(4))),
    rnn(
        "RNN with its carry",
        lambda nn: nn.RNN(nn.GRUCell(4, carry_init=normal(nn)), return_carry=True),
        init_key=jax.random.key(4),
    ),
    rnn("RNN time major", lambda nn: nn.RNN(nn.SimpleCell(4), time_major=True, unroll=2), return_carry=True),
    rnn(
        "RNN of two batch axes",
        lambda nn: nn.RNN(nn.MGUCell(4), return_carry=True),
        floats(2, 6, 5, 3),
        reverse=True,
    ),
    rnn("RNN without batch", lambda nn: nn.RNN(nn.SimpleCell(4)), floats(5, 3), initial_carry=floats(4)),
    rnn("RNN of images", lambda nn: nn.RNN(nn.ConvLSTMCell(2, (2,))), floats(2, 3, 5, 4)),
    rnn(
        "RNN of sequences of different lengths",
        lambda nn: nn.RNN(nn.SimpleCell(4), return_carry=True),
        seq_lengths=LENGTHS,
    ),
    rnn(
        "RNN backwards",
        lambda nn: nn.RNN(nn.SimpleCell(4), return_carry=True, reverse=True),
        seq_lengths=jnp.array([0, 3]),
    ),
    rnn(
        "RNN backwards in order",
        lambda nn: nn.RNN(nn.SimpleCell(4), time_major=True),
        floats(5, 2, 3),
        reverse=True,
        keep_order=True,
        seq_lengths=LENGTHS,
    ),
    rnn("RNN of no steps", lambda nn: nn.RNN(nn.SimpleCell(4), return_carry=True), floats(2, 0, 3)),
    rnn(
        "RNN with keys of each step",
        lambda nn: nn.RNN(
            noisy_cell(nn), split_rngs={"params": False, "dropout": True}, variable_axes={"intermediates": 0}
        ),
        mutable=["intermediates"],
    ),
    rnn(
        "RNN with parameters of each step",
        lambda nn: nn.RNN(
            nn.SimpleCell(4),
            variable_broadcast=False,
            variable_axes={"params": 0},
            split_rngs={"params": True},
        ),
    ),
    rnn("Bidirectional", lambda nn: nn.Bidirectional(nn.RNN(nn.SimpleCell(4)), nn.RNN(nn.LSTMCell(3)))),
    rnn(
        "Bidirectional with lengths",
        lambda nn: nn.Bidirectional(
            nn.RNN(nn.SimpleCell(4)), nn.RNN(nn.SimpleCell(4)), jnp.multiply, return_carry=True
        ),
        seq_lengths=LENGTHS,
        reverse=True,
    ),
    rnn(
        "Bidirectional time major",
        lambda nn: nn.Bidirectional(
            *(nn.RNN(nn.SimpleCell(4, carry_init=normal(nn))) for _ in range(2)), time_major=True
        ),
        init_key=jax.random.key(2),
    ),
]
