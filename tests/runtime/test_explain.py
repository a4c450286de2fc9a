"""`explain` says what passes did, which rules were JAX's, and what became of layers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import Program, functional
from tests.runtime.test_compile import Model, X, start, training_step


def test_a_program_with_nothing_to_say():
    assert str(nn.explain(Program.trace(jnp.sin, 1.0))) == "nothing to remark"


def test_a_mapped_switch_computes_every_branch():
    def choose(index, x):
        return functional.switch(index, [jnp.sin, jnp.cos], x)

    program = Program.trace(functional.vmap(choose), jnp.arange(3), jnp.arange(3.0))
    (remark,) = nn.explain(program).remarks
    assert (remark.by, remark.what, remark.why) == (
        "lift-batching",
        "computes every branch of a switch",
        "its index differs between examples",
    )
    assert "test_explain.py:" in str(remark)


def test_foreign_rules_are_counted():
    program = Program.trace(functional.grad(lambda x: jnp.linalg.eigh(x @ x.T)[0].sum()), jnp.ones((3, 3)))
    explanation = nn.explain(program)
    assert explanation.foreign == {"eigh": 1}
    assert "`eigh`: rules of JAX's own for 1 op" in str(explanation).splitlines()


def test_a_compiled_function():
    model = Model()
    step = nn.compile(training_step(model, functional.value_and_grad), carry=2, layers="roll")
    with pytest.raises(ValueError, match="nothing is compiled yet"):
        nn.explain(step)
    step.prepare(*start(model), X)
    text = str(nn.explain(step))
    assert text.startswith("equal layers: roll: as asked for")
    assert "rolled 6 calls of `Block__fwd`: a loop over" in text or "rolled 5 calls of `Block__fwd" in text
    assert "a loop backwards over" in text
    assert "bytes to its reverse, not" in text
    remarks = nn.explain(step).remarks  # a loop that was rolled has the place of the first layer in it
    assert {remark.by for remark in remarks} >= {"lift-roll", "lift-hoist"}
    assert all(remark.place and "test_compile.py:" in remark.place for remark in remarks), text


def test_what_each_reverse_keeps():
    def loss(w, xs):
        def step(c, x):
            return jnp.tanh(c @ w) * jnp.exp(x), None

        return functional.scan(step, jnp.ones((3, 5)), xs)[0].sum()

    program = Program.trace(functional.grad(loss), jnp.ones((5, 5)), jnp.ones((7, 3, 5)))
    (partition,) = nn.explain(program).partitions
    assert (partition.steps, partition.policy) == (7, "auto")
    kept = [(value.fate, value.size_bytes, value.op) for value in partition.values]
    assert kept == [
        ("saved", 7 * 60, "stablehlo.tanh"),
        ("saved", 7 * 60, "carry"),
        ("recomputed", 7 * 60, "stablehlo.exponential"),
    ]
    lines = str(nn.explain(program)).splitlines()
    head = "`step_1__fwd`, 7 steps, policy auto: 840 B saved, 420 B recomputed; JAX's rule would save 1.26 kB"
    assert head in lines
    start = "  saved          420 B  stablehlo.tanh : tensor<3x5xf32>  "
    assert any(line.startswith(start) for line in lines)


def test_outlined_and_packed_calls():
    class Deep(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(5):
                x = nn.Dense(6)(x)
            return x

    init = Program.trace(Deep().init, jax.random.key(0), X)
    packed = "packed 5 calls of `Dense`: they do not wait for each other, and take little"
    assert packed in str(nn.explain(init))
    forward = nn.compile(Model().apply, layers="outline")
    forward.prepare(Model().init(jax.random.key(0), X), X)
    assert "kept 6 calls of `Block`: XLA compiles the function once" in str(nn.explain(forward))
