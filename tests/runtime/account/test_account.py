"""The account of a compilation: its stages, what the finished program does, as data and as tables."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import pytest
from rich.console import Console

import stablelift as nn
from stablelift import Program, functional
from stablelift.runtime.account import account_of
from stablelift.runtime.account.census import census_of
from stablelift.runtime.account.plain import plain
from stablelift.runtime.account.stages import LONGEST_LINE, functions_of, operations_in
from stablelift.runtime.account.tables import tables
from tests.runtime.test_compile import Model, X, start, training_step


def recurrent(w, h, xs):
    def step(h, x):
        return jnp.tanh(h @ w) * jnp.exp(x), None

    return functional.scan(step, h, xs)[0].sum() + jnp.linalg.eigh(w @ w.T)[0].sum()


@pytest.fixture(scope="module")
def account():
    shapes = ((5, 5), (3, 5), (7, 3, 5))
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    return account_of(Program.trace(functional.grad(recurrent), *arguments))


def test_stages_are_the_passes_that_ran(account):
    names = [stage.name for stage in account.stages]
    assert names[:2] == ["traced", "lift-verify"] and names[-1] == "symbol-dce"
    assert "lift.vjp" in account.stages[0].functions["main"]
    assert "lift." not in "".join(account.stages[-1].functions.values())
    assert list(account.stages[-1].functions) == ["main"]
    assert account.stages[0].seconds == 0 and account.seconds > 0


def test_what_is_kept_saves_memory(account):
    (partition,) = account.explanation.partitions
    assert partition.size_bytes("recomputed") > 0
    assert account.memory.peak_bytes < account.memory_without_remat.peak_bytes


def test_loops_and_flops(account):
    assert [loop.steps for loop in account.census.loops] == [7, 7]
    assert all(loop.place and "test_account.py:" in loop.place for loop in account.census.loops)
    assert account.census.bounded
    product = 2 * 3 * 5 * 5
    forward, backward = (loop.flops for loop in account.census.loops)
    assert product < forward < 1.5 * product and 2 * product < backward < 3.5 * product
    assert 7 * (forward + backward) < account.census.flops < 7 * (forward + backward) + 4000


def test_flops_are_those_of_xla():
    def layers(x, w):
        for _ in range(3):
            x = jnp.tanh(x @ w) + x
        return x.sum()

    program = Program.trace(functional.grad(layers), jnp.ones((16, 64)), jnp.ones((64, 64)))
    xla = program.compile().cost_analysis()
    counted = (xla[0] if isinstance(xla, list) else xla)["flops"]
    assert abs(census_of(program.finished.bytecode).flops - counted) < 0.02 * counted


def test_as_data(account):
    about = json.loads(json.dumps(plain(account)))
    assert about["program"] == "recurrent"
    assert about["foreign"] == {"eigh": 1}
    assert [entry["name"] for entry in about["passes"]] == [stage.name for stage in account.stages]
    by_name = {entry["name"]: entry for entry in about["passes"]}
    assert "recurrent__vjp" in by_name["lift-derivatives"]["changed"]
    assert by_name["lift-verify"]["changed"] == []
    (partition,) = about["partitions"]
    assert partition["times"] == 1 and partition["bytes"]["saved"] > 0
    assert about["memory"]["peak_bytes"] == account.memory.peak_bytes
    assert about["memory_without_remat"]["peak_bytes"] == account.memory_without_remat.peak_bytes


def test_as_tables(account):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(tables(account))
        text = console.export_text()
    for title in (
        "Passes",
        "Decisions",
        "Kept by step_1__fwd, 7 steps: policy auto",
        "Loops",
        "Rules of JAX's own",
    ):
        assert title in text
    assert "without rematerialisation" in text
    assert "recurrent" in text.splitlines()[0]


def test_a_compiled_function_is_watched_with_the_passes_it_had():
    model = Model()
    step = nn.compile(training_step(model, functional.value_and_grad), carry=2, layers="roll")
    step.prepare(*start(model), X)
    before = step.latest[1].finished
    account = account_of(step)
    assert "lift-roll" in [stage.name for stage in account.stages]
    assert account.explanation.layers == step.choice
    assert step.latest[1].finished is before
    assert census_of(before.bytecode) == account.census  # the same passes, with the same effect


def test_steps_that_depend_on_values():
    program = Program.trace(
        lambda x: functional.while_loop(lambda x: x.sum() < 9, lambda x: 2 * x, x), jnp.ones(3)
    )
    account = account_of(program)
    assert [loop.steps for loop in account.census.loops] == [None]
    assert not account.census.bounded
    assert plain(account)["loops"][0]["steps"] is None
    assert plain(account)["memory_without_remat"] is None


def test_functions_of_a_text():
    text = """module {
  func.func private @outside(tensor<f32>) -> tensor<f32>
  func.func public @"a b"(%x: tensor<f32>) -> tensor<f32> {
    %c = stablehlo.constant dense<1.0> : tensor<f32>
    %0 = stablehlo.add %x, %c : tensor<f32>
    return %0 : tensor<f32>
  }
}
"""
    found = functions_of(text)
    assert list(found) == ["outside", '"a b"']
    assert found['"a b"'].splitlines()[0].startswith('func.func public @"a b"')
    assert found['"a b"'].splitlines()[-1] == "}"
    assert operations_in(found['"a b"']) == 1
    long = functions_of(text.replace("1.0", "1" * 2 * LONGEST_LINE))
    assert max(map(len, long['"a b"'].splitlines())) < LONGEST_LINE + 3
