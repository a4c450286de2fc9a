"""What callers of JAX's transformations pass besides arrays: names, flags, options; and rules without end."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy import special

import stablelift.functional as ours
from stablelift.errors import LiftError

X = jnp.arange(6.0) / 5 + 0.1
JAX = SimpleNamespace(**{name: getattr(jax, name, None) for name in ours.__all__})
for _name in ("scan", "cond", "switch", "fori_loop", "map"):
    setattr(JAX, _name, getattr(jax.lax, _name))


def by_name(n, make, attach):
    @partial(make, nondiff_argnames=("power",))
    def f(x, power):
        return jnp.power(x, power)

    attach(f)
    return n.value_and_grad(lambda x: f(x, 3))(2.0)


CALLS = {
    "holomorphic": lambda n: n.value_and_grad(lambda z: jnp.sin(z) * z, holomorphic=True)(3.0 + 1j),
    "allow_int": lambda n: n.grad(lambda p: p[0] * 2.0 + p[1], allow_int=True)((3.0, 1)),
    "numpy argnums": lambda n: n.grad(jnp.arctan2, np.int32(1))(1.0, 2.0),
    "flags": lambda n: n.grad(lambda x, kind, *, train: x * x if train and kind == "a" else x)(
        2.0, "a", train=True
    ),
    "aux of linearize": lambda n: n.linearize(lambda x: (x**2, {"seen": x}), X, has_aux=True)[::2],
    "positional axis name": lambda n: n.vmap(lambda x: jax.lax.psum(x, "i"), 0, 0, "i")(X),
    "operand": lambda n: n.cond(True, jnp.sin, jnp.cos, operand=X),
    "operand None": lambda n: n.switch(1, [lambda _: 1.0, lambda _: 2.0], operand=None),
    "unrolled": lambda n: n.fori_loop(0, 7, lambda i, c: c * 2 + i, jnp.float32(1), unroll=3),
    "batches": lambda n: n.map(lambda x: {"y": x * jnp.arange(2)}, X, batch_size=4),
    "even batches": lambda n: n.grad(lambda x: n.map(jnp.sin, x, batch_size=3).sum())(X),
    "names in custom_jvp": lambda n: by_name(
        n, n.custom_jvp, lambda f: f.defjvp(lambda power, p, t: (f(p[0], power), 7 * t[0]))
    ),
    "names in custom_vjp": lambda n: by_name(
        n,
        n.custom_vjp,
        lambda f: f.defvjp(
            lambda x, power: (x**power, x), lambda power, x, ct: (power * x * ct,), optimize_remat=True
        ),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments(name):
    found, expected = CALLS[name](ours), CALLS[name](JAX)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        if one.dtype != jax.dtypes.float0:
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_rule_is_not_asked_where_nothing_can_be_differentiated():
    @ours.custom_jvp
    def double(n):
        return 2 * n

    double.defjvp(lambda primals, tangents: (double(*primals), 3 * tangents[0]))  # fails on a float0 tangent
    assert double(4) == 8


def test_none_in_an_output_is_none_in_its_tangent():
    @ours.custom_jvp
    def f(x):
        return x, None

    f.defjvp(lambda primals, tangents: ((primals[0], None), (5 * tangents[0], None)))
    assert ours.grad(lambda x: f(x)[0])(1.0) == 5


def test_rules_that_go_on_without_end():
    """`jnp.sinc` has a rule that applies another function with a rule, and so on; so has this one."""

    def endless(n, argnums):
        @partial(n.custom_jvp, nondiff_argnums=argnums)
        def f(k, x):
            return x * x * k

        f.defjvp(lambda k, primals, tangents: (f(k, *primals), f(k + 1, *primals) * tangents[0]))
        return partial(f, 1)

    second, other = ours.grad(ours.grad(jnp.sinc)), jax.grad(jax.grad(jnp.sinc))
    np.testing.assert_allclose(second(0.0), other(0.0), rtol=1e-5)
    mine, theirs = endless(ours, 0), endless(jax, (0,))
    for _ in range(3):
        mine, theirs = ours.grad(mine), jax.grad(theirs)
    assert mine(2.0) == theirs(2.0)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: ours.scan(3, 0.0, X), TypeError, "scan: expected a function, found 3"),
        (
            lambda: ours.scan(lambda c, x: (c, x), 0.0, X, unroll=-1),
            ValueError,
            "scan: expected unroll of at least 0",
        ),
        (
            lambda: ours.map(jnp.sin, X, batch_size=0),
            ValueError,
            "map: expected a batch_size of at least 1, found 0",
        ),
        (
            lambda: ours.cond(True, jnp.sin, jnp.cos, X, operand=X),
            TypeError,
            "cond: expected operands by position or",
        ),
        (
            lambda: ours.fori_loop(0, jnp.int32(3), lambda i, c: c, X, unroll=2),
            ValueError,
            "fori_loop: expected integer bounds, which unroll needs",
        ),
        (
            lambda: ours.grad(jnp.sin, holomorphic=True)(1.0),
            TypeError,
            "grad: expected complex inputs, found float32[] among the arguments",
        ),
        (
            lambda: ours.custom_jvp(lambda x: x, nondiff_argnames="n"),
            ValueError,
            "nondiff_argnames: expected parameters of `callee`, found 'n'",
        ),
    ],
)
def test_what_does_not_fit_is_said(wrong, error, message):
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("x", [1.5, -1.5])
def test_rules_inside_of_rules_that_belong_to_another_trace(x):
    """The rule of `expi` applies `expn` to a number that is traced there; JAX meets that in second order."""
    np.testing.assert_allclose(ours.grad(special.expi)(x), jax.grad(special.expi)(x), rtol=1e-5)
    second, other = (lib.grad(lib.grad(partial(special.expn, 2))) for lib in (ours, jax))
    try:
        expected = other(abs(x))
    except TypeError:  # jax 0.10
        with pytest.raises(LiftError, match="derivative rule of `expn` ended in an error"):
            second(abs(x))
    else:
        np.testing.assert_allclose(second(abs(x)), expected, rtol=1e-5)
