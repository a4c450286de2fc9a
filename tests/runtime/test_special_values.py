"""Under `jax.debug_nans` and `jax.debug_infs` a lift says which operation makes the first such value."""

import re
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import functional

X = jnp.ones(3)


@pytest.fixture(autouse=True)
def looking_for_nans():
    with jax.debug_nans(True):
        yield


def log(x):
    return jnp.log(x - 2)


FUNCTIONS = {
    "call": (functional.jit(log), ["lift.call"]),
    "remat": (functional.remat(log), ["lift.remat"]),
    "scan": (
        lambda x: functional.scan(lambda c, _: (jnp.log(c), c), x + 1, None, length=5),
        ["step 2", "lift.scan"],
    ),
    "while": (
        lambda x: functional.while_loop(lambda c: c[1] < 5, lambda c: (jnp.log(c[0]), c[1] + 1), (x + 1, 0)),
        ["step 2", "lift.while"],
    ),
    "switch": (lambda x: functional.cond(True, log, jnp.sin, x), ["lift.switch"]),
    "vmap": (
        lambda x: functional.vmap(lambda x: jnp.log(x))(x - jnp.arange(3.0)),
        ["example 2", "lift.vmap"],
    ),
    "forward pass of a gradient": (functional.grad(lambda x: (log(x) ** 2).sum()), ["lift.vjp"]),
    "forward pass of jax's gradient": (
        jax.grad(lambda x: (functional.remat(log)(x) ** 2).sum()),
        ["lift.remat"],
    ),
    "lifts in a lift": (
        functional.jit(
            lambda x: functional.scan(lambda c, _: (functional.remat(log)(c), c), x, None, length=2)
        ),
        ["lift.remat", "step 0", "lift.scan", "lift.call"],
    ),
}


@pytest.mark.smoke
@pytest.mark.parametrize(
    "jit", [lambda function: function, jax.jit, nn.compile], ids=["eager", "jit", "compile"]
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_operation_the_line_and_the_step_are_named(name, jit):
    function, notes = FUNCTIONS[name]
    with pytest.raises(
        FloatingPointError, match=r"(?m)^invalid value \(nan\) encountered in log at .*\.py:\d+$"
    ) as caught:
        jit(function)(X)
    said = [note for note in caught.value.__notes__ if note.startswith("in ")]
    assert len(said) >= len(notes) and all(map(re.search, notes, said)), said


@pytest.mark.parametrize("grad", [functional.grad, jax.grad])
def test_a_derivative_of_numbers_says_that_it_is_its_own(grad):
    length = functional.jit(lambda x: jnp.sqrt((x * x).sum()))
    with pytest.raises(FloatingPointError, match=r"encountered in the gradient of `"):
        grad(length)(0 * X)


def length_of(c):
    return jnp.sqrt(c * c)


OWN = {
    "scan": lambda x: functional.scan(lambda c, s: (length_of(c) * s, c), x, jnp.ones((3, 3)), length=3)[
        0
    ].sum(),
    "switch": lambda x: functional.cond(x.sum() < 1, length_of, jnp.sin, x).sum(),
    "vmap": lambda x: functional.vmap(length_of)(x).sum(),
    "remat": lambda x: functional.remat(length_of)(x).sum(),
}


@pytest.mark.parametrize("name", OWN)
def test_a_derivative_by_jax_of_numbers_says_that_it_is_its_own(name):
    zeros = 0 * X
    with pytest.raises(FloatingPointError, match=r"\(nan\) encountered in the gradient of `"):
        jax.grad(OWN[name])(zeros)
    with pytest.raises(FloatingPointError, match=r"\(nan\) encountered in the tangents of `"):
        jax.jvp(OWN[name], (zeros,), (X,))


TWICE = {
    "tangents of a gradient": lambda f: lambda x: jax.jvp(jax.grad(f), (x,), (X,)),
    "through jit": lambda f: lambda x: jax.jvp(jax.grad(jax.jit(f)), (x,), (X,)),
    "tangents of tangents": lambda f: lambda x: jax.jvp(lambda x: jax.jvp(f, (x,), (X,)), (x,), (X,)),
}


@pytest.mark.parametrize("way", TWICE)
def test_a_derivative_of_a_derivative_names_the_operation(way):
    loss = functional.jit(lambda x: (log(x) @ jnp.outer(x, x)).sum())
    with pytest.raises(FloatingPointError, match=r"encountered in log at .*\.py:\d+"):
        TWICE[way](loss)(-X)


def test_the_example_of_a_map_by_jax_is_named():
    def loss(x):
        return (functional.scan(lambda c, _: (log(c), c), x, None, length=1)[0] ** 2).sum()

    with pytest.raises(FloatingPointError, match=r"log at .*\.py:\d+") as caught:
        jax.vmap(jax.grad(loss))(jnp.stack([X + 2, X, X + 3]))
    assert "in example 1, counted from 0" in caught.value.__notes__


def test_a_lift_leaves_the_search_of_the_process_as_it_was():
    def run():  # in a thread of its own, for JAX's contexts leave their threads without it
        compiled = jax.jit(jnp.log)
        compiled(X)
        functional.vmap(jnp.sin)(X)
        nn.compile(lambda x: functional.remat(jnp.sin)(x))(X)
        with pytest.raises(FloatingPointError):
            functional.remat(log)(X)
        with pytest.raises(FloatingPointError):
            compiled(-X)

    jax.config.update("jax_debug_nans", True)
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(run).result()
    finally:
        jax.config.update("jax_debug_nans", False)


@pytest.mark.parametrize("layers", ["inline", "outline", "roll"])
def test_a_compiled_step_says_where(layers):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(4):
                x = jnp.log(nn.Dense(3)(x))
            return x.sum()

    def step(params, x):
        value, gradient = functional.value_and_grad(lambda params: Model().apply(params, x))(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient), value

    params = Model().init(jax.random.key(0), X)
    with pytest.raises(FloatingPointError, match=r"encountered in log at .*test_special_values\.py:\d+"):
        nn.compile(step, carry=1, layers=layers)(params, X)


def test_infinities():
    with jax.debug_infs(True), pytest.raises(FloatingPointError, match=r"\(inf\) encountered in exp at "):
        functional.remat(lambda x: jnp.exp(100 * x))(X)


def test_a_program_that_makes_none_runs():
    program = nn.Program.trace(log, X)
    assert program(X + 2).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(FloatingPointError, match="encountered in the program `log`"):
        program(X)
    with jax.debug_nans(False):
        assert jnp.isnan(program(X)).all()
