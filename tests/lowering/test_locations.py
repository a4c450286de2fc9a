"""Ops know the user's file and line, before the passes and after."""

import inspect

import jax
import jax.numpy as jnp
import pytest

from stablelift import functional
from stablelift.ir.location import where
from stablelift.ir.mlir import context, parse, walk
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = jnp.ones((3, 4))


def places(program):
    """The set of places of the ops of each name."""
    with context() as ctx:
        found = {}
        module = parse(program.bytecode, ctx)
        for op in walk(module.operation):
            place = where(op.location)
            if place is not None:
                found.setdefault(op.operation.name, set()).add(place.rsplit(":", 1)[0])
        return found


def model(x):
    y = jnp.tanh(x)
    return functional.vmap(lambda row: jnp.sin(row))(y)


def line(offset, function=model):
    return f"{__file__}:{inspect.getsourcelines(function)[1] + offset}"


def test_lifts_and_what_is_in_them():
    found = places(Program.trace(model, X))
    assert found["stablehlo.tanh"] == {line(1)}
    assert found["lift.vmap"] == found["stablehlo.sine"] == {line(2)}


def test_after_the_passes():
    found = places(Program.trace(functional.vmap(model), X[None]).optimize())
    assert found["stablehlo.tanh"] == {line(1)}
    assert found["stablehlo.sine"] == {line(2)}


def test_reverse_mode_points_at_the_forward_op():
    found = places(Program.trace(functional.grad(lambda x: model(x).sum()), X).optimize())
    assert found["stablehlo.cosine"] == {line(2)}
    assert found["stablehlo.tanh"] == {line(1)}


def structured(x):
    y = jax.lax.scan(lambda c, a: (c + a, c * a), x[0], x)[1]
    return jax.lax.cond(y[0, 0] > 0, jnp.sin, jnp.cos, y)


def test_structured_ops():
    found = places(Program.trace(structured, X))
    assert found["lift.scan"] == {line(1, structured)}
    assert found["lift.switch"] == {line(2, structured)}


def test_no_line_is_ours():
    import stablelift

    package = stablelift.__path__[0]
    program = Program.trace(lambda x: functional.value_and_grad(lambda y: model(y).sum())(x), X)
    everywhere = set().union(*places(program).values(), *places(program.optimize()).values())
    assert not [place for place in everywhere if place.startswith(package)]
