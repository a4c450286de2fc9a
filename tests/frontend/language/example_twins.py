"""The Modules of `examples/*.lift` in Python."""

import jax
import jax.numpy as jnp

import stablelift as nn


class MLP(nn.Module):
    hidden: tuple = (32, 16)
    outputs: int = 3
    activation: object = nn.gelu
    dropout: float = 0.0

    @nn.compact
    def __call__(self, x, train=False):
        for width in self.hidden:
            x = self.activation(nn.Dense(width)(x))
            if self.dropout > 0:
                x = nn.Dropout(self.dropout)(x, deterministic=not train)
        return nn.Dense(self.outputs)(x)


class ResNetBlock(nn.Module):
    filters: int
    stride: int = 1

    @nn.compact
    def __call__(self, x, train=False):
        first, second = (nn.BatchNorm(not train, momentum=0.9, name=name) for name in ("first", "second"))
        y = nn.Conv(self.filters, (3, 3), self.stride, use_bias=False)(x)
        y = nn.relu(first(y))
        y = second(nn.Conv(self.filters, (3, 3), use_bias=False)(y))
        if self.stride > 1 or x.shape[-1] != self.filters:
            x = nn.Conv(self.filters, (1, 1), self.stride, use_bias=False, name="project")(x)
        return nn.relu(x + y)


class ResNet(nn.Module):
    stages: tuple = (1, 2)
    filters: int = 4
    classes: int = 10

    @nn.compact
    def __call__(self, pictures, train=False):
        x = nn.Conv(self.filters, (3, 3))(pictures)
        for stage, blocks in enumerate(self.stages):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                x = ResNetBlock(self.filters * 2**stage, stride)(x, train=train)
        return nn.Dense(self.classes)(jnp.mean(x, axis=(1, 2)))


class Block(nn.Module):
    heads: int = 2
    expansion: int = 4

    @nn.compact
    def __call__(self, x, mask):
        d = x.shape[-1]
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(self.heads)(y, mask=mask)
        y = nn.Dense(self.expansion * d)(nn.LayerNorm()(x))
        return x + nn.Dense(d)(nn.gelu(y)), ()


Deep = nn.scan(
    nn.remat(Block, prevent_cse=False, policy=jax.checkpoint_policies.dots_saveable),
    variable_axes={"params": 0},
    split_rngs={"params": True},
    in_axes=nn.broadcast,
    length=3,
)


class Transformer(nn.Module):
    vocabulary: int = 11
    width: int = 8
    context: int = 16

    @nn.compact
    def __call__(self, tokens):
        t = tokens.shape[1]
        shape = (self.context, self.width)
        positions = self.param("positions", nn.initializers.normal(stddev=0.02), shape)
        x = nn.Embed(self.vocabulary, self.width)(tokens) + positions[:t]
        x, _ = Deep(name="layers")(x, jnp.tril(jnp.ones((t, t), bool)))
        return nn.Dense(self.vocabulary, use_bias=False)(nn.LayerNorm()(x))


class Cell(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        c, h = carry
        d = c.shape[-1]
        gates = nn.Dense(4 * d, name="input")(x) + nn.Dense(4 * d, use_bias=False, name="recurrent")(h)
        i, f, g, o = jnp.split(gates, 4, axis=-1)
        c = nn.sigmoid(f + 1) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (c, h), h


Recurrent = nn.scan(Cell, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)


class LanguageModel(nn.Module):
    vocabulary: int = 7
    width: int = 6

    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(self.vocabulary, self.width)(tokens)
        start = jnp.zeros((len(tokens), self.width))
        _, hidden = Recurrent()((start, start), x)
        return nn.Dense(self.vocabulary)(hidden)


Members = nn.vmap(
    MLP,
    variable_axes={"params": 0},
    split_rngs={"params": True, "dropout": True},
    in_axes=None,
    axis_size=5,
)


class Ensemble(nn.Module):
    outputs: int = 3

    @nn.compact
    def __call__(self, x):
        members = nn.softmax(Members(outputs=self.outputs)(x))
        return jnp.mean(members, axis=0), jnp.mean(jnp.var(members, axis=0), axis=-1)


@jax.custom_vjp
def straight_through(x, step):
    return jnp.round(x / step) * step


straight_through.defvjp(
    lambda x, step: (straight_through(x, step), step), lambda step, ct: (ct, jnp.zeros_like(step))
)


@jax.custom_vjp
def clip_gradient(x):
    return x


def clip_backward(_, ct):
    norm = jnp.sqrt(jnp.sum(ct * ct) + 1e-12)
    return (ct * jnp.minimum(1, 1 / norm),)


clip_gradient.defvjp(lambda x: (x, ()), clip_backward)


class Quantised(nn.Module):
    features: int = 4
    step: float = 0.125

    @nn.compact
    def __call__(self, x):
        shape = (x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        return clip_gradient(x) @ straight_through(kernel, self.step)


class Heat(nn.Module):
    width: int = 16
    conductivity: float = 0.1

    def setup(self):
        self.first = nn.Dense(self.width)
        self.second = nn.Dense(self.width)
        self.last = nn.Dense(1)

    def u(self, x, t):
        h = jnp.tanh(self.first(jnp.stack((x, t))))
        return self.last(jnp.tanh(self.second(h))).squeeze(0)

    def residual(self, x, t):
        u = lambda module, x, t: module.u(x, t)  # noqa: E731
        u_x = lambda module, x, t: nn.grad(u, module, x, t)[0]  # noqa: E731
        return nn.grad(u, self, x, t)[1] - self.conductivity * nn.grad(u_x, self, x, t)[0]

    def __call__(self, x, t):
        def mapped(method):
            lifted = nn.vmap(method, variable_axes={True: None}, split_rngs={True: False})
            return lifted(self, x, t)

        return mapped(lambda module, x, t: module.u(x, t)), mapped(lambda module, x, t: module.residual(x, t))


class Encoder(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        carry, ahead = nn.RNN(nn.GRUCell(self.width), return_carry=True)(x)
        back = nn.RNN(nn.GRUCell(self.width), reverse=True, keep_order=True)(x)
        return carry, jnp.concatenate((ahead, back), axis=-1)


class DecoderStep(nn.Module):
    width: int

    @nn.compact
    def __call__(self, carry, x, memory, mask):
        keys = nn.Dense(self.width, name="keys")(memory)
        query = nn.Dense(self.width, use_bias=False, name="query")(carry)
        scores = nn.Dense(1, name="score")(jnp.tanh(keys + query[:, None]))[..., 0]
        weights = nn.softmax(jnp.where(mask, scores, -jnp.inf))
        self.sow("intermediates", "attention", weights)
        context = jnp.einsum("bs,bsm->bm", weights, memory)
        carry, h = nn.GRUCell(self.width)(carry, jnp.concatenate((x, context), axis=-1))
        return carry, nn.Dense(x.shape[-1])(h)


class Seq2Seq(nn.Module):
    vocabulary: int = 7
    width: int = 6
    embedded: int = 4

    def setup(self):
        self.table = nn.Embed(self.vocabulary, self.embedded)
        self.encoder = Encoder(self.width)
        self.decoder = nn.scan(
            DecoderStep,
            variable_axes={"intermediates": 0},
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=(1, nn.broadcast, nn.broadcast),
            out_axes=1,
        )(self.width)

    def __call__(self, source, target):
        carry, memory = self.encoder(self.table(source))
        _, decoded = self.decoder(carry, self.table(target), memory, source > 0)
        return self.table.attend(decoded)
