"""Models as users write them, each in the namespace `nn` of either library: what to call them with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@dataclasses.dataclass(frozen=True)
class Composite:
    """`build(nn)` called with `inputs`; `mutable` are the collections that a call updates."""

    build: Callable[[Any], Any]
    inputs: tuple[Any, ...]
    mutable: tuple[str, ...] = ()


def floats(*shape, seed=0):
    return jnp.asarray(np.random.default_rng((seed, *shape)).normal(size=shape), jnp.float32)


def tokens(*shape, below=11):
    return jnp.asarray(np.random.default_rng(shape).integers(0, below, shape), jnp.int32)


STREAMS = {name: jax.random.key(number) for number, name in enumerate(("params", "dropout", "noise"))}
COMPOSITES: dict[str, Composite] = {}


def initial_variables(name, library):
    """Those of a model in a library, as plain dicts."""
    case = COMPOSITES[name]
    return jax.tree.map(lambda x: x, dict(case.build(library).init(STREAMS, *case.inputs)))


def composite(*inputs, mutable=()):
    """Register a function of `nn` that returns a model."""

    def register(build):
        COMPOSITES[build.__name__] = Composite(build, inputs, mutable)
        return build

    return register


@composite(floats(3, 6))
def residual_mlp(nn):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x + nn.Dense(x.shape[-1], use_bias=False)(nn.gelu(nn.Dense(9)(nn.LayerNorm()(x))))

    class Model(nn.Module):
        depth: int = 2

        @nn.compact
        def __call__(self, x):
            x = nn.Dense(5)(x)
            for _ in range(self.depth):
                x = Block()(x)
            return nn.Dense(2, name="head", param_dtype=jnp.bfloat16)(nn.RMSNorm()(x))

    return Model()


@composite(floats(2, 8, 6, 3), mutable=("batch_stats",))
def batch_normalised_convnet(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for width in (4, 5):
                x = nn.Conv(width, (3, 3), use_bias=False)(x)
                x = nn.relu(nn.BatchNorm(use_running_average=False, momentum=0.8)(x))
                x = nn.avg_pool(x, (2, 2), strides=(2, 2))
            return nn.Dense(3)(x.reshape(x.shape[0], -1))

    return Model()


@composite(floats(2, 9, 7, 3))
def residual_network(nn):
    class Block(nn.Module):
        width: int
        strides: tuple[int, int] = (1, 1)

        @nn.compact
        def __call__(self, x):
            y = nn.relu(nn.GroupNorm(num_groups=None, group_size=1)(x))
            y = nn.Conv(self.width, (3, 3), self.strides)(y)
            y = nn.Conv(self.width, (3, 3), kernel_init=nn.initializers.zeros)(nn.relu(y))
            if x.shape != y.shape:
                x = nn.Conv(self.width, (1, 1), self.strides, name="shortcut")(x)
            return x + y

    class Model(nn.Module):
        def setup(self):
            self.stages = [Block(4), Block(6, (2, 2)), Block(6)]
            self.head = nn.Sequential([nn.Dense(4), nn.tanh, nn.Dense(2)])

        def __call__(self, x):
            for stage in self.stages:
                x = stage(x)
            return self.head(x.mean((1, 2)))

    return Model()


@composite(floats(2, 8, 4, 3))
def u_net(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            skips = []
            for width in (4, 6):
                x = nn.silu(nn.Conv(width, (3, 3), kernel_dilation=1)(x))
                skips.append(x)
                x = nn.max_pool(x, (2, 2), strides=(2, 2))
            x = nn.Conv(7, (2, 1), padding="CIRCULAR")(x)
            for skip in reversed(skips):
                x = nn.ConvTranspose(skip.shape[-1], (2, 2), strides=(2, 2))(x)
                x = nn.silu(nn.Conv(skip.shape[-1], (3, 3))(jnp.concatenate([x, skip], -1)))
            return nn.Conv(1, (1, 1))(x)

    return Model()


@composite(floats(2, 5, 8))
def transformer_encoder(nn):
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            h = nn.MultiHeadDotProductAttention(
                2, dropout_rate=0.3, deterministic=False, normalize_qk=True
            )(nn.LayerNorm()(x))
            x = x + nn.Dropout(0.2, deterministic=False)(h)
            return x + nn.Dense(8)(nn.gelu(nn.Dense(16)(nn.LayerNorm()(x))))

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for number in range(2):
                x = Layer(name=f"layer_{number}")(x)
            return nn.LayerNorm(use_bias=False)(x)

    return Model()


@composite(tokens(2, 6))
def scanned_decoder(nn):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x, mask):
            x = x + nn.SelfAttention(2)(nn.LayerNorm()(x), mask=mask)
            return x + nn.Dense(8)(nn.relu(nn.Dense(12)(x))), x.mean()

    class Model(nn.Module):
        @nn.compact
        def __call__(self, text):
            embed = nn.Embed(11, 8)
            x = embed(text) + self.param("places", nn.initializers.normal(0.02), (6, 8))
            Stack = nn.scan(
                nn.remat(Block, prevent_cse=False),
                variable_axes={"params": 0},
                split_rngs={"params": True},
                in_axes=nn.broadcast,
                length=3,
            )
            x, means = Stack(name="blocks")(x, nn.make_causal_mask(text))
            return embed.attend(x), means

    return Model()


@composite(floats(2, 1, 8), mutable=("cache",))
def decoding_with_a_cache(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            attend = nn.MultiHeadAttention(2, decode=True, name="attend")
            if self.is_initializing():
                return attend(jnp.tile(x, (1, 4, 1)))
            return nn.tanh(attend(x))

    return Model()


@composite(floats(2, 8, 6, 3))
def vision_transformer(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Conv(8, (2, 3), strides=(2, 3), padding="VALID", name="patches")(x)
            x = x.reshape(x.shape[0], -1, 8)
            token = self.param("token", nn.initializers.zeros, (1, 1, 8))
            x = jnp.concatenate([jnp.tile(token, (x.shape[0], 1, 1)), x], 1)
            x = nn.MultiHeadDotProductAttention(4, qkv_features=16)(x, x[:, :3])
            return nn.Einsum((8, 2, 3), "btd,dhk->bthk")(x)[:, 0]

    return Model()


@composite(floats(3, 7, 4))
def lstm_classifier(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            first = nn.RNN(nn.OptimizedLSTMCell(6), name="first")(x)
            carry, last = nn.RNN(nn.GRUCell(5), return_carry=True, reverse=True)(first)
            return nn.Dense(2)(carry), last

    return Model()


@composite(floats(3, 7, 4), jnp.array([7, 2, 4]))
def bidirectional_reader(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x, lengths):
            both = nn.Bidirectional(nn.RNN(nn.SimpleCell(4)), nn.RNN(nn.MGUCell(4)))
            x = both(x, seq_lengths=lengths)
            score = nn.Dense(1, use_bias=False)(nn.tanh(nn.Dense(5)(x)))
            mask = (jnp.arange(x.shape[1]) < lengths[:, None])[..., None]
            return (nn.softmax(jnp.where(mask, score, -1e9), axis=1) * x).sum(1)

    return Model()


@composite(floats(2, 4, 5, 6, 2))
def video_predictor(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.RNN(nn.ConvLSTMCell(3, (3, 3)))(x)
            return nn.BatchApply(nn.Conv(2, (1, 1)))(x)

    return Model()


@composite(floats(4, 5))
def ensemble(nn):
    class Member(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dropout(0.3, deterministic=False)(nn.relu(nn.Dense(6)(x)))
            return nn.Dense(2)(x)

    Members = nn.vmap(
        Member,
        variable_axes={"params": 1},
        split_rngs={"params": True, "dropout": True},
        in_axes=None,
        out_axes=-1,
        axis_size=3,
    )

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.log_softmax(Members()(x), axis=1).mean(-1)

    return Model()


@composite(floats(6, 4))
def mixture_of_experts(nn):
    class Expert(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(4)(nn.swish(nn.Dense(7)(x)))

    class Model(nn.Module):
        experts: int = 3

        @nn.compact
        def __call__(self, x):
            weights = nn.softmax(nn.Dense(self.experts, name="router")(x))
            self.sow("intermediates", "load", weights.mean(0))
            each = nn.vmap(
                Expert, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=None,
                axis_size=self.experts,
            )(name="experts")(x)  # fmt: skip
            return jnp.einsum("ne,end->nd", weights, each)

    return Model()


@composite(floats(3, 6))
def tied_autoencoder(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            def transposed(tree):
                return jax.tree.map(lambda kernel: kernel.T, tree)

            layer = nn.Dense(4, use_bias=False, name="code")
            code = nn.tanh(layer(x))
            def decoded(mdl, code):
                return code @ mdl.variables["params"]["kernel"]

            return nn.map_variables(decoded, "params", transposed)(layer, code)

    return Model()


@composite(floats(3, 6))
def variational_autoencoder(nn):
    class Encoder(nn.Module):
        @nn.compact
        def __call__(self, x):
            h = nn.relu(nn.Dense(7)(x))
            return nn.Dense(2, name="mean")(h), nn.Dense(2, name="log_variance")(h)

    class Model(nn.Module):
        def setup(self):
            self.encoder = Encoder()
            self.decoder = nn.Sequential([nn.Dense(5), nn.elu, nn.Dense(6)])

        def __call__(self, x):
            mean, log_variance = self.encoder(x)
            noise = jax.random.normal(self.make_rng("noise"), mean.shape)
            return self.decoder(mean + jnp.exp(log_variance / 2) * noise), mean, log_variance

    return Model()


@composite(floats(5, 4), mutable=("intermediates",))
def normalising_flow(nn):
    class Coupling(nn.Module):
        flip: bool
        net: Any

        def __call__(self, x):
            a, b = jnp.split(x, 2, axis=-1)
            a, b = (b, a) if self.flip else (a, b)
            scale, shift = jnp.split(self.net(a), 2, axis=-1)
            self.sow("intermediates", "log_scale", nn.tanh(scale).sum(-1))
            b = b * jnp.exp(nn.tanh(scale)) + shift
            return jnp.concatenate([b, a] if self.flip else [a, b], -1)

    class Model(nn.Module):
        def setup(self):
            shared = nn.Dense(4, name="shared")
            nets = {"own": nn.Dense(4), "shared": shared}
            self.layers = {
                "first": Coupling(False, nets["own"]),
                "rest": [Coupling(True, shared), Coupling(False, shared)],
            }

        def __call__(self, x):
            x = self.layers["first"](x)
            for layer in self.layers["rest"]:
                x = layer(x)
            return x

    return Model()


@composite(floats(3, 8), mutable=("batch_stats",))
def spectral_discriminator(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.SpectralNorm(nn.Dense(6))(x, update_stats=True)
            x = nn.PReLU()(x)
            x = nn.WeightNorm(nn.Dense(5))(x)
            return nn.SpectralNorm(nn.Dense(1), n_steps=2)(nn.leaky_relu(x, 0.2), update_stats=True)

    return Model()


@composite(floats(3, 2))
def euler_flow(nn):
    class Field(nn.Module):
        @nn.compact
        def __call__(self, y, time):
            time = jnp.broadcast_to(time, (*y.shape[:-1], 1))
            return nn.Dense(2)(nn.tanh(nn.Dense(6)(jnp.concatenate([y, time], -1))))

    class Model(nn.Module):
        @nn.compact
        def __call__(self, y):
            def step(field, y, time):
                return y + 0.1 * field(y, time), y

            run = nn.scan(step, variable_broadcast="params", split_rngs={"params": False})
            return run(Field(name="field"), y, jnp.linspace(0.0, 1.0, 5))

    return Model()


@composite(floats(3, 4), jnp.int32(1))
def multi_task(nn):
    class Heads(nn.Module):
        def setup(self):
            self.heads = [nn.Dense(2, name=name) for name in ("a", "b", "c")]

        def only(self, number, x):
            return self.heads[number](x)

        def every(self, x):
            return [head(x) for head in self.heads]

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x, task):
            x = nn.relu(nn.Dense(5, name="trunk")(x))
            y = nn.cond(task > 0, lambda mdl, x: nn.tanh(x), lambda mdl, x: -x, self, x)
            heads = Heads()
            if self.is_initializing():
                heads.every(y)
            return nn.switch(task, [lambda heads, y, n=n: heads.only(n, y) for n in range(3)], heads, y)

    return Model()


@composite(floats(3, 4))
def straight_through(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            def quantised(mdl, x):
                return jnp.round(mdl(x) * 4) / 4

            def forward(mdl, x):
                y, pullback = nn.vjp(lambda mdl, x: mdl(x), mdl, x)
                return jnp.round(y * 4) / 4, pullback

            def backward(pullback, cotangent):
                return pullback(cotangent)

            rounded = nn.custom_vjp(quantised, forward, backward)
            return nn.Dense(2)(rounded(nn.Dense(5, name="inner"), x))

    return Model()


@composite(floats(3, 5, 4))
def mlp_mixer(nn):
    class Mixer(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = nn.Dense(x.shape[1])(nn.LayerNorm()(x).swapaxes(1, 2)).swapaxes(1, 2)
            x = x + y
            return x + nn.DenseGeneral((2, 2), axis=-1)(nn.LayerNorm()(x)).reshape(x.shape)

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.remat_scan(Mixer, lengths=(2, 2))(name="mixers")(x)

    return Model()


@composite(floats(3, 4))
def low_rank_adaptation(nn):
    class Adapted(nn.Module):
        base: Any

        def setup(self):
            nn.share_scope(self, self.base)

        @nn.compact
        def __call__(self, x):
            down = self.param("down", nn.initializers.normal(), (x.shape[-1], 2))
            up = self.param("up", nn.initializers.normal(), (2, self.base.features))
            return self.base(x) + x @ down @ up

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Adapted(nn.Dense(4))(nn.jit(nn.Dense)(4)(x)) + Adapted(nn.Dense(4))(x)

    return Model()
