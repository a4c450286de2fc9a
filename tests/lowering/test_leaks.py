"""What a program of its own takes from another trace: a leak is an error of JAX's class that says whence."""

import inspect
import re
from functools import partial, wraps

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift import Program, functional
from stablelift.errors import LiftError

pytestmark = pytest.mark.smoke

X = jnp.arange(3.0)
HERE = re.escape(__file__)
kept = []


def leaking(x):
    kept.append(x * 2.0)
    return x + 1.0


def using(x):
    return x - kept[-1]


def summed(lift):
    return lambda f: lift(lambda x: f(x).sum())


def scan(f):
    return lambda x: functional.scan(lambda carry, _: (f(carry), None), x, None, length=2)


LIFTS = {
    "jit": functional.jit,
    "remat": functional.remat,
    "grad": summed(functional.grad),
    "vmap": functional.vmap,
    "scan": scan,
    "jax": lambda f: jax.jit(wraps(f)(lambda x: f(x))),  # which is not traced yet
}


@pytest.fixture(autouse=True)
def nothing_is_kept():
    kept.clear()
    yield
    kept.clear()


def line_of(function, text):
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


@pytest.mark.parametrize("into", ["compile", "trace"])
@pytest.mark.parametrize("name", LIFTS)
def test_out_of_a_lift(name, into):
    LIFTS[name](leaking)(X)
    made = line_of(leaking, "x * 2.0")
    with pytest.raises(jax.errors.UnexpectedTracerError) as caught:
        stablelift.compile(using)(X) if into == "compile" else Program.trace(using, X)
    trace, maker = "the trace of `leaking`", "`leaking`"
    if name in ("scan", "grad"):  # of a function without a name
        trace, maker = "its trace", "its function"
    assert re.match(
        rf"{HERE}:{line_of(using, 'kept')}: error: `using` uses a value that leaked out of {trace}, "
        rf"which has ended\n  value: float32\[3?\], made at {HERE}:{made}\n"
        rf"  hint: let {maker} return it, and pass it to `using` as an argument; "
        r"under `jax.checking_leaks\(\)` a leak is an error where it happens\n",
        str(caught.value),
    )


@pytest.mark.parametrize("name", LIFTS)
def test_into_a_lift(name):
    stablelift.compile(leaking)(X)
    with pytest.raises(jax.errors.UnexpectedTracerError, match="leaked out of the trace of `leaking`"):
        stablelift.compile(LIFTS[name](using))(X)
    with pytest.raises(jax.errors.UnexpectedTracerError, match="escape the scope"):
        functional.jit(LIFTS[name](using))(X)


@pytest.mark.parametrize("name", LIFTS)
def test_within_one_function(name):
    def both(x):
        LIFTS[name](leaking)(x)
        return using(x)

    with pytest.raises(jax.errors.UnexpectedTracerError, match="error: `both` uses a value that leaked"):
        stablelift.compile(both)(X)


def test_where_it_is_all_that_is_returned():
    stablelift.compile(leaking)(X)
    with pytest.raises(jax.errors.UnexpectedTracerError, match=rf"^{HERE}:\d+: error: `returning` uses"):

        def returning(x):
            return kept[0]

        stablelift.compile(returning)(X)


@pytest.mark.parametrize("around", [jax.jit, summed(jax.grad), jax.vmap, functional.jit, stablelift.compile])
def test_what_is_being_traced_around_it(around):
    def outer(x):
        def scaled(y):
            return y * x

        return stablelift.compile(scaled)(x)

    with pytest.raises(LiftError) as caught:
        around(outer)(X)
    line = line_of(test_what_is_being_traced_around_it, "y * x")
    assert re.match(
        rf"{HERE}:{line}: error: `scaled` is a program of its own, and closes over a value "
        r"that is being traced around it\n  value: float32\[3?\](, made at .*)?\n"
        r"  hint: pass it to `scaled` as an argument; lifts, such as `functional.jit`, may close over it$",
        str(caught.value),
    )


def test_as_the_hints_say():
    kept.append(X * 2.0)
    np.testing.assert_array_equal(stablelift.compile(lambda x, y: x - y)(X, X * 2.0), -X)
    np.testing.assert_array_equal(stablelift.compile(using)(X), -X)
    inner = jax.jit(lambda x: functional.jit(lambda y: y * x)(x))
    np.testing.assert_array_equal(inner(X), X * X)


def branching(x, _=None):
    return x if x.sum() > 0 else -x


WAYS = {
    "compile": stablelift.compile,
    "of a partial": lambda f: stablelift.compile(partial(f)),
    "jit": functional.jit,
    "remat": functional.remat,
    "scan": lambda f: lambda x: functional.scan(f, x, None, length=2),
    "grad": functional.grad,
}


@pytest.mark.parametrize("way", WAYS)
def test_errors_of_jax_name_the_function_that_is_traced(way):
    line = inspect.getsourcelines(branching)[1]
    with pytest.raises(jax.errors.TracerBoolConversionError) as caught:
        WAYS[way](branching)(X)
    assert f"tracing the function branching at {__file__}:{line} for jit" in str(caught.value)
