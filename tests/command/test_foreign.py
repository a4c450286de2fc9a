"""Files of other producers through the command: values, derivatives in both modes that agree, batches."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tests.foreign

DATA = Path(tests.foreign.__file__).parent / "data"
TORCH, TENSORFLOW = np.load(DATA / "torch.npz"), np.load(DATA / "tensorflow.npz")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3)).astype(np.float32)
W = RNG.standard_normal((3, 3)).astype(np.float32)


def stored(arrays, prefix):
    """The arrays of one name and a number, in order."""
    return [arrays[f"{prefix}_{index}"] for index in range(100) if f"{prefix}_{index}" in arrays]


def exported(_):
    """A file that JAX can neither differentiate nor batch."""
    pytest.importorskip("flatbuffers")
    return bytes(jax.export.export(jax.jit(tanh_of_product))(X, W).serialize(vjp_order=0))


def tanh_of_product(x, w):
    return jnp.tanh(x @ w)


# Where the bytes are from, the arguments, the results.
CASES = {
    "torch_perceptron.mlir": (
        [*stored(TORCH, "perceptron_parameter"), TORCH["perceptron_x"], TORCH["perceptron_labels"]],
        [TORCH["perceptron_loss"]],
    ),
    "torch_convnet.mlir": ([TORCH["convnet_x"]], [TORCH["convnet_y"]]),
    "tf_while.bc": (stored(TENSORFLOW, "while_positive_x"), stored(TENSORFLOW, "while_positive_y")),
    "tf_if.mlir": (stored(TENSORFLOW, "if_negative_x"), stored(TENSORFLOW, "if_negative_y")),
    "vhlo_0.9.0.stablehlo": ([X, W], [np.cumsum(np.tanh(X @ W), axis=1), np.asarray(5_000_000_000)]),
    "on standard input": ([X, W], [np.tanh(X @ W)]),
}


@pytest.fixture
def run(stablelift, tmp_path):
    """A function that runs a program on named arrays, and gives named results."""

    def ran(name, inputs, *options):
        np.savez(tmp_path / "in.npz", **inputs)
        file, stdin = str(DATA / name), None
        if name == "on standard input":
            file, stdin = "-", exported(name)
        argv = ["--input", "in.npz", "--json", "-o", "out.npz", *options]
        result = stablelift("run", file, *argv, stdin=stdin)
        assert (result.exit_code, result.stderr) == (0, "")
        about = json.loads(result.stdout)["results"]
        with np.load(tmp_path / "out.npz") as arrays:
            assert [one["name"] for one in about] == list(arrays)
            return dict(arrays)

    return ran


@pytest.mark.parametrize("name", CASES)
def test_values_derivatives_and_batches(run, name):
    args, expected = CASES[name]
    numbered = {str(index): array for index, array in enumerate(args)}
    values = run(name, numbered)
    assert len(values) == len(expected)
    for found, wanted in zip(values.values(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)

    tangents, cotangents = drawn(numbered), drawn(values)
    primals = {f"0.{key}": array for key, array in numbered.items()}
    forward = run(name, primals | under(1, tangents), "--jvp")
    reverse = run(name, primals | under(1, cotangents), "--vjp")
    moved = at(forward, 1)
    assert moved.keys() == {key.replace("result", "") for key in cotangents}
    left = sum(np.vdot(moved[key.replace("result", "")], ct) for key, ct in cotangents.items())
    gradients = at(reverse, 1)
    right = sum(np.vdot(gradients[key], tangent) for key, tangent in tangents.items())
    np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-4)

    twice = {key: np.stack([array, array]) for key, array in numbered.items()}
    for key, batch in run(name, twice, "--batching", "2").items():
        np.testing.assert_allclose(batch, np.stack([values[key]] * 2), rtol=1e-4, atol=1e-5)


def drawn(arrays):
    """A tangent for each array that has one."""
    return {
        key: RNG.standard_normal(array.shape).astype(array.dtype)
        for key, array in arrays.items()
        if array.dtype.kind == "f"
    }


def under(place, arrays):
    """The arrays by the names that they have in an argument."""
    return {f"{place}.{key}".removesuffix(".result"): array for key, array in arrays.items()}


def at(results, place):
    """What is in one of the results, by the names that it has there."""
    prefix = f"{place}."
    return {
        key.removeprefix(prefix) if key.startswith(prefix) else "": array
        for key, array in results.items()
        if key == str(place) or key.startswith(prefix)
    }


def test_weights_of_torch_become_an_argument_with_gradients(stablelift, tmp_path):
    file = str(DATA / "torch_convnet.mlir")
    options = ["--lift-weights", "--save-weights", "w.npz", "--vjp", "-o", "vjp.stablehlo"]
    assert stablelift("opt", file, *options).output == ""
    np.savez(tmp_path / "in.npz", **{"0.1": TORCH["convnet_x"], "1": 2 * TORCH["convnet_y"]})
    argv = ["--input", "0.0=w.npz", "--input", "in.npz", "-o", "out.npz"]
    assert stablelift("run", "vjp.stablehlo", *argv).exit_code == 0
    with np.load(tmp_path / "w.npz") as weights, np.load(tmp_path / "out.npz") as results:
        np.testing.assert_allclose(results["0"], TORCH["convnet_y"], rtol=1e-4, atol=1e-5)
        pairs = zip(stored(TORCH, "convnet_weight"), stored(TORCH, "convnet_gradient"), strict=True)
        for weight, gradient in pairs:
            (key,) = [key for key in weights if np.array_equal(weights[key], weight)]
            np.testing.assert_allclose(results[f"1.0.{key}"], gradient, rtol=1e-4, atol=1e-5)
    # What is not given comes from the file itself.
    result = stablelift("run", file, "--lift-weights", "--input", "random", "--json")
    inputs = {one["name"]: one for one in json.loads(result.stdout)["inputs"]}
    assert inputs[f"0.{key}"]["max"] == pytest.approx(weight.max())


def test_open_shapes_are_given(stablelift, tmp_path):
    np.save(tmp_path / "x.npy", TORCH["dynamic_x"])
    file = str(DATA / "torch_dynamic.mlir")
    refused = stablelift("run", file)
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"{file}: error: input 0: expected a static shape, found tensor<?x3xf32>\n"
        "  hint: give the shapes of all arguments: --shapes 2x3:...\n"
    )
    assert stablelift("run", file, "--shapes", "5x3", "--input", "x.npy", "-o", "out.npz").exit_code == 0
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_allclose(found["0"], TORCH["dynamic_y_0"], rtol=1e-4, atol=1e-5)
    wrong = stablelift("run", file, "--shapes", "5 3")
    assert wrong.exit_code == 2 and "'--shapes': expected sizes such as batch=8, or shapes" in wrong.stderr
