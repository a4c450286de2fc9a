"""`stablelift run`: where arrays come from, what becomes of them, what is said."""

import json

import jax
import ml_dtypes
import numpy as np
import pytest

from tests.command.test_opt import X, Y, close, loss

HALVES = """\
func.func @main(%x: tensor<3xbf16>, %n: tensor<2xi8>) -> (tensor<3xbf16>, tensor<2xi8>, tensor<i1>) {
  %0 = stablehlo.add %x, %x : tensor<3xbf16>
  %1 = stablehlo.constant dense<true> : tensor<i1>
  return %0, %n, %1 : tensor<3xbf16>, tensor<2xi8>, tensor<i1>
}
"""


@pytest.fixture
def run(stablelift, tmp_path):
    """A function that runs a program of the folder, and gives its results and the summary."""
    np.save(tmp_path / "x.npy", X[0])
    np.savez(tmp_path / "both.npz", X[0], Y)

    def ran(file, *argv, stdin=None):
        result = stablelift("run", file, *argv, "--json", "-o", "out.npz", stdin=stdin)
        assert (result.exit_code, result.stderr) == (0, "")
        with np.load(tmp_path / "out.npz") as arrays:
            return dict(arrays), json.loads(result.stdout)

    return ran


def test_arrays_come_from_files(run, tmp_path):
    results, about = run("loss.mlir", "--input", "x.npy", "--input", "1=ones")
    close(results, {"result": loss(X[0], np.ones(4, np.float32))})
    assert [one["type"] for one in about["inputs"]] == ["f32[3,4]", "f32[4]"]
    assert about["inputs"][1] == {
        "name": "1", "type": "f32[4]", "min": 1.0, "mean": 1.0, "max": 1.0, "nan": 0, "inf": 0,
    }  # fmt: skip
    close(run("loss.mlir", "--input", "both.npz")[0], {"result": loss(X[0], Y)})
    np.savez(tmp_path / "named.npz", **{"1": Y.astype(np.float64), "0": X[0]})
    close(run("loss.mlir", "--input", "named.npz")[0], {"result": loss(X[0], Y)})


def test_random_arrays_are_those_of_the_seed(run):
    first, second = run("loss.mlir")[0], run("loss.mlir", "--input", "random")[0]
    assert first == second != run("loss.mlir", "--seed", "1")[0]


def test_results_of_a_transformed_program_have_names(run):
    results, about = run(
        "loss.mlir", "--vjp", "--remat", "min_cut", "--input", "0=both.npz", "--input", "ones"
    )
    gradients = jax.grad(loss, (0, 1))(X[0], Y)
    close(results, {"0": loss(X[0], Y), "1.0": gradients[0], "1.1": gradients[1]})
    assert [one["name"] for one in about["inputs"]] == ["0.0", "0.1", "1"]


def test_standard_input_and_small_types(run, tmp_path):
    np.save(tmp_path / "x.npy", np.asarray([1, 2, 3], ml_dtypes.bfloat16))
    np.save(tmp_path / "n.npy", np.asarray([-128, 127]))
    results, about = run("-", "--input", "x.npy", "--input", "1=n.npy", stdin=HALVES)
    assert results["0"].view(ml_dtypes.bfloat16).tolist() == [2, 4, 6]
    assert results["1"].tolist() == [-128, 127]
    assert [one["mean"] for one in about["results"]] == [4.0, -0.5, 1.0]


def test_types_of_64_bits(run):
    source = "func.func @main(%n: tensor<2xi64>) -> tensor<2xi64> { return %n : tensor<2xi64> }"
    np.save("n.npy", np.asarray([2**40, -1]))
    assert run("-", "--input", "n.npy", stdin=source)[0]["result"].tolist() == [2**40, -1]


def test_the_summary_is_a_table(stablelift, tmp_path):
    np.save(tmp_path / "x.npy", np.asarray([[np.nan, np.inf, 1, 2]] * 3, np.float32))
    result = stablelift("run", "loss.mlir", "--input", "x.npy", "--input", "zeros", "--bench", "3")
    assert result.exit_code == 0
    *table, last = result.stdout.splitlines()
    assert table == [
        "     name    type      min  mean  max",
        "in   0       f32[3,4]    1   1.5    2  3 NaN, 3 inf",
        "in   1       f32[4]      0     0    0",
        "out  result  f32[]       -     -    -  1 NaN",
    ]
    assert last.startswith("cpu:0: compiled in ") and " (median of 3, " in last


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (
            ["--input", "x.npy"],
            1,
            "error: there is no --input for\n  1: f32[4]\n"
            "  hint: --input FILE for the next, --input NAME=FILE for one, --input random for the rest\n",
        ),
        (["--input", "1=x.npy"], 1, "x.npy: error: argument 1: expected f32[4], found f32[3,4]\n"),
        (
            ["--input", "none.npy"],
            1,
            "none.npy: error: cannot be read: no such file or directory\n"
            "  hint: an input is a file, or one of random, zeros, ones\n",
        ),
        (
            ["--input", "loss.mlir"],
            1,
            "loss.mlir: error: expected a .npy or .npz file of numbers: it has neither's form\n",
        ),
        (["--input", "c.npy"], 1, "c.npy: error: argument 0: expected f32[3,4], found c64[3,4]\n"),
        (
            ["--input", "odd.npz"],
            1,
            "odd.npz: error: no argument is called kernel\n  hint: the arguments are 0, 1\n",
        ),
        (
            ["-o", "x.npz", "--input", "big.npy"],
            1,
            "big.npy: error: argument 0: expected f32[3,4], found values",
        ),
        (
            ["--input", "params=x.npy"],
            2,
            "Invalid value for --input: no argument is called 'params'; there are 0, 1\n",
        ),
        (
            ["--device", "abacus"],
            2,
            "Invalid value for --device: there is no device 'abacus'; there are cpu:0\n",
        ),
        (["--vjp", "-o", "all.npy"], 1, "all.npy: error: expected one result for a .npy file, found 3\n"),
    ],
)
def test_what_does_not_fit_is_refused(stablelift, run, tmp_path, argv, code, message):
    np.save(tmp_path / "c.npy", X[0].astype(np.complex64))
    np.save(tmp_path / "big.npy", np.full((3, 4), 1e300))
    np.savez(tmp_path / "odd.npz", **{"0": X[0], "kernel": Y})
    result = stablelift("run", "loss.mlir", *argv)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr and "Traceback" not in result.stderr


def test_an_integer_that_does_not_fit_is_refused(stablelift, tmp_path):
    np.save(tmp_path / "n.npy", np.asarray([300, 1]))
    result = stablelift("run", "-", "--input", "1=n.npy", "--input", "random", stdin=HALVES)
    assert result.stderr == "n.npy: error: argument 1: expected i8[2], found values from 1 to 300\n"


def test_an_argument_larger_than_memory_is_refused(stablelift):
    type = f"tensor<{2**60}x{2**40}xf32>"
    result = stablelift("run", "-", stdin=f"func.func @main(%x: {type}) -> {type} {{ return %x : {type} }}")
    assert result.stderr == f"error: argument 0: f32[{2**60},{2**40}] does not fit into memory\n"


def test_a_program_without_arguments_takes_ones_for_all_of_them(run):
    body = "%0 = stablehlo.constant dense<7> : tensor<i32>\n return %0 : tensor<i32>"
    source = f"func.func @main() -> tensor<i32> {{ {body} }}"
    assert run("-", "--input", "ones", stdin=source)[0]["result"] == 7


def test_what_xla_does_not_know_is_listed(stablelift):
    source = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = "magic.wand"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}"""
    result = stablelift("run", "-", stdin=source)
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "<stdin>: error: the program holds ops of other dialects\n  `magic.wand` at <stdin>:2:8\n"
    )
    called = source.replace('"magic.wand"(%x) : (', "stablehlo.custom_call @wand(%x) : (")
    assert stablelift("run", "-", stdin=called).stderr == (
        "<stdin>: error: the program calls code outside StableHLO, which can do anything\n"
        "  custom_call `wand` at <stdin>:2:8\n"
        "  hint: if you trust it, give --allow-custom-call for each\n"
    )
    allowed = stablelift("run", "-", "--allow-custom-call", "wand", stdin=called)
    assert allowed.exit_code == 1 and "wand" in allowed.stderr  # XLA has none of that name
