"""What the checker infers of an expression is what JAX makes of it, dtype and shape."""

import jax.numpy as jnp
import pytest

from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import Source
from stablelift.frontend.language.expressions import Expressions
from stablelift.frontend.language.parse import parse
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import Rest, substitute
from stablelift.frontend.language.values import Array, Several, Static, dtype_fits

from .test_constructs import KEY, namespace

SIZES = {"a": 2, "b": 3, "c": 4, "r": (3, 2)}
HEAD = "x: f32[a, b, c], y: f32[c, a], z: f32[*r, c], w: f32[2 * a, b], i: i32[b], p: bool[b]"
NAMES = {
    "x": Array("f32", ("a", "b", "c")),
    "y": Array("f32", ("c", "a")),
    "z": Array("f32", (Rest("r"), "c")),
    "i": Array("i32", ("b",)),
    "p": Array("bool", ("b",)),
    **{name: Static("int", size=name) for name in "abc"},
}
ARRAYS = (
    jnp.ones((2, 3, 4)),
    jnp.ones((4, 2)),
    jnp.ones((3, 2, 4)),
    jnp.ones((4, 3)),
    jnp.arange(3),
    jnp.arange(3) > 1,
)

KNOWN = """
x @ y
z @ y
x[0] @ y
x + y[:, 0]
x == 1
where(p[:, none], x, 0)
sum(x, axis=(0, -1))
mean(x, axis=1, keepdims=true)
argmax(x, axis=-1)
all(x > 0)
softmax(z)
reshape(x, (a * b, c))
reshape(x, (-1, c))
reshape(x, (b, -1))
reshape(z, (*r, 2, -1))
reshape(z, (-1, c))
ravel(z)
transpose(x)
transpose(x, (2, 0, 1))
transpose(y)
swapaxes(x, 0, -1)
moveaxis(x, 0, -1)
moveaxis(x, (0, 1), (2, 0))
expand_dims(x, 1)
expand_dims(z, -1)
squeeze(x[:, :1], axis=1)
concatenate((x, x), axis=1)
concatenate((z, z), axis=-1)
stack((x, x), axis=-1)
split(x, 2, axis=2)
split(x, (1, 3), axis=2)
repeat(x, 3, axis=1)
tile(y, (2, 3))
tile(y, 2)
pad(x, 1)
pad(y, ((1, 2), (0, 3)))
take(x, i, axis=1)
glu(x)
outer(i * 1.0, y[:, 0])
vdot(y, y)
einsum("abc,ca->b", x, y)
einsum("...c,cd->...d", z, y)
einsum("abc->cab", x)
einsum("abc", x)
broadcast_to(y, (3, c, a))
zeros((a, 2 * b))
full((a,), 3, i32)
eye(c)
arange(c)
linspace(0, 1, 7)
one_hot(i, c)
argsort(x, axis=0)
cumsum(x, axis=0)
top_k(x, 2)
logsumexp(x, axis=0)
clip(x, 0, 1)
logical_not(p)
x[0, :, none, ..., 1]
x[:, i]
x[..., 1:]
x[-1]
z[..., 0]
-x
round(x)
maximum(x, 0)
avg_pool(x[..., none], (2, 2), (1, 2))
max_pool(x, (2,), padding="SAME")
dot_product_attention(x[:, :, none], x[:, :, none], x[:, :, none])
(x, (y, i))
[sum(x) for k in range(3)]
x if a > 1 else x
astype(x, i32)
array((1.0, 2.0, 3.0))
array(((a, b), (3, 4), (i[0], 2)), dtype=f32)
average(x, axis=1, weights=i)
vector_norm(x, axis=-1, keepdims=true)
nanargmax(x, axis=0)
xlogy(x, y[:, 0])
unstack(x, axis=1)
unstack(y[:2])
meshgrid(y[0], y[:, 0])
meshgrid(y[0], y[:, 0], indexing="ij")
dynamic_slice(x, (0, i[0], 0), (1, b, 2))
dynamic_update_slice(x, x[:1], (0, 0, 0))
dynamic_update_index_in_dim(x, x[0], 1, 0)
segment_sum(y, array((0, 1, 0, 1)), num_segments=5)
fft2(x)
fft(y, axis=0)
inv(x[0, :3, :3])
qr(y)
slogdet(x[0, :, :3])
checkpoint_name(x, "h")
split_key(key(0), b)
split_key(key(0))
fold_in(key(0), 3)
randint(key(0), (a,), 0, 9)
binomial(key(1), 5, 0.5, (b,))
lognormal(key(1), shape=(b, 2))
x * pi + inf
"""


WORDS = {"float32": "f32", "int32": "i32", "bool": "bool", "complex64": "c64", "key<fry>": "key"}


def agrees(inferred, found) -> None:
    """What is known of the value must hold of the array, or of the items of the tuple."""
    if isinstance(inferred, Several):
        items = (inferred.item,) * len(found) if inferred.items is None else inferred.items
        assert len(items) == len(found)
        for one, other in zip(items, found, strict=True):
            agrees(one, other)
    elif isinstance(inferred, Array):
        word = WORDS[str(found.dtype)]
        assert dtype_fits(inferred.dtype, word), (inferred, found.dtype)
        if inferred.shape is not None:
            shape = substitute(inferred.shape, SIZES)
            assert shape is not None and len(shape) == found.ndim, (inferred, found.shape)
            assert all(one in (None, other) for one, other in zip(shape, found.shape, strict=True)), inferred


def infer(text: str):
    (fn,) = parse(f"fn f({HEAD})\n  return {text}\n", "m.lift").declarations
    report = Report(Source.of(text, "m.lift"))
    value = Expressions(report, dict(NAMES), {"r"}).infer(fn.body[0].value)
    assert not report.diagnostics
    return value


@pytest.mark.parametrize("text", [line for line in KNOWN.splitlines() if line])
def test_an_expression(text):
    inferred = infer(text)
    whole = f"fn f({HEAD})\n  v = {text}\n  return v, 0\n"
    check(parse(whole, "m.lift"), Source.of(whole, "m.lift"))
    found, _ = namespace(whole).f(*ARRAYS)
    agrees(inferred, found)
    if isinstance(inferred, Array) and not text.startswith("split(x, (1"):
        assert inferred.shape is not None, "nothing is known of the shape"


LAYERS = """
Dense(5)(x)
Dense(5)(z)
DenseGeneral((2, 5), axis=(-2, -1))(x)
LayerNorm()(x)
Embed(9, 5)(i)
Conv(5, (3,))(x)
Conv(5, (2,), padding="VALID")(x)
Conv(5, (3,), 2)(x)
ConvTranspose(5, (2,))(x)
BatchNorm(use_running_average=false)(x)
MultiHeadDotProductAttention(2)(x)
SelfAttention(2, out_features=6)(x)
GRUCell(4)(zeros((2, 4)), x[:, 1])
LSTMCell(4)((x[:, 0], x[:, 1]), x[:, 2])
RNN(GRUCell(4))(x)
Dropout(0.5, deterministic=true)(x)
PReLU()(x)
Sequential((Dense(3), Dense(4)))(x)
WeightNorm(Dense(3))(x)
Bidirectional(RNN(LSTMCell(4)), RNN(GRUCell(4)))(x)
ConvLocal(3, (2,))(x)
InstanceNorm()(x)
GroupNorm(num_groups=2)(x)
RMSNorm()(x)
"""


@pytest.mark.parametrize("text", [line for line in LAYERS.splitlines() if line])
def test_a_layer(text):
    whole = f"module M\n  call({HEAD})\n    v = {text}\n    return v, 0\n"
    check(parse(whole, "m.lift"), Source.of(whole, "m.lift"))
    (module,) = parse(whole, "m.lift").declarations
    scope = Expressions(Report(Source.of(whole, "m.lift")), dict(NAMES), {"r"}, module)
    inferred = scope.infer(module.methods[0].body[0].value)
    assert not scope.report.diagnostics
    (found, _), _ = namespace(whole).M().init_with_output({"params": KEY, "dropout": KEY}, *ARRAYS)
    agrees(inferred, found)
