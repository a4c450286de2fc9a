"""What is compiled goes when its function does, with all that it holds: JAX's caches keep neither."""

from __future__ import annotations

import gc
import weakref

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import Program, functional
from stablelift.errors import SideEffectError


def compiled(function):
    return nn.compile(function)


def rolled(function):
    return nn.compile(function, layers="roll")


def traced(function):
    return Program.trace(function, jnp.ones(3))


DOORS = {"compile": compiled, "roll": rolled, "Program": traced, "jax.jit": jax.jit}




@pytest.mark.parametrize("door", DOORS)
def test_a_function_that_is_gone_is_not_kept(door):
    def one():
        def hear(x):
            del x

        def double(x):
            jax.debug.callback(hear, x)
            return x * 2.0

        run = DOORS[door](double)
        run(jnp.ones(3))
        jax.effects_barrier()
        return [weakref.ref(one) for one in (hear, double)]

    kept = one()
    gc.collect()
    assert [ref() for ref in kept] == [None, None]


def test_arguments_are_not_kept():
    run = nn.compile(lambda x, y: (x + y, y.sum()))
    x, y = jnp.ones(3), jnp.zeros(3)
    run(x, y)
    kept = weakref.ref(x), weakref.ref(y)
    del x, y
    gc.collect()
    assert [ref() for ref in kept] == [None, None]


def test_a_program_keeps_what_it_calls():
    found = []

    def function(x):
        jax.debug.callback(lambda x: found.append(float(x)), x)
        return functional.scan(lambda c, x: (c * x, c), x, jnp.arange(3.0))[0]

    program = Program.trace(function, 1.0)
    mapped, optimised = program.vmap(axis_size=2), program.vmap(axis_size=2).optimize()
    del program, function
    gc.collect()
    mapped(jnp.ones(2))
    gc.collect()
    optimised(2 * jnp.ones(2))
    jax.effects_barrier()
    assert found == [1.0, 1.0, 2.0, 2.0]


def test_a_file_calls_what_its_program_calls_as_long_as_that_lives(tmp_path):
    found, path = [], tmp_path / "told.mlir"
    program = Program.trace(lambda x: jax.debug.callback(lambda x: found.append(float(x)), x), 1.0)
    program.save(path)
    loaded = Program.load(path, allow_custom_calls=["stablelift.callback"])
    del program
    gc.collect()
    loaded(3.0)
    jax.effects_barrier()
    assert found == [3.0]
    del loaded
    gc.collect()
    late = Program.load(path, allow_custom_calls=["stablelift.callback"])
    with pytest.raises(SideEffectError, match="only in the process that traced it, beside the program"):
        late(3.0)
