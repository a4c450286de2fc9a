"""Programs of other producers: loaded, and their values and derivatives those that the producers compute."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.runtime.load import load_bytes
from stablelift.runtime.program import Program

DATA = Path(__file__).parent / "data"
TORCH = np.load(DATA / "torch.npz")
TENSORFLOW = np.load(DATA / "tensorflow.npz")


def load(name, **options):
    return Program.load(DATA / name, **options)


def close(found, expected):
    """Two lists of arrays are equal but for rounding."""
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(x, float), np.asarray(y, float), rtol=1e-4, atol=1e-5)


def arrays(stored, prefix):
    """The arrays of one name and a number, in order."""
    return tuple(stored[f"{prefix}_{index}"] for index in range(100) if f"{prefix}_{index}" in stored)


def check_transformed(program, args):
    """Derivatives in both modes agree, and batched it does for each example what it does."""
    rng = np.random.default_rng(0)
    floats = [jnp.issubdtype(aval.dtype, jnp.floating) for aval in program.in_avals]

    def like(avals):
        drawn = [rng.normal(size=aval.shape).astype(aval.dtype) for aval in avals]
        return tuple(
            one if jnp.issubdtype(aval.dtype, jnp.floating) else None
            for one, aval in zip(drawn, avals, strict=True)
        )

    tangents, cotangents = like(program.in_avals), like(program.out_avals)
    outputs, moved = program.jvp()(args, tangents)
    close(jax.tree.leaves(outputs), jax.tree.leaves(program(*args)))
    single = len(cotangents) == 1
    _, gradients = program.vjp()(args, cotangents[0] if single else cotangents)
    left = dot(jax.tree.leaves(moved), jax.tree.leaves(cotangents))
    close([left], [dot(gradients, tangents)])
    other = [np.float32(1.1) * arg if is_float else arg for arg, is_float in zip(args, floats, strict=True)]
    batched = program.vmap(axis_size=2)(*map(np.stack, zip(args, other, strict=True)))
    for index, example in enumerate((args, other)):
        one = [result[index] for result in jax.tree.leaves(batched)]
        close(one, jax.tree.leaves(program(*example)))


def dot(xs, ys):
    return sum(float(jnp.vdot(x, y)) for x, y in zip(xs, ys, strict=True) if x is not None and y is not None)


# torch-mlir


def test_a_loss_of_parameters_is_differentiated():
    """A file of torch-mlir whose parameters are arguments; the gradients are PyTorch's."""
    loss = load("torch_perceptron.mlir")
    args = (*arrays(TORCH, "perceptron_parameter"), TORCH["perceptron_x"], TORCH["perceptron_labels"])
    assert str(loss.in_avals[-1].dtype) == "int64"
    value, gradients = loss.value_and_grad(argnums=range(len(args) - 2))(*args)
    close([value], [TORCH["perceptron_loss"]])
    close(list(gradients), arrays(TORCH, "perceptron_gradient"))
    check_transformed(loss, args)


def test_weights_in_the_file_become_arguments():
    plain = load("torch_convnet.mlir")
    close([plain(TORCH["convnet_x"])], [TORCH["convnet_y"]])
    lifted = load("torch_convnet.mlir", lift_weights=True)
    assert len(lifted.weights) == 8 and str(plain).count("arith") == str(plain).count("resource") == 0
    close([lifted(lifted.weights, TORCH["convnet_x"])], [TORCH["convnet_y"]])
    output, gradients = lifted.vjp()((lifted.weights, TORCH["convnet_x"]), 2 * TORCH["convnet_y"])
    expected = zip(arrays(TORCH, "convnet_weight"), arrays(TORCH, "convnet_gradient"), strict=True)
    for weight, gradient in expected:
        (name,) = [key for key, value in lifted.weights.items() if np.array_equal(value, weight)]
        close([gradients[0][name]], [gradient])
    check_transformed(plain, (TORCH["convnet_x"],))


def test_attention_on_numbers_of_tokens():
    """int64 tokens in, float64 inside; derivatives with respect to the weights."""
    program = load("torch_attention.mlir", lift_weights=True)
    tokens = TORCH["attention_x"]
    close([program(program.weights, tokens)], [TORCH["attention_y"]])
    assert len(program.weights) == 11  # equal ones that have different names are different
    gradient = program.vjp()((program.weights, tokens), TORCH["attention_y"])[1][0]
    name = next(key for key in gradient if "11_8" in key)
    step = 1e-2 * gradient[name] / np.linalg.norm(gradient[name])
    ends = [
        float(jnp.sum(program({**program.weights, name: program.weights[name] + sign * step}, tokens) ** 2))
        for sign in (1, -1)
    ]
    slope = float(jnp.vdot(gradient[name], step))
    np.testing.assert_allclose((ends[0] - ends[1]) / 4, slope, rtol=1e-2)


def test_buffers_of_many_types_and_counting_ops():
    program = load("torch_types.mlir")
    found = program(TORCH["types_x"])
    close(list(found), arrays(TORCH, "types_y"))
    lifted = load("torch_types.mlir", lift_weights=True)
    dtypes = sorted(str(weight.dtype) for weight in lifted.weights.values())
    assert dtypes == ["bfloat16", "float16", "float32", "float32", "float64"]
    with jax.enable_x64(True):
        close(list(lifted(lifted.weights, TORCH["types_x"])), list(found))


def test_open_shapes_are_given():
    program = load("torch_dynamic.mlir", shapes=[(5, 3)])
    close(list(program(TORCH["dynamic_x"])), arrays(TORCH, "dynamic_y"))
    check_transformed(program, (TORCH["dynamic_x"],))


# PyTorch/XLA


def test_batch_norm_and_erf_of_pytorch_xla():
    rng = np.random.default_rng(1)
    scale, offset, mean, weight, x = (
        rng.normal(size=shape).astype(np.float32) for shape in ((3,), (3,), (3,), (3, 4), (2, 4))
    )
    variance = rng.uniform(0.5, 2, 3).astype(np.float32)
    program = load("torch_xla.mlir")
    y, normal, seven = program(scale, offset, mean, variance, weight, x)
    expected = jax.nn.gelu(
        (x @ weight.T - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + offset, approximate=False
    )
    centred = expected - expected.mean(0)
    close([y], [expected])
    expected = centred / np.sqrt(expected.var(0) + 1e-5) * scale + offset
    close([normal, seven], [expected, 7])
    check_transformed(program, (scale, offset, mean, variance, weight, x))


# TensorFlow


@pytest.mark.parametrize("form", ["mlir", "bc"])
@pytest.mark.parametrize("name", ["while", "if"])
def test_loops_and_branches_of_tensorflow(name, form):
    program = load(f"tf_{name}.{form}")
    for sign in ("positive", "negative"):
        args = arrays(TENSORFLOW, f"{name}_{sign}_x")
        results = jax.tree.leaves(program(*args))
        close(results, arrays(TENSORFLOW, f"{name}_{sign}_y"))
        if form == "mlir":
            doubled = [2 * result for result in results]
            _, gradients = program.vjp()(args, tuple(doubled) if len(doubled) > 1 else doubled[0])
            expected = arrays(TENSORFLOW, f"{name}_{sign}_gradient")
            close(list(gradients), expected)
    if form == "mlir":
        check_transformed(program, args)


def test_a_saved_model_of_tensorflow():
    """Attributes of dialects that nobody here knows; a branch and a loop through private functions."""
    program = load("tf_saved_model.mlir")
    assert "tf" not in str(program) and "device" not in str(program)
    for x in (np.float32([0.5, 1, 2]), np.float32([-3, 1, 0.5])):
        expected = (np.sin(x) if x.sum() > 0 else x * x) * np.float32(1.5**3)
        close([program(x)], [expected])
    check_transformed(program, (x,))


# Portable artefacts of older versions


@pytest.mark.parametrize(("version", "function"), [("0.9.0", np.tanh), ("1.0.0", jax.lax.erf)])
def test_a_portable_artefact_of_an_older_version(version, function):
    x, w = (np.random.default_rng(2).normal(size=shape).astype(np.float32) for shape in ((2, 3), (3, 3)))
    data = (DATA / f"vhlo_{version}.stablehlo").read_bytes()
    assert f"StableHLO_v{version}".encode() in data
    program = load_bytes(data, "old")
    expected = np.cumsum(function(x @ w), axis=1)
    with pytest.raises(Exception, match="result 1: its numbers do not fit in int32"):
        program(x, w)
    with jax.enable_x64(True):
        close(list(program(x, w)), [expected, 5_000_000_000])
        check_transformed(program, (x, w))
