"""`stablelift compile`: entries of `.lift` files and of Python, by name, method and field."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift.runtime.load import load_bytes
from tests.command.test_opt import close

SOURCE = """\
fn scaled(x: f32[n], static by: int = 2) -> f32[n]
  return tanh(x) * by

module MLP
  hidden: int = 5
  dtype: dtype = f32

  call(x: f32[*batch, d], static train: bool = false)
    h = tanh(Dense(hidden, dtype=dtype)(x))
    return Dense(2)(Dropout(0.5, deterministic=not train)(h))

module Counted
  call(x: f32[d]) -> f32[d]
    variable stats.calls: i32[] = zeros()
    update calls = calls + 1
    return x * calls

module Coder
  width: int
  encoder = Dense(width)

  encode(x: f32[*batch, d])
    return encoder(x)

  call(x: f32[*batch, d])
    return encode(x)
"""

MODEL = """\
import jax.numpy as jnp
import stablelift as nn

class Net(nn.Module):
    width: int = 3

    @nn.compact
    def __call__(self, x, *, scale=1.0):
        return scale * nn.Dense(self.width)(x)

net = Net(width=2)

def loss(params, x, power=2):
    return ((params["w"] @ x + params["b"]) ** power).sum()

def broken(x):
    return x @ x

_hidden = loss
"""

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


@pytest.fixture
def compile(stablelift, tmp_path):
    """A function that compiles an entry of `model.lift`, and gives the program written and the result."""
    (tmp_path / "model.lift").write_text(SOURCE)
    (tmp_path / "model.py").write_text(MODEL)

    def compiled(file, *argv):
        result = stablelift("compile", file, *argv, "-o", "out.bc")
        assert (result.exit_code, result.output) == (0, "")
        return load_bytes((tmp_path / "out.bc").read_bytes(), "out.bc")

    yield compiled
    sys.modules.pop("model", None)


def test_a_function(compile):
    close(compile("model.lift", "--entry", "scaled", "--arg", "x=f32[3]")(X[0]), jnp.tanh(X[0]) * 2)
    program = compile("model.lift:scaled", "--arg", "f32[3]", "--arg", "by=3", "--batching", "4")
    close(program(X), jnp.tanh(X) * 3)


def test_a_module_takes_its_variables_first(compile, tmp_path):
    init = compile("model.lift", "--entry", "MLP(hidden=4).init", "--arg", "x=f32[4,3]")
    assert [aval.shape for aval in init.in_avals] == [(2,)]  # the values of x do not matter
    variables = init(jax.random.key_data(jax.random.key(3)))
    model = nn.load(tmp_path / "model.lift").MLP(hidden=4)
    close(variables, model.init(jax.random.key(3), X))
    apply = compile("model.lift", "--entry", "MLP(hidden=4)", "--arg", "x=f32[4,3]")
    close(apply(variables, X), model.apply(variables, X))


def test_streams_and_collections(compile, tmp_path):
    space = nn.load(tmp_path / "model.lift")
    model, key = space.MLP(), jax.random.key(1)
    variables = model.init(key, X)
    options = ["--arg", "x=f32[4,3]", "--arg", "train=true", "--rngs", "dropout"]
    program = compile("model.lift", "--entry", "MLP", *options)
    expected = model.apply(variables, X, train=True, rngs={"dropout": key})
    close(program(variables, X, {"dropout": jax.random.key_data(key)}), expected)
    counted = compile("model.lift", "--entry", "Counted", "--arg", "x=f32[3]", "--mutable", "stats")
    stats = {"stats": {"calls": np.int32(2)}}
    close(counted(stats, X[0]), space.Counted().apply(stats, X[0], mutable=["stats"]))


def test_a_method(compile, tmp_path):
    model = nn.load(tmp_path / "model.lift").Coder(width=2)
    variables = model.init(jax.random.key(0), X)
    program = compile("model.lift", "--entry", "Coder(width=2).encode", "--arg", "x=f32[4,3]")
    close(program(variables, X), model.apply(variables, X, method="encode"))


def test_python(compile):
    program = compile(
        "model:loss", "--arg", "params={w: f32[2,3], b: f32[]}", "--arg", "x=f32[3]", "--grad", "0"
    )
    params = {"w": X[:2], "b": np.float32(0.5)}
    close(program(params, X[0]), jax.grad(lambda p: ((p["w"] @ X[0] + p["b"]) ** 2).sum())(params))
    for entry in ("Net(width=2)", "net", "net.__call__"):
        program = compile("model.py", "--entry", entry, "--arg", "x=f32[3]", "--arg", "scale=2.0")
        variables = {"params": {"Dense_0": {"kernel": X[:3, :2], "bias": X[0, :2]}}}
        close(program(variables, X[0]), 2 * (X[0] @ X[:3, :2] + X[0, :2]))


def test_lifts_stay_where_nothing_runs(stablelift, compile):
    result = stablelift("compile", "model.lift:scaled", "--arg", "f32[3]", "--vjp", "--pipeline=")
    assert '"lift.vjp"' in result.stdout
    wide = stablelift("compile", "model.lift:MLP(dtype=f64)", "--arg", "f32[2,3]", "--arg", "false")
    assert wide.exit_code == 0
    assert (
        "f64"
        in stablelift("compile", "model:loss", "--arg", "{w: f64[2,3], b: f64[2]}", "--arg", "f64[3]").stdout
    )


ENTRIES = """\
  scaled(x: f32[n], by: int = 2)
  MLP(hidden: int = 5, dtype: Any = ...), a module
  Counted(), a module
  Coder(width: int), a module
"""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["model.lift"], f"which entry is meant? Give --entry one of\n{ENTRIES}"),
        (
            ["model.lift:scale"],
            "Invalid value for --entry: there is no `scale` in model (did you mean `scaled`?); "
            f"its entries are\n{ENTRIES}",
        ),
        (["model.lift:Coder"], "Invalid value for --entry: `Coder` needs its fields: Coder(width=...)\n"),
        (["model.lift:Coder(width=2).decode"], "Invalid value for --entry: `Coder` has no method `decode`\n"),
        (
            ["model.lift:MLP(hiden=2)"],
            "Invalid value for --entry: `MLP` has no `hiden`; it is MLP(hidden: int = 5, dtype: Any = ...)\n",
        ),
        (
            ["model.lift:MLP()("],
            "Invalid value for --entry: expected a name, a method, or fields: MLP, MLP.encode, "
            "MLP(hidden=8), MLP.init; found 'MLP()('\n",
        ),
        (
            ["model.py"],
            "which entry is meant? Give --entry one of\n  Net(width: int = 3), a module\n  net, a Net\n"
            "  loss(params, x, power = 2)\n  broken(x)\n",
        ),
    ],
)
def test_an_entry_that_is_none(stablelift, compile, argv, message):
    result = stablelift("compile", *argv)
    assert result.exit_code == 2
    assert result.stderr.split("Error: ", 1)[1] == message


TAKES = "`scaled` takes (x: f32[n], by: int = 2)"
REMEDY = "\n  hint: --arg NAME=TYPE gives one, as in --arg x=f32[8,64]\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["model.lift:scaled"], f"model.lift: error: {TAKES}: missing a required argument: 'x'{REMEDY}"),
        (
            ["model.lift:scaled", "--arg", "x=f32[3]", "--arg", "y=f32[3]"],
            f"model.lift: error: {TAKES}: got an unexpected keyword argument 'y'{REMEDY}",
        ),
        (
            ["model.lift:scaled", "--arg", "x=f32[3]", "--arg", "x=f32[3]"],
            f"model.lift: error: {TAKES}: an argument is given twice{REMEDY}",
        ),
        (
            ["model.lift:scaled", "--arg", "x=i32[3]"],
            "model.lift:1:11: error: `scaled` wants f32[n] for `x`, got i32[3]\n"
            "    1 | fn scaled(x: f32[n], static by: int = 2) -> f32[n]\n"
            "      |           ^^^^^^^^^\n",
        ),
        (
            ["model.lift:MLP", "--arg", "x=f32[4,3]", "--arg", "train=true"],
            "model.lift:10: error: `/Dropout_0` needs a key from random stream `dropout`\n"
            "  streams here: none\n  hint: --rngs gives the method keys for streams: --rngs dropout\n",
        ),
        (
            ["model.lift:scaled", "--arg", "x=f32[3]", "--rngs", "dropout"],
            "model.lift: error: --rngs and --mutable are for modules, and `scaled` is a function\n",
        ),
        (
            ["model.py", "--entry", "broken", "--arg", "f32[2,3]"],
            "model.py:17: error: TypeError: dot_general requires contracting dimensions to have the same ",
        ),
        (
            ["model.lift:scaled", "--arg", "x=f32[3]", "--grad", "0"],
            "model.lift: error: --grad: expected `scaled` to return a real scalar, found float32[3]\n",
        ),
        (["no.lift:f"], "no.lift: error: cannot read the file: no such file or directory\n"),
        (["no.py:f"], "no.py: error: cannot be read: no such file or directory\n"),
        (
            ["loss.mlir"],
            "loss.mlir: error: expected a .lift file or a Python file\n"
            "  hint: give a file.lift, a file.py, or a module such as package.model that Python can import\n",
        ),
        (
            ["no.model:f"],
            "no.model: error: no such file or module\n"
            "  hint: give a file.lift, a file.py, or a module such as package.model that Python can import\n",
        ),
    ],
)
def test_what_does_not_fit_is_refused(stablelift, compile, argv, message):
    result = stablelift("compile", *argv)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(message) if "broken" in argv else result.stderr == message


def test_a_file_of_python_that_fails_says_where(stablelift, tmp_path):
    (tmp_path / "bad.py").write_text("import os\n\nos.missing\n")
    result = stablelift("compile", "bad.py:f")
    assert result.stderr == "bad.py:3: error: AttributeError: module 'os' has no attribute 'missing'\n"
    (tmp_path / "worse.py").write_text("def f(:\n")
    assert stablelift("compile", "worse.py:f").stderr.endswith("worse.py:1: error: invalid syntax\n")
    (tmp_path / "worst.py").write_text("import nothing_of_that_name\n")
    assert "nothing_of_that_name" in stablelift("compile", "worst:f").stderr
