"""The functions of `nn.fp8_ops`, and `fm32`, whose gradients are joined by their maximum, beside Linen's."""

import inspect
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift import fp8_ops, functional

from ..parity import assert_same_tree
from .cases.table import floats

theirs = pytest.importorskip("flax.linen.fp8_ops")

F32, E4M3, E5M2 = jnp.dtype("float32"), jnp.float8_e4m3fn, jnp.float8_e5m2
SCALE, HISTORY = jnp.array([0.5]), jnp.array([0.0, 1.0, 3.0])
X = floats(3, 5) * 40
NAMES = sorted(
    name
    for name, value in vars(theirs).items()
    if inspect.isfunction(inspect.unwrap(value)) and value.__module__ == theirs.__name__ and name[0] != "_"
)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_linens(name):
    expected, found = (
        [(p.name, p.kind, p.default) for p in inspect.signature(getattr(ops, name)).parameters.values()]
        for ops in (theirs, fp8_ops)
    )
    assert expected == found


CALLS = {
    "quantize": lambda ops: ops.quantize(X, E4M3, SCALE / 20, jnp.float32).astype(jnp.float32),
    "dequantize": lambda ops: ops.dequantize(X.astype(E5M2), jnp.bfloat16, SCALE),
    "qdq": lambda ops: ops.qdq(X, jnp.float8_e4m3fnuz, SCALE, jnp.bfloat16),
    "compute_scale": lambda ops: [
        ops.compute_scale(jnp.array([0.0, 3.0, jnp.inf, jnp.nan]), SCALE, 448.0, margin) for margin in (0, 2)
    ],
    "compute_amax_history": lambda ops: ops.compute_amax_history(X, HISTORY),
    "update_fp8_meta": lambda ops: ops.update_fp8_meta(X, E5M2, SCALE, HISTORY),
    "quantize_dequantize_update": lambda ops: ops.quantize_dequantize_update(X, E4M3, SCALE, HISTORY, F32),
    "in_q": lambda ops: [x.astype(F32) for x in ops.in_q(F32, E4M3, X, SCALE, HISTORY)],
    "out_dq": lambda ops: ops.out_dq(dq_type=F32, lhs_scale=SCALE, rhs_scale=SCALE, out=X),
    "get_fp8_max": lambda ops: [ops.get_fp8_max(q, jnp.bfloat16) for q in (E4M3, E5M2)],
    "zero": lambda ops: ops.Fp8MetaTyRules.zero(ops.fp8_meta_dtype_wrapper(jnp.float8_e4m3fn)).dtype.name,
}


@pytest.mark.parametrize("name", CALLS)
def test_values_are_linens_bit_for_bit(name):
    expected, found = CALLS[name](theirs), CALLS[name](fp8_ops)
    assert_same_tree(*(jax.tree.map(_comparable, each) for each in (expected, found)))


def _comparable(x):
    return x.astype(jnp.float32) if getattr(x, "dtype", None) == jnp.bfloat16 else np.asarray(x)


@pytest.mark.parametrize(
    ("dimensions", "shapes"),
    [
        ((((1,), (0,)), ((), ())), ((2, 3), (3, 4))),
        ((((3, 1), (1, 2)), ((0,), (3,))), ((2, 3, 5, 4), (7, 4, 3, 2))),
        ((((0,), (2,)), ((2, 1), (0, 1))), ((3, 5, 4), (4, 5, 3, 2))),
    ],
)
def test_transposes_are_those_of_dot_general(dimensions, shapes):
    x, y = (floats(*shape) for shape in shapes)
    product, pullback = jax.vjp(lambda x, y: jax.lax.dot_general(x, y, dimensions), x, y)
    g = floats(*product.shape, seed=1)
    settings = {"dimension_numbers": dimensions, "precision": None, "preferred_element_type": None}
    transposes = fp8_ops.dot_general_transpose_lhs, fp8_ops.dot_general_transpose_rhs
    for transpose, expected in zip(transposes, pullback(g), strict=True):
        np.testing.assert_allclose(transpose(g, x, y, **settings), expected, rtol=1e-5, atol=1e-5)


def test_a_product_has_exact_derivatives():
    x, y = floats(2, 3), floats(3, 4)
    dimensions = (((1,), (0,)), ((), ()))
    for ops in (theirs, fp8_ops):
        with pytest.warns(UserWarning, match="preferred_element_type"):
            ops.dot_general_with_precision(x, y, dimensions, preferred_element_type=F32)
    found = jax.make_jaxpr(jax.grad(lambda x: fp8_ops.dot_general_with_precision(x, y, dimensions).sum()))(x)
    assert found.out_avals[0].shape == x.shape
    grad = functional.grad(lambda x: fp8_ops.dot_general_with_precision(x, y, dimensions).sum())
    np.testing.assert_allclose(grad(x), jnp.ones((2, 4)) @ y.T, rtol=1e-6)
    text = functional.jit(grad).lower(x).as_text()
    assert "precision = [HIGHEST, HIGHEST]" in text


def test_a_precision_that_is_not_heeded_is_told():
    scaled = {f"{which}_scale": SCALE for which in ("lhs", "rhs", "grad")}
    scaled |= {f"{which}_amax_history": HISTORY for which in ("lhs", "rhs", "grad")}
    with pytest.warns(UserWarning, match="`precision` is not heeded"):
        fp8_ops.fp8_scaled_dot_general(
            X, X.T, (((1,), (0,)), ((), ())), precision="highest", preferred_element_type=F32, **scaled
        )


def test_other_types_than_eight_bit_floats_are_refused():
    with pytest.raises(stablelift.errors.LayerArgumentError) as caught:
        fp8_ops.get_fp8_max(jnp.float16, jnp.float32)
    what = (
        r"(\S+: )?error: expected one of float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz, "
        r"found float16\n  hint: give `e4m3_dtype` and `e5m2_dtype` one of these types"
    )
    assert re.fullmatch(what, str(caught.value))


# fm32: what several uses make of a scale is joined by the maximum


class OfJax:
    """What `functional` offers, by JAX."""

    scan, fori_loop, cond, checkpoint = jax.lax.scan, jax.lax.fori_loop, jax.lax.cond, jax.checkpoint
    jit = jax.jit


def marked(ops, *arrays):
    return [jax.lax.convert_element_type(array, ops.fm32) for array in arrays]


def rounded(ops, x, *meta):
    return ops.in_qdq(F32, E4M3, x, *meta)


def constants_of_a_loop(ops, lib, x, *meta):
    meta = marked(ops, *meta)

    def body(x, _):
        return rounded(ops, rounded(ops, x, *meta) * 0.7, *meta), None

    return lib.scan(body, x, None, length=3)[0]


def carried(ops, lib, x, *meta):
    def body(carry, _):
        x, meta = carry
        return (rounded(ops, x, *meta) * 0.7, meta), None

    return lib.scan(body, (x, marked(ops, *meta)), None, length=3)[0][0]


def sliced(ops, lib, x, scale, history):
    def body(x, meta):
        return rounded(ops, rounded(ops, x, *meta) * 0.7, *meta), None

    return lib.scan(body, x, marked(ops, jnp.stack([scale, 2 * scale]), jnp.stack([history] * 2)))[0]


def counted(ops, lib, x, *meta):
    meta = marked(ops, *meta)
    return lib.fori_loop(0, 4, lambda _, x: rounded(ops, x, *meta) * 0.7, x)


def branching(ops, lib, x, *meta):
    meta = marked(ops, *meta)
    twice = lambda x, *meta: rounded(ops, rounded(ops, x, *meta) * 0.5, *meta)  # noqa: E731
    y = lib.cond(x.sum() > -1e9, twice, lambda x, *_: x, x, *meta)
    return rounded(ops, y * 3, *meta)


def checkpointed(ops, lib, x, *meta):
    meta = marked(ops, *meta)
    layer = lib.checkpoint(lambda x, *meta: jnp.sin(rounded(ops, rounded(ops, x, *meta) * 0.5, *meta)))
    return layer(layer(x, *meta), *meta)


def called(ops, lib, x, *meta):
    meta = marked(ops, *meta)
    layer = lib.jit(lambda x, *meta: jnp.sin(rounded(ops, rounded(ops, x, *meta) * 0.5, *meta)))
    return layer(layer(x, *meta), *meta)


def multiplied(ops, lib, x, scale, history):
    scale, history = marked(ops, scale, history)
    meta = {f"{which}_scale": scale for which in ("lhs", "rhs", "grad")}
    meta |= {f"{which}_amax_history": history for which in ("lhs", "rhs", "grad")}

    def body(x, _):
        dimensions = (((1,), (0,)), ((), ()))
        return ops.fp8_scaled_dot_general(x, x.T @ x, dimensions, None, F32, **meta), None

    return lib.scan(body, x / 40, None, length=2)[0]


def marked_twice(ops, lib, x, *meta):
    """Each of the two is another number: their gradients are added where they come from."""
    return rounded(ops, x, *marked(ops, *meta)) + rounded(ops, x * 2, *marked(ops, *meta))


def returned_twice(ops, lib, x, scale, history):
    scale, history = marked(ops, scale, history)
    twice = lambda scale: (scale, scale)  # noqa: E731
    first, second = lib.cond(x.sum() > -1e9, twice, twice, scale)
    y, *scales = lib.checkpoint(lambda x, scale: (jnp.sin(x), scale, scale))(x, first)
    pairs = (y, scales[0]), (y * 3, scales[1]), (x, second)
    return sum(rounded(ops, x, scale, history) for x, scale in pairs)


def returned_by_steps(ops, lib, x, scale, history):
    scale, history = marked(ops, scale, history)
    _, scales = lib.scan(lambda carry, _: (carry, carry), scale, None, length=3)
    return lib.scan(lambda x, scale: (rounded(ops, x, scale, history) * 1.5, None), x, scales)[0]


USES = (
    constants_of_a_loop,
    carried,
    sliced,
    counted,
    branching,
    checkpointed,
    called,
    multiplied,
    marked_twice,
    returned_twice,
    returned_by_steps,
)


@pytest.mark.parametrize("use", USES)
def test_gradients_are_joined_by_their_maximum(use):
    def gradients(grad, ops, lib):
        return jax.jit(grad(lambda *args: use(ops, lib, *args).sum(), (0, 1, 2)))(X, SCALE, HISTORY)

    expected = gradients(jax.grad, theirs, OfJax)
    for grad in (jax.grad, functional.grad):
        for lib in (OfJax, functional):
            assert_same_tree(expected, gradients(grad, fp8_ops, lib), close=True)
    # and so are those of Linen's own functions, where our passes differentiate them
    assert_same_tree(expected, gradients(functional.grad, theirs, functional), close=True)


@pytest.mark.parametrize("use", [constants_of_a_loop, carried])
def test_gradients_are_joined_so_op_by_op(use):
    def gradients(ops, lib):
        return jax.grad(lambda *args: use(ops, lib, *args).sum(), (0, 1, 2))(X, SCALE, HISTORY)

    assert_same_tree(gradients(theirs, OfJax), gradients(fp8_ops, functional), close=True)


def test_the_examples_of_a_map_are_joined_by_their_maximum():
    """JAX has no sum of such cotangents here."""

    def loss(vmap, x, *meta):
        meta = marked(fp8_ops, *meta)
        return vmap(lambda row: rounded(fp8_ops, row, *meta))(x).sum()

    expected = HISTORY.at[:].set([jnp.abs(X).max(), 3.0, 0.0]), jnp.max(HISTORY)[None] / 448
    for grad, vmap in ((jax.grad, jax.vmap), (functional.grad, functional.vmap)):
        scale, history = grad(lambda *args, vmap=vmap: loss(vmap, *args), (1, 2))(X, SCALE, HISTORY)
        np.testing.assert_allclose(history, expected[0])
        np.testing.assert_allclose(scale, expected[1], rtol=1e-6)


def test_numbers_that_are_read_again_are_joined_with_the_others():
    def loss(scale, history):
        meta = marked(fp8_ops, scale, history)
        read = jax.lax.convert_element_type(meta[0], F32)
        return (rounded(fp8_ops, X, *meta)).sum() + 9.0 * read.sum() + 7.0 * read.sum()

    scale, _ = functional.grad(loss, (0, 1))(SCALE, HISTORY)
    np.testing.assert_allclose(scale, [16.0])  # one reading: its cotangents are plain numbers, and added
