"""A `.lift` file gives ordinary Modules: the same trees, values and gradients as their Python twins."""

import importlib.util
import inspect
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift.frontend.language.diagnostics import LiftCheckError, LiftTraceError
from stablelift.frontend.language.load import load

from . import twins

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
KEY = jax.random.key(7)
X = jnp.linspace(-1.0, 2.0, 2 * 3 * 5).reshape(2, 3, 5)
MASK = jnp.tril(jnp.ones((3, 3), bool))


@pytest.fixture(scope="module")
def norm():
    return load(HERE / "norm.lift")


def digits_modules():
    spec = importlib.util.spec_from_file_location("digits_modules", EXAMPLES / "digits_modules.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(left, right) -> None:
    """Equal trees, dtypes and values, bit for bit."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for ours, theirs in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def same_modules(lift, python, *arguments) -> None:
    ours, variables = lift.init_with_output(KEY, *arguments)
    theirs, expected = python.init_with_output(KEY, *arguments)
    same(variables, expected)
    same(ours, theirs)
    mutable = [name for name in expected if name != "params"]
    same(
        lift.apply(variables, *arguments, mutable=mutable),
        python.apply(variables, *arguments, mutable=mutable),
    )


@pytest.mark.parametrize("name", ["MLP", "Ensemble"])
def test_digits_equals_its_python_twin(name):
    lift, python = load(EXAMPLES / "digits.lift"), digits_modules()
    x = jnp.linspace(0.0, 1.0, 6 * 64).reshape(6, 64)
    same_modules(getattr(lift, name)(), getattr(python, name)(), x)
    same_modules(getattr(lift, name)(hidden=3), getattr(python, name)(hidden=3), x)


def test_the_ensemble_has_a_leading_axis():
    ensemble = load(EXAMPLES / "digits.lift").Ensemble()
    variables = ensemble.init(KEY, jnp.zeros((2, 64)))
    shapes = jax.tree.map(jnp.shape, variables["params"])
    assert shapes == {
        "Dense_0": {"kernel": (8, 64, 64), "bias": (8, 64)},
        "Dense_1": {"kernel": (8, 64, 10), "bias": (8, 10)},
    }
    first, second = variables["params"]["Dense_0"]["kernel"][:2]
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("name", "fields", "arguments"),
    [
        ("Norm", {}, (X,)),
        ("Norm", {"epsilon": 1, "momentum": 0.5}, (X,)),
        ("Attention", {"width": 4}, (X, MASK)),
        ("Block", {}, (X, MASK)),
        ("Stacked", {}, (jnp.stack([X, X + 1, X * 2]),)),
        ("Twice", {"features": 4}, (X,)),
    ],
)
def test_every_construct_equals_its_python_twin(norm, name, fields, arguments):
    same_modules(getattr(norm, name)(**fields), getattr(twins, name)(**fields), *arguments)


def test_functions(norm):
    logits, labels = X.reshape(6, 5), jnp.array([0, 1, 2, 3, 4, 0])
    same(norm.cross_entropy(logits, labels), twins.cross_entropy(logits, labels))
    same(norm.cross_entropy(logits, labels=np.asarray(labels)), twins.cross_entropy(logits, labels))
    same(jax.jit(norm.accuracy)(logits, labels), jnp.mean(jnp.argmax(logits, -1) == labels))
    assert norm.flatten(jnp.zeros((4, 3, 6))).shape == (4, 18)


def test_gradients(norm):
    model, twin = norm.Block(), twins.Block()
    variables = model.init(KEY, X, MASK)

    def loss(params, model):
        out, _ = model.apply({**variables, "params": params}, X, MASK, mutable=["batch_stats"])
        return jnp.sum(out**2)

    same(jax.grad(loss)(variables["params"], model), jax.grad(loss)(variables["params"], twin))


def test_a_python_module_may_use_a_lift_one(norm):
    class Wrapped(nn.Module):
        @nn.compact
        def __call__(self, x):
            return norm.Norm()(nn.Dense(4)(x))

    tree = jax.tree.map(jnp.shape, Wrapped().init(KEY, X))
    assert tree["params"] == {"Dense_0": {"kernel": (5, 4), "bias": (4,)}, "Norm_0": {"scale": (4,)}}


def test_help_shows_docs_and_types():
    digits = load(EXAMPLES / "digits.lift")
    assert digits.__doc__ == "Handwritten digits: an ensemble of small classifiers."
    assert digits.MLP.__doc__ == (
        "A perceptron with one hidden layer.\n\nFields:\n    hidden: Width of the hidden layer."
    )
    assert digits.Ensemble.__doc__ == "Eight of them, each with parameters of its own, on the same pictures."
    assert issubclass(digits.Ensemble, nn.Module)
    call = digits.MLP.__call__
    assert inspect.getdoc(call) == "Logits of a batch of pictures, one a row."
    assert "x: 'f32[*batch, pixels]') -> 'f32[*batch, classes]'" in str(inspect.signature(call))
    assert digits.__all__ == ["MLP", "Ensemble"]


def test_numpy_arguments_become_arrays_of_jax(norm):
    x = np.asarray(X, dtype=np.float64)
    same_modules(norm.Norm(), twins.Norm(), jnp.asarray(x))
    assert norm.Norm().init_with_output(KEY, x)[0].dtype == jnp.float32


def test_nothing_of_python_is_in_reach():
    digits = load(EXAMPLES / "digits.lift")
    run = inspect.getclosurevars(inspect.unwrap(digits.MLP.__call__)).nonlocals["body"].run
    ((name, importing),) = run.__globals__["__builtins__"].items()
    assert name == "__import__" and importing("numpy") is np  # jaxlib's, where it looks for numpy
    with pytest.raises(KeyError):
        importing("antigravity")


def test_python_may_give_a_field_anything(norm):
    with pytest.raises(LiftTraceError) as caught:
        norm.Norm(epsilon="small").init(KEY, X)
    place, message = str(caught.value).splitlines()[0].split(" error: ")
    assert place == f"{HERE / 'norm.lift'}:5:3:"
    assert message == "field `epsilon` of `Norm` wants a value of kind `float`, got 'small'"


def test_a_lift_of_a_lift_in_any_order_and_by_keyword(tmp_path):
    path = tmp_path / "m.lift"
    path.write_text(
        "lift Outer = vmap(target=Inner, variable_axes={params: 0}, split_rngs={params: true})\n"
        "lift Inner = vmap(Base, variable_axes={params: 1}, split_rngs={params: true})\n\n"
        "module Base\n  width: int = 2\n  call(\n    x: f32[\n      d\n    ]\n  ) -> f32[width]\n"
        "    return Dense(width, use_bias=false)(x)\n\n"
        "module Net\n  call(x: f32[a, b, d]) -> f32[a, b, width_of_base]\n    return Outer(width=3)(x)\n"
    )
    with pytest.raises(LiftCheckError) as caught:
        load(path)
    assert [d.message for d in caught.value.diagnostics] == ["unknown dimension `width_of_base`"]
    path.write_text(path.read_text().replace("width_of_base", "3"))
    variables = load(path).Net().init(KEY, jnp.zeros((4, 5, 6)))
    shapes = jax.tree.map(jnp.shape, variables["params"])
    assert shapes == {"VmapVmapBase_0": {"Dense_0": {"kernel": (4, 6, 5, 3)}}}
    assert str(inspect.signature(load(path).Base.__call__)) == "(self, x: 'f32[ d ]') -> 'f32[width]'"
