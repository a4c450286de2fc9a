"""Callbacks are called as often as by JAX, with the same values and, if they are ordered, in the same order;
a derivative calls none a second time.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import io_callback

import stablelift as nn
from stablelift import Program, functional
from stablelift.errors import LiftError, SideEffectError
from stablelift.runtime.inside_jax import _runner
from tests.support import assert_close
from tests.told import Told

X = jnp.arange(1.0, 5.0)
TWO = jnp.stack([X, X + 4])
ZERO, ONE = jnp.float32(0), jnp.float32(1)
W = jnp.eye(3) / 2
ROWS = jnp.arange(12.0).reshape(4, 3) / 9

told = Told()
say = told.say

BY = {
    "pure_callback": partial(jax.pure_callback, vmap_method="sequential"),
    "io_callback": io_callback,
}
THROUGH = {"eager": (lambda f: f, lambda f: f), "jit": (jax.jit, jax.jit), "compile": (nn.compile, jax.jit)}
"""How a function of ours is run, and one of JAX's."""


class Jaxs:
    """JAX's loops and branches under the names that ours have."""

    scan, while_loop, fori_loop = jax.lax.scan, jax.lax.while_loop, jax.lax.fori_loop
    cond, switch, map = jax.lax.cond, jax.lax.switch, jax.lax.map
    jit, vmap = jax.jit, jax.vmap
    grad, value_and_grad, jvp, vjp = jax.grad, jax.value_and_grad, jax.jvp, jax.vjp


def loop(of, ordered=False):
    def body(c, x):
        say("x", x, ordered)
        c = c * jnp.sin(x)
        say("c", c, ordered)
        return c, c

    return lambda x: of.scan(body, ONE, x)


def product(of):
    return lambda x: loop(of)(x)[0]


def nested(of):
    return lambda rows: of.scan(lambda c, x: (c + product(of)(x), None), ZERO, rows)[0]


def chosen(of):
    def told_first(x):
        say("first", x)
        return x

    return lambda x: of.switch(0, [told_first, jnp.sin], x)


def mapped_choice(of):
    """Of all examples all branches are told."""

    def told_first(x):
        say("first", x)
        return x

    return of.vmap(lambda x: of.cond(x > 2, told_first, jnp.sin, x))


def until(of):
    def step(x):
        say("step", x)
        return x + 2

    def goes_on(x):
        say("condition", x)
        return x < 9

    return lambda x: of.while_loop(goes_on, step, x.sum())


def fused(of):
    """What only computes may leave its loop; what is told stays where it is."""

    def first(c, x):
        say("first", x.sum())
        return c, jnp.tanh(x)

    def second(c, a):
        say("second", c.sum())
        return jnp.tanh(c @ W + a), c

    def run(rows):
        _, ys = of.scan(first, ZERO, rows)
        c, cs = of.scan(second, jnp.ones(3), ys @ W)
        return c.sum() + cs.sum()

    return run


def unused(of):
    def run(x):
        product(of)(x)
        return x

    return run


def carried_for_nothing(of):
    def body(c, x):
        say("c", c)
        return c * x, None

    def run(x):
        of.scan(body, ONE, x)
        return x

    return run


def equal_loops(of):
    return lambda x: product(of)(x) + product(of)(x)


def without_arguments(of):
    def body(c, x):
        jax.debug.callback(lambda: told.found.append("step"))
        return c, x

    return lambda x: of.scan(body, ZERO, x)


def keys(of):
    def body(c, key):
        jax.debug.callback(lambda key: told.found.append(str(jax.random.key_data(key))), key)
        return c, None

    return lambda x: of.scan(body, ZERO, jax.random.split(jax.random.key(0), 3))


def of_many_dtypes(of):
    def body(c, x):
        for dtype in (jnp.bfloat16, jnp.int8, jnp.uint32, jnp.bool_, jnp.complex64):
            jax.debug.callback(lambda x: told.found.append(str(np.asarray(x))), x.astype(dtype))
        return c, x

    return lambda x: of.scan(body, ZERO, x)


def printed(of):
    def body(c, x):
        jax.debug.print("{x} and {}", c, x=x)
        return c + x, None

    return lambda x: of.scan(body, ZERO, x)


def mapped_over(function, x=TWO):
    return lambda of: (lambda _: of.vmap(function(of))(x))


PLAIN = {
    "loop": loop,
    "nested": lambda of: lambda x: nested(of)(TWO),
    "choice": chosen,
    "mapped choice": mapped_choice,
    "while": until,
    "fused": lambda of: lambda _: fused(of)(ROWS),
    "unused": unused,
    "carried for nothing": carried_for_nothing,
    "equal loops": equal_loops,
    "no arguments": without_arguments,
    "keys": keys,
    "dtypes": of_many_dtypes,
    "unrolled": lambda of: lambda x: of.scan(lambda c, x: (say("x", x), (c, x))[1], ZERO, x, unroll=2),
    "one step": lambda of: lambda x: of.scan(lambda c, x: (say("x", x), (c, x))[1], ZERO, x[:1]),
    "no step": lambda of: lambda x: of.scan(lambda c, x: (say("x", x), (c, x))[1], ZERO, x[:0]),
    "counted": lambda of: lambda x: of.fori_loop(0, 3, lambda i, c: (say("i", i), c + 1)[1], x),
    "map": lambda of: lambda x: of.map(lambda x: (say("x", x), x + 1)[1], x),
    "jit": lambda of: lambda x: of.jit(lambda x: (say("x", x), x + 1)[1])(x),
    "vmap": mapped_over(loop),
    "vmap, shared argument": lambda of: lambda x: of.vmap(lambda y: (say("x", x), y)[1])(x),
    "vmap of none": lambda of: lambda x: of.vmap(lambda x: (say("x", x), x)[1])(TWO[:0]),
    "jvp": lambda of: lambda x: of.jvp(product(of), (x,), (x,)),
    "vjp": lambda of: lambda x: of.vjp(product(of), x)[1](jnp.float32(1)),
    "grad": lambda of: of.grad(product(of)),
    "value and grad": lambda of: of.value_and_grad(product(of)),
    "grad of fused": lambda of: lambda _: of.grad(fused(of))(ROWS),
    "grad of a choice": lambda of: lambda x: of.grad(chosen(of))(x[0]),
    "grad of grad": lambda of: of.grad(lambda x: of.grad(product(of))(x).sum()),
    "vmap of grad": mapped_over(lambda of: of.grad(product(of))),
    "grad of vmap": lambda of: lambda _: of.grad(lambda x: of.vmap(product(of))(x).sum())(TWO),
}


@pytest.mark.smoke
@pytest.mark.parametrize("through", ["eager", "compile"])
@pytest.mark.parametrize("name", PLAIN)
def test_as_often_as_by_jax(name, through):
    ours, jaxs = THROUGH[through]
    results, found = told.during(ours(PLAIN[name](functional)), X)
    expected, told_by_jax = told.during(jaxs(PLAIN[name](Jaxs)), X)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(jax.tree.leaves(results), jax.tree.leaves(expected))


BY_JAX = {
    "grad": lambda f: jax.grad(f),
    "value_and_grad": lambda f: jax.value_and_grad(f),
    "vmap": lambda f: lambda x: jax.vmap(f)(TWO),
    "vmap of grad": lambda f: lambda x: jax.vmap(jax.grad(f))(TWO),
    "jvp": lambda f: lambda x: jax.jvp(f, (x,), (x,)),
    "linearize": lambda f: lambda x: jax.linearize(f, x)[1](x),
    "grad of grad": lambda f: jax.grad(lambda x: jax.grad(f)(x).sum()),
    "scan": lambda f: lambda x: jax.lax.scan(lambda c, x: (c + f(x), None), 0.0, TWO)[0],
    "grad of scan": lambda f: lambda x: jax.grad(
        lambda rows: jax.lax.scan(lambda c, x: (c + f(x), None), ZERO, rows)[0]
    )(TWO),
}


@pytest.mark.parametrize("through", THROUGH)
@pytest.mark.parametrize("name", BY_JAX)
def test_jax_transforms_what_tells(name, through):
    ours, jaxs = THROUGH[through]
    results, found = told.during(ours(BY_JAX[name](product(functional))), X)
    expected, told_by_jax = told.during(jaxs(BY_JAX[name](product(Jaxs))), X)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(jax.tree.leaves(results), jax.tree.leaves(expected))


def test_what_is_printed(capfd):
    jax.block_until_ready(printed(functional)(X))
    jax.effects_barrier()
    found = capfd.readouterr().out
    jax.block_until_ready(printed(Jaxs)(X))
    jax.effects_barrier()
    assert found == capfd.readouterr().out != ""


def bounded(x):
    def step(c):
        say("step", c)
        return c * 0.5

    return functional.while_loop(lambda c: c > 1, step, x, max_trip_count=9)


def summed(x, checkpoint):
    def body(c, x):
        say("x", x)
        return c * jnp.sin(x), None

    return functional.scan(body, jnp.float32(1), x, checkpoint=checkpoint)[0]


AGAIN = {
    "a bounded loop": (bounded, jnp.float32(20)),
    "few carries": (partial(summed, checkpoint="binomial:2"), jnp.arange(1.0, 9.0)),
    "segments": (partial(summed, checkpoint="sqrt"), jnp.arange(1.0, 9.0)),
    "remat": (functional.remat(product(functional)), X),
    "remat of each step": (
        lambda x: functional.scan(functional.remat(lambda c, x: (say("x", x), (c * x, None))[1]), ONE, x)[0],
        X,
    ),
    "a policy": (
        functional.remat(product(functional), policy=nn.checkpoint_policies.dots_saveable),
        X,
    ),
}


@pytest.mark.parametrize("grad", [functional.grad, jax.grad])
@pytest.mark.parametrize("name", AGAIN)
def test_what_the_reverse_computes_again_is_told_once(name, grad):
    function, x = AGAIN[name]
    (_, found), expected = told.during(nn.compile(grad(function)), x), told.counted(function, x)
    assert Counter(found) == expected != Counter()


@pytest.mark.smoke
@pytest.mark.parametrize("through", THROUGH)
@pytest.mark.parametrize("by", BY)
def test_functions_that_return_something(by, through):
    def summed(of):
        def body(c, x):
            return c + told.sine(x, BY[by]), c

        return lambda x: (of.scan(body, ZERO, x), of.vmap(lambda x: of.scan(body, ZERO, x))(TWO))

    ours, jaxs = THROUGH[through]
    results, found = told.during(ours(summed(functional)), X)
    expected, told_by_jax = told.during(jaxs(summed(Jaxs)), X)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(jax.tree.leaves(results), jax.tree.leaves(expected))


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("grad", [functional.grad, jax.grad])
@pytest.mark.parametrize("through", [jax.jit, nn.compile])
def test_what_no_tangent_reaches_may_return_something(by, grad, through):
    def weighted(of):
        return lambda w: of.scan(lambda c, x: (c * w + told.sine(x, BY[by]), None), ZERO, X)[0]

    results, found = told.during(through(grad(weighted(functional))), 2.0)
    expected, told_by_jax = told.during(jax.grad(weighted(Jaxs)), 2.0)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(results, expected)


def test_a_rule_of_a_user_may_call_python():
    @jax.custom_vjp
    def sine(x):
        return told.sine(x, BY["pure_callback"])

    sine.defvjp(lambda x: (sine(x), x), lambda x, ct: (say("reverse", x), (ct * jnp.cos(x),))[1])

    def summed(of):
        return lambda x: of.scan(lambda c, x: (c + sine(x), None), ZERO, x)[0]

    results, found = told.during(functional.grad(summed(functional)), X)
    expected, told_by_jax = told.during(jax.grad(summed(Jaxs)), X)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(results, expected)


@pytest.mark.parametrize("by", BY)
def test_a_derivative_of_what_python_computes(by):
    with pytest.raises(LiftError, match=f"`{by}` has no derivative") as error:
        functional.grad(lambda x: told.sine(x, BY[by]))(2.0)
    assert "hint: give the function that calls it a rule (custom_jvp, custom_vjp)" in str(error.value)


def test_what_acts_on_the_world_is_not_called_for_examples_that_did_not_ask():
    act = partial(told.sine, by=io_callback)
    what = "`io_callback` would be called for examples"
    with pytest.raises(LiftError, match=f"{what} that take another branch"):
        functional.vmap(lambda x: functional.cond(x > 2, act, jnp.sin, x))(X)
    with pytest.raises(LiftError, match=f"{what} whose own loop has ended"):
        functional.vmap(lambda x: functional.while_loop(lambda x: x < 9, lambda x: x + 2 + 0 * act(x), x))(X)


def weighted(of, by=io_callback):
    return lambda w: of.scan(lambda c, x: (c * w + told.sine(x, by), None), ZERO, X)[0]


@pytest.mark.parametrize("through", [lambda f: f, jax.jit], ids=["op_by_op", "jit"])
def test_a_gradient_by_jax_calls_a_loop_s_functions_once(through):
    results, found = told.during(jax.grad(through(weighted(functional))), 2.0)
    expected, told_by_jax = told.during(jax.grad(through(weighted(Jaxs))), 2.0)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(results, expected)


def test_what_acts_on_the_world_does_so_once():
    """Of what costs little JAX asks for the gradient alone, outside of any trace."""
    with pytest.raises(LiftError, match="`io_callback` would be called a second time, for a derivative"):
        jax.grad(functional.jit(lambda w: w * told.sine(ZERO, io_callback)))(2.0)


def test_a_map_that_jax_has_no_rule_for():
    def sine(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    with pytest.raises(LiftError, match="JAX does not map `pure_callback`: "):
        functional.vmap(sine)(X)


# As they stand


def before_a_product(of, **options):
    """What does not depend on the carry could leave the loop, for all steps at once."""

    def twice(x):
        told.found.append(np.shape(x))
        return np.asarray(x) * 2

    def body(c, x):
        y = jax.pure_callback(twice, jax.ShapeDtypeStruct((3,), jnp.float32), jnp.sin(x), **options)
        return jnp.tanh(c @ W + jnp.tanh(y @ W)), c

    return lambda rows: of.scan(body, jnp.ones(3), rows)


def many_calls(of):
    @jax.jit
    def drawn(x):
        say("x", x)
        y = jax.pure_callback(lambda x: np.full(512, x), jax.ShapeDtypeStruct((512,), jnp.float32), x)
        for _ in range(8):
            y = jnp.sin(y) * 2 + 1
        return y

    return of.jit(lambda rows: sum(drawn(rows[0, 0] + number) for number in range(20)))


@pytest.mark.parametrize(
    "make",
    [before_a_product, partial(before_a_product, vmap_method="expand_dims"), many_calls],
    ids=["without a map", "mapped", "many calls"],
)
def test_python_is_called_as_it_stands(make):
    results, found = told.during(nn.compile(make(functional)), ROWS)
    expected, told_by_jax = told.during(jax.jit(make(Jaxs)), ROWS)
    assert Counter(found) == Counter(told_by_jax)
    assert_close(jax.tree.leaves(results), jax.tree.leaves(expected))


def test_a_condition_is_asked_once_for_each_step():
    asked = []

    def goes_on(_):
        asked.append(1)
        return np.bool_(len(asked) <= 4)

    def doubled(x):
        def condition(x):
            return io_callback(goes_on, jax.ShapeDtypeStruct((), jnp.bool_), jax.lax.stop_gradient(x))

        return functional.while_loop(condition, lambda x: x * 2, x, max_trip_count=20)

    for function in (doubled, functional.grad(doubled)):
        asked.clear()
        assert function(1.0) == 16
        assert len(asked) == 5


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("through", THROUGH)
def test_a_reverse_rule_tells(through, ordered):
    """Also where nobody uses the gradient, as JAX's does."""

    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    sine.defvjp(
        lambda x: (jnp.sin(x), x), lambda x, ct: (say("reverse", ct, ordered), (ct * jnp.cos(x),))[1]
    )

    def summed(of):
        return lambda x: of.scan(lambda c, x: (c * sine(x), None), ONE, x)[0]

    ours, jaxs = THROUGH[through]
    for grad in (
        jax.grad,
        lambda f: lambda x: jax.value_and_grad(f)(x)[0],
        lambda f: jax.grad(lambda x: jax.grad(f)(x).sum()),
    ):
        found = told.during(ours(grad(summed(functional))), X)[1]
        expected = told.during(jaxs(grad(summed(Jaxs))), X)[1]
        assert found == expected if ordered else Counter(found) == Counter(expected)
    if through == "eager":
        of_ours, of_jaxs = (jax.make_jaxpr(jax.grad(summed(of)))(X).effects for of in (functional, Jaxs))
        assert of_ours == of_jaxs == Program.trace(functional.grad(summed(functional)), X).effects


def test_checkpoint_of_jax_inside():
    def body(c, x):
        return jax.checkpoint(lambda c, x: (say("x", x, ordered=True), c * x)[1])(c, x), None

    found = told.during(jax.jit(lambda x: functional.scan(body, ONE, x)), X)[1]
    assert found == told.during(jax.jit(lambda x: jax.lax.scan(body, ONE, x)), X)[1] != []


@dataclass(frozen=True)
class Log:
    """Equal to others of its name, which is not to be one with them."""

    name: str
    found: list = field(compare=False)

    def __call__(self, x):
        self.found.append(float(x))


def test_functions_that_are_equal_are_not_the_same():
    logs = [Log("log", []), Log("log", [])]
    for log in logs:
        functional.scan(lambda c, x, log=log: (jax.debug.callback(log, x), (c, None))[1], ONE, X)
        jax.effects_barrier()
    assert [log.found for log in logs] == [list(X), list(X)]


# In order


def between(of):
    def run(x):
        say("before", x, ordered=True)
        c, _ = loop(of, ordered=True)(x)
        say("after", c, ordered=True)
        return c

    return run


def choices(of):
    def second(x):
        say("second", x, ordered=True)
        say("still", x, ordered=True)
        return x * 2

    def run(x):
        found = [of.switch(i, [jnp.sin, second, jnp.cos], x[0]) for i in range(3)]
        say("end", x, ordered=True)
        return sum(found)

    return run


def both_kinds(of):
    def body(c, x):
        say("c", c, ordered=True)
        return c + told.sine(x, partial(io_callback, ordered=True)), None

    return lambda x: of.scan(body, ZERO, x)[0]


@jax.jit
def layer(w, x):
    say("layer", x.sum(), ordered=True)
    return jnp.tanh(x * w)


def layers(of):
    def run(x):
        h = x
        for number in range(6):
            say("weight", x[0], ordered=True)
            h = layer(x + number, h)
        return h.sum()

    return run


IN_ORDER = {
    "loop": between,
    "choices": choices,
    "loops": lambda of: lambda x: (between(of)(x), between(of)(x + 1)),
    "while": lambda of: lambda x: of.while_loop(
        lambda c: c < 9, lambda c: (say("c", c, ordered=True), c + 2)[1], x[0]
    ),
    "debug and io": both_kinds,
    "layers": layers,
    "vmap": lambda of: of.vmap(lambda x: (say("a", x, ordered=True), say("b", x, ordered=True), x)[2]),
    "jit": lambda of: of.jit(lambda x: (say("a", x, ordered=True), say("b", x, ordered=True), x)[2]),
    "grad": lambda of: of.grad(between(of)),
    "jax.grad": lambda of: jax.grad(between(of)),
    "jax.value_and_grad": lambda of: jax.value_and_grad(layers(of)),
    "in a loop of JAX's": lambda of: lambda x: jax.lax.scan(
        lambda c, x: (between(of)(x), None), jnp.float32(0), TWO
    )[0],
}


@pytest.mark.smoke
@pytest.mark.parametrize("through", ["jit", "compile"])
@pytest.mark.parametrize("name", IN_ORDER)
def test_in_order(name, through):
    ours, jaxs = THROUGH[through]
    results, found = told.during(ours(IN_ORDER[name](functional)), X)
    expected, told_by_jax = told.during(jaxs(IN_ORDER[name](Jaxs)), X)
    assert found == told_by_jax
    assert_close(jax.tree.leaves(results), jax.tree.leaves(expected))


@pytest.mark.parametrize("how", ["inline", "outline", "roll"])
def test_layers_are_told_in_order(how):
    step, by_jax = jax.value_and_grad(layers(functional)), jax.jit(jax.value_and_grad(layers(Jaxs)))
    assert told.during(nn.compile(step, layers=how), X)[1] == told.during(by_jax, X)[1]


def test_no_order_in_the_condition_of_a_loop():
    def goes_on(x):
        say("x", x, ordered=True)
        return x < 9

    with pytest.raises(SideEffectError) as error:
        functional.while_loop(goes_on, lambda x: x + 2, 1.0)
    assert "a Python function that is called in order stands in the condition of a loop" in str(error.value)
    assert "hint: leave out `ordered=True`, or call it elsewhere" in str(error.value)


# Layers and programs


@jax.jit
def quiet_layer(w, x):
    return jnp.tanh(x * w)


@pytest.mark.parametrize("how", ["auto", "inline", "outline", "roll"])
@pytest.mark.parametrize("carry", [None, 1])
def test_layers_that_tell(how, carry):
    @jax.jit
    def layer(w, x):
        say("x", x.sum())
        return jnp.tanh(x * w)

    def loss(ws, x):
        for w in ws:
            x = quiet_layer(w, layer(w, x))
        return x.sum()

    def step(ws, x):
        value, gradients = jax.value_and_grad(loss)(ws, x)
        return [w - 0.1 * gradient for w, gradient in zip(ws, gradients, strict=True)], value

    def run(step):
        def steps(x):
            ws, values = [x + number for number in range(6)], []
            for _ in range(2):
                ws, value = step(ws, x)
                values.append(value)
            return values

        return told.during(steps, X)

    options = {} if carry is None else {"carry": carry}
    results, found = run(nn.compile(step, layers=how, **options))
    expected, told_by_jax = run(jax.jit(step))
    assert Counter(found) == Counter(told_by_jax)
    assert_close(results, expected)


def test_programs():
    program, by_jax = Program.trace(product(functional), X), product(Jaxs)
    for ours, jaxs, args in (
        (program, by_jax, X),
        (program.grad(), jax.grad(by_jax), X),
        (program.vmap(axis_size=2), jax.vmap(by_jax), TWO),
        (program.compile(), by_jax, X),
        (jax.jit(jax.vmap(jax.grad(program))), jax.vmap(jax.grad(by_jax)), TWO),
    ):
        (results, found), (expected, told_by_jax) = told.during(ours, args), told.during(jaxs, args)
        assert Counter(found) == Counter(told_by_jax)
        assert_close(results, expected)


def test_explain_names_callbacks():
    assert nn.explain(Program.trace(product(functional), X)).foreign == {"debug_callback": 2}


def test_an_artefact_holds_no_python_function(tmp_path):
    program = Program.trace(product(functional), X)
    with pytest.raises(SideEffectError, match="cannot hold the Python functions that the program calls"):
        program.save(tmp_path / "program.stablehlo")
    assert not list(tmp_path.iterdir())


def test_a_program_from_another_process(tmp_path):
    path = tmp_path / "program.mlir"
    traced = Program.trace(product(functional), X)
    traced.save(path)
    with pytest.raises(LiftError, match=r"allow_custom_calls=\['stablelift.callback'\]"):
        Program.load(path)
    here = Program.load(path, allow_custom_calls=["stablelift.callback"])
    for use in (lambda f: f, lambda f: jax.jit(jax.grad(f)), lambda f: jax.jit(lambda x: (f(x), x)[1])):
        assert told.counted(use(here), X) == told.counted(product(functional), X)
    script = (
        "import jax.numpy as jnp; from stablelift import Program\n"
        f"Program.load({str(path)!r}, allow_custom_calls=['stablelift.callback'])(jnp.ones(4))"
    )
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "is there only in the process that traced it" in elsewhere.stderr


def test_exports():
    """For several platforms, and for sizes that are not known, JAX calls back from no program."""
    what = "JAX calls back into Python on one platform, with arrays of known sizes"
    function = jax.jit(product(functional))
    with pytest.raises(SideEffectError, match=what):
        jax.export.export(function, platforms=("cpu", "cuda"))(X)
    (size,) = jax.export.symbolic_shape("n")

    def told_of_all(x):
        return functional.scan(lambda c, _: ((say("c", c), c + 1)[1], None), x, None, length=2)[0]

    with pytest.raises(SideEffectError, match=what):
        jax.export.export(jax.jit(told_of_all))(jax.ShapeDtypeStruct((size,), jnp.float32))


def test_a_callback_that_is_made_anew_is_compiled_once():
    """So is a lift outside of any trace: it is traced in each call."""
    functional.scan(tells_each_step, ZERO, X)
    before = _runner.cache_info().misses
    functional.scan(tells_each_step, ZERO, X)
    assert _runner.cache_info().misses == before


def tells_each_step(c, x):
    jax.debug.callback(hears, x)
    jax.debug.print("{}", x)
    return c + x, None


def hears(x):
    told.found.append(float(x))
