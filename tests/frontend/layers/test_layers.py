"""What layers promise beyond Linen's numbers: identities of the mathematics, axis names, boxes, streams."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn

from ..parity import KEY, assert_parity
from .cases.table import IMAGES, X, floats, integers


def test_a_transposed_convolution_is_the_transposition_of_a_convolution():
    kernel = floats(3, 2, 4, 5)
    settings = {"kernel_size": (3, 2), "strides": (2, 3), "use_bias": False}
    forward = nn.Conv(5, padding="SAME", **settings)
    backward = nn.ConvTranspose(4, padding="SAME", transpose_kernel=True, **settings)
    x = floats(2, 8, 9, 4)
    y = forward.apply({"params": {"kernel": kernel}}, x)
    ct = floats(*y.shape)
    back = backward.apply({"params": {"kernel": kernel}}, ct)
    assert back.shape == x.shape
    np.testing.assert_allclose(jnp.vdot(y, ct), jnp.vdot(x, back), rtol=1e-5)


def test_a_causal_convolution_sees_no_later_input():
    layer = nn.Conv(5, (3,), padding="CAUSAL", kernel_dilation=2)
    x = floats(2, 7, 4)
    variables = layer.init(KEY, x)
    before = layer.apply(variables, x)
    np.testing.assert_array_equal(layer.apply(variables, x.at[:, 4].add(1.0))[:, :4], before[:, :4])


@pytest.mark.parametrize("layer", ["Conv", "ConvTranspose"])
def test_circular_padding_commutes_with_rotation(layer):
    made = getattr(nn, layer)(3, (3,), padding="CIRCULAR")
    x = floats(2, 7, 4)
    variables = made.init(KEY, x)
    rotated = made.apply(variables, jnp.roll(x, 2, axis=1))
    expected = jnp.roll(made.apply(variables, x), 2, axis=1)
    np.testing.assert_allclose(rotated, expected, rtol=1e-5, atol=1e-6)


def test_a_local_convolution_with_equal_weights_is_a_convolution():
    local = nn.ConvLocal(5, (3,), padding="VALID", use_bias=False)
    kernel = floats(3, 4, 5)
    x = floats(2, 7, 4)
    # The window's channels are outermost in the kernel of each position.
    windows = jnp.broadcast_to(jnp.moveaxis(kernel, 1, 0).reshape(12, 5), (5, 12, 5))
    found = local.apply({"params": {"kernel": windows}}, x)
    expected = nn.Conv(5, (3,), padding="VALID", use_bias=False).apply({"params": {"kernel": kernel}}, x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_dropout_keeps_the_mean_and_drops_the_rate():
    y = nn.Dropout(0.25, deterministic=False).apply({}, jnp.ones((50, 80)), rngs={"dropout": KEY})
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs(float(jnp.mean(y == 0)) - 0.25) < 0.03


def test_running_averages_approach_the_moments():
    layer = nn.BatchNorm(use_running_average=False, momentum=0.5)
    x = floats(6, 5, 4) * 3 + 2
    variables = layer.init(KEY, x)
    for _ in range(30):
        _, updated = layer.apply(variables, x, mutable=["batch_stats"])
        variables = {**variables, **updated}
    np.testing.assert_allclose(variables["batch_stats"]["mean"], x.mean((0, 1)), rtol=1e-4)
    np.testing.assert_allclose(variables["batch_stats"]["var"], x.var((0, 1)), rtol=1e-4)


def norms_over_an_axis_name(nn):
    results = []
    for layer in (nn.LayerNorm(axis_name="devices"), nn.RMSNorm(axis_name="devices")):
        run = jax.vmap(lambda x, layer=layer: layer.init_with_output(KEY, x)[0], axis_name="devices")
        results.append(run(X))
    layer = nn.BatchNorm(use_running_average=False, axis_name="devices", use_fast_variance=False)
    variables = layer.init(KEY, X[0])  # outside of the axis: init exchanges nothing
    results.append(
        jax.vmap(lambda x: layer.apply(variables, x, mutable=["batch_stats"]), axis_name="devices")(X)
    )
    return results


def test_moments_are_shared_over_an_axis_name():
    found = assert_parity(norms_over_an_axis_name)
    whole = nn.BatchNorm(use_running_average=False).init_with_output(KEY, X)[0]
    np.testing.assert_allclose(found[2][0], whole, rtol=1e-4, atol=1e-5)


def test_moments_are_shared_over_the_axis_of_our_own_vmap():
    class Synchronised(nn.Module):
        @nn.compact
        def __call__(self, x):
            norm = nn.vmap(
                nn.BatchNorm,
                variable_axes={"params": None, "batch_stats": None},
                split_rngs={"params": False},
                axis_name="devices",
            )
            return norm(use_running_average=False, axis_name="devices")(x)

    model = Synchronised()
    variables = model.init(KEY, X)
    y, updated = model.apply(variables, X, mutable=["batch_stats"])
    whole = nn.BatchNorm(use_running_average=False)
    expected, moments = whole.apply(whole.init(KEY, X), X, mutable=["batch_stats"])
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    mean = updated["batch_stats"]["VmapBatchNorm_0"]["mean"]
    np.testing.assert_allclose(mean, moments["batch_stats"]["mean"], rtol=1e-5, atol=1e-7)


class Named(nn.meta.AxisMetadata):
    """A box that names axes."""

    def __init__(self, value, names):
        self.value, self.names = value, names

    def unbox(self):
        return self.value

    def replace_boxed(self, val):
        return Named(val, self.names)

    def add_axis(self, index, params):
        return self

    def remove_axis(self, index, params):
        return self


jax.tree_util.register_pytree_node(
    Named, lambda box: ((box.value,), box.names), lambda names, values: Named(*values, names)
)


def test_general_dense_layers_keep_boxes_around_reshaped_kernels():
    def boxed(key, shape, dtype):
        return Named(nn.initializers.lecun_normal()(key, shape, dtype), ("in", "heads", "depth"))

    layer = nn.DenseGeneral((5, 6), kernel_init=boxed)
    value, variables = layer.init_with_output(KEY, X)
    assert variables["params"]["kernel"].names == ("in", "heads", "depth")
    assert variables["params"]["kernel"].value.shape == (4, 5, 6)
    np.testing.assert_array_equal(layer.apply(variables, X), value)


@pytest.mark.parametrize("norm", ["SpectralNorm", "WeightNorm"])
def test_norms_of_parameters_keep_their_boxes(norm):
    def boxed(key, shape, dtype):
        return Named(nn.initializers.lecun_normal()(key, shape, dtype), ("in", "out"))

    call = {"update_stats": True} if norm == "SpectralNorm" else {}
    results = []
    for kernel_init in (boxed, nn.initializers.lecun_normal()):
        layer = getattr(nn, norm)(nn.Dense(5, kernel_init=kernel_init))
        results.append(layer.init_with_output(KEY, X, **call))
    (value, variables), (expected, _) = results
    assert variables["params"]["layer_instance"]["kernel"].names == ("in", "out")
    np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("norm", ["SpectralNorm", "WeightNorm"])
def test_a_layer_under_a_norm_of_parameters_keeps_its_other_collections(norm):
    """Linen's WeightNorm makes them immutable."""

    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x):
            self.sow("intermediates", "input", x)
            return nn.BatchNorm(use_running_average=False)(nn.Dense(5)(x))

    call = {"update_stats": True} if norm == "SpectralNorm" else {}
    layer = getattr(nn, norm)(Inner())
    variables = layer.init(KEY, X, **call)
    _, updated = layer.apply(variables, X, mutable=["batch_stats", "intermediates"], **call)
    before, after = (xs["batch_stats"]["layer_instance"]["BatchNorm_0"] for xs in (variables, updated))
    assert not np.array_equal(before["mean"], after["mean"])
    assert updated["intermediates"]["layer_instance"]["input"][0].shape == X.shape


def test_tokens_decode_in_double_precision_too():
    with jax.enable_x64(True):
        layer = nn.SelfAttention(2, decode=True)
        x = floats(2, 3, 4, dtype=np.float64)
        variables = layer.init(KEY, x)
        y, updated = layer.apply(variables, x[:, :1], mutable=["cache"])
    assert y.dtype == np.float64 and updated["cache"]["cache_index"].dtype == np.int32


def test_a_general_dense_layer_may_have_no_features_at_all():
    """Linen fails here: it takes the last zero axes of a shape for all of them."""
    layer = nn.DenseGeneral((), axis=(1, 2))
    y, variables = layer.init_with_output(KEY, X)
    assert y.shape == (2,) and variables["params"]["kernel"].shape == (3, 4)
    np.testing.assert_allclose(y, jnp.einsum("bij,ij->b", X, variables["params"]["kernel"]), rtol=1e-5)


def test_initializers_that_cannot_be_hashed_serve_too():
    class Ones:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, key, shape, dtype):
            return jnp.ones(shape, dtype)

    variables = nn.DenseGeneral((5, 6), kernel_init=Ones()).init(KEY, X)
    np.testing.assert_array_equal(variables["params"]["kernel"], jnp.ones((4, 5, 6)))


def test_an_embedding_attends_with_its_table():
    layer = nn.Embed(7, 4)
    variables = layer.init(KEY, integers(2, 3))
    rows = layer.apply(variables, jnp.arange(7))
    np.testing.assert_allclose(layer.apply(variables, X, method="attend"), X @ rows.T, rtol=1e-5)


def test_layers_work_under_jit_and_without():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train):
            x = nn.Conv(5, (3, 2))(x)
            x = nn.BatchNorm(use_running_average=not train)(x)
            x = nn.max_pool(nn.relu(x), (2, 2), (2, 2))
            x = nn.Dropout(0.3)(x.reshape(x.shape[0], -1), deterministic=not train)
            return nn.Dense(3)(x)

    model, streams = Net(), {"params": KEY, "dropout": jax.random.key(1)}
    variables = model.init(streams, IMAGES, True)

    def step(variables, x):
        return model.apply(variables, x, True, rngs=streams, mutable=["batch_stats"])

    eager, staged = step(variables, IMAGES), jax.jit(step)(variables, IMAGES)
    for one, other in zip(jax.tree.leaves(eager), jax.tree.leaves(staged), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
