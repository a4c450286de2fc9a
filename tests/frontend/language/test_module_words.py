"""What a body says of its own module: sown values, questions, methods of layers, axes of params by name."""

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn

from .test_constructs import KEY, namespace, same

X = jnp.linspace(-1.0, 2.0, 2 * 3).reshape(2, 3)
IDS = jnp.arange(6).reshape(2, 3)

TEXT = """
module Sower
  call(x: f32[n, d]) -> f32[n, d]
    h = perturb("h", tanh(Dense(d)(x)))
    sow intermediates.hidden = h
    for i in range(3)
      h = h * 2
      sow intermediates.each = h, i
    if is_initializing() or not is_mutable_collection("intermediates")
      return h
    return h + (1 if has_rng("noise") or has_variable("params", "w") else 0)

module Tied
  width: int = 4

  table = Embed(7, width)

  call(ids: i32[b, t]) -> f32[b, t, 7]
    cell, memory = GRUCell(width), LSTMCell(width)
    carry = cell.initialize_carry(key(0), (b, width))
    pair = memory.initialize_carry(key(0), (b, width))
    first = table(ids)[:, 0]
    carry, h = cell(carry, first)
    pair, y = memory(pair, h)
    return table.attend(table(ids) + y[:, none] * pi)

module Boxed
  call(x: f32[n, d]) -> f32[n, 4]
    param w: f32[d, 4] = with_partitioning(lecun_normal(), ("in", none))
    variable stats.m: f32[4] = with_logical_partitioning(init=zeros(), names=("out",))
    y = Dense(4, kernel_init=with_partitioning(normal(0.1), (none, "out")), precision="highest")(x)
    return with_logical_constraint(x @ w + m + y, ("n", none))

lift Stacked = vmap(
    Boxed,
    variable_axes={params: 0, stats: 0},
    split_rngs={params: true},
    in_axes=none,
    axis_size=3,
    metadata_params={partition_name: "layers"}
)

fn wrapped(pair: (f32[n],), x: (f32[n])) -> (f32[n],)
  return (pair[0] + x,)

fn draws(k: key, x: f32[n]) -> (f32[n], f32[3, n])
  a, b = split_key(k)
  return x + normal(a, (n,)), vmap(noise, in_axes=(0, none))(split_key(b, 3), x)

fn noise(k: key, x: f32[n]) -> f32[n]
  return x * uniform(k, (n,))
"""


class Sower(nn.Module):
    @nn.compact
    def __call__(self, x):
        h = self.perturb("h", jnp.tanh(nn.Dense(x.shape[-1])(x)))
        self.sow("intermediates", "hidden", h)
        for i in range(3):
            h = h * 2
            self.sow("intermediates", "each", (h, i))
        if self.is_initializing() or not self.is_mutable_collection("intermediates"):
            return h
        return h + (1 if self.has_rng("noise") else 0)


class Tied(nn.Module):
    def setup(self):
        self.table = nn.Embed(7, 4)

    @nn.compact
    def __call__(self, ids):
        cell, memory = nn.GRUCell(4), nn.LSTMCell(4)
        carry = cell.initialize_carry(jax.random.key(0), (2, 4))
        pair = memory.initialize_carry(jax.random.key(0), (2, 4))
        _, h = cell(carry, self.table(ids)[:, 0])
        _, y = memory(pair, h)
        return self.table.attend(self.table(ids) + y[:, None] * jnp.pi)


class Boxed(nn.Module):
    @nn.compact
    def __call__(self, x):
        lecun, out = nn.initializers.lecun_normal(), nn.initializers.normal(0.1)
        w = self.param("w", nn.with_partitioning(lecun, ("in", None)), (x.shape[-1], 4))
        zeros = nn.with_logical_partitioning(nn.initializers.zeros, ("out",))
        m = self.variable("stats", "m", zeros, None, (4,), jnp.float32)
        kernel = nn.with_partitioning(out, (None, "out"))
        return x @ w + m.value + nn.Dense(4, kernel_init=kernel, precision="highest")(x)


@pytest.fixture(scope="module")
def m():
    return namespace(TEXT)


def test_sown_values_and_questions(m):
    ours, theirs = m.Sower(), Sower()
    variables = ours.init(KEY, X)
    same(variables, theirs.init(KEY, X))
    for rngs in ({}, {"noise": KEY}):
        for mutable in (False, ["intermediates"]):
            found = ours.apply(variables, X, rngs=rngs, mutable=mutable)
            same(found, theirs.apply(variables, X, rngs=rngs, mutable=mutable))


def test_methods_of_layers(m):
    same(m.Tied().init_with_output(KEY, IDS), Tied().init_with_output(KEY, IDS))


def test_axes_with_names(m):
    same(m.Boxed().init_with_output(KEY, X), Boxed().init_with_output(KEY, X))
    axes = {"variable_axes": {"params": 0, "stats": 0}, "split_rngs": {"params": True}, "in_axes": None}
    stacked = nn.vmap(Boxed, axis_size=3, metadata_params={nn.PARTITION_NAME: "layers"}, **axes)
    same(m.Stacked().init(KEY, X), stacked().init(KEY, X))


def test_tuples_of_one(m):
    same(m.wrapped((X[0],), X[1]), (X[0] + X[1],))


def test_keys_are_split(m):
    a, b = jax.random.split(KEY)
    rows = [X[0] * jax.random.uniform(k, (3,)) for k in jax.random.split(b, 3)]
    same(m.draws(KEY, X[0]), (X[0] + jax.random.normal(a, (3,)), jnp.stack(rows)))
