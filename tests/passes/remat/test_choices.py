"""The cut and the integer program against every choice there is, on random blocks; budgets of regions."""

from functools import partial
from itertools import product

import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift import Program, checkpoint_policies, explain, functional
from stablelift.errors import LiftError
from stablelift.ir.mlir import context, functions, parse
from stablelift.ir.region import returned, used_by
from stablelift.ir.types import byte_size
from stablelift.passes.remat import cost
from stablelift.passes.remat.cut import EXPENSIVE, cheapest, is_repeatable
from stablelift.passes.remat.knapsack import within
from stablelift.passes.remat.network import network_of

OPS = ("sine", "tanh", "negate", "sqrt")


@st.composite
def blocks(draw):
    """The text of a function of two arguments and up to six ops, of which it returns some."""
    lines, names = [], ["%x", "%y"]
    for index in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["unary", "add", "dot"]))
        one, two = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        if kind == "unary":
            lines.append(f"%{index} = stablehlo.{draw(st.sampled_from(OPS))} {one} : tensor<3x3xf32>")
        elif kind == "add":
            lines.append(f"%{index} = stablehlo.add {one}, {two} : tensor<3x3xf32>")
        else:
            types = "(tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>"
            product = f"stablehlo.dot_general {one}, {two}, contracting_dims = [1] x [0]"
            lines.append(f"%{index} = {product} : {types}")
        names.append(f"%{index}")
    wanted = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    types = ", ".join(["tensor<3x3xf32>"] * len(wanted))
    body = "\n".join([*lines, f"return {', '.join(wanted)} : {types}"])
    return f"func.func @f(%x: tensor<3x3xf32>, %y: tensor<3x3xf32>) -> ({types}) {{\n{body}\n}}"


def made(wanted, saved, free, allowed):
    """The ops that make the wanted values from the saved and the free ones; None if one may not be."""
    ops, pending, seen = {}, list(wanted), {*saved, *free}
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if not hasattr(value.owner, "opview") or not is_repeatable(value.owner.operation, allowed):
            return None
        ops[value] = value.owner.operation
        pending.extend(used_by(value.owner.operation))
    return list(ops.values())


def bytes_of(value):
    return byte_size(value.type)


def size(values):
    return sum(map(bytes_of, values))


def every_choice(block):
    values = [*block.arguments, *(op.operation.results[0] for op in list(block.operations)[:-1])]
    for flags in product([False, True], repeat=len(values)):
        yield [value for value, flag in zip(values, flags, strict=True) if flag]


@settings(max_examples=60, deadline=None)
@given(blocks(), st.booleans())
def test_the_cut_is_the_cheapest_choice(text, weighs):
    with context() as ctx:
        module = parse(text, ctx)
        block = functions(module)["f"].regions[0].blocks[0]
        wanted, free = list(dict.fromkeys(returned(block))), {block.arguments[0]}

        def price(saved):
            ops = made(wanted, saved, free, ())
            if ops is None:
                return None
            return cost.SAVING * size(saved) + (sum(map(work, ops)) if weighs else 0)

        def work(op):
            return int(cost.recomputing(op)) if weighs else 0

        network, values = network_of(wanted, free, bytes_of, work, is_repeatable)
        found = [values[number] for number in cheapest(network, cost.SAVING, 1)]
        prices = [each for each in map(price, every_choice(block)) if each is not None]
        assert price(found) == min(prices)


@settings(max_examples=60, deadline=None)
@given(blocks(), st.integers(0, 4))
def test_the_integer_program_is_the_best_choice_within_its_bound(text, count):
    with context() as ctx:
        module = parse(text, ctx)
        block = functions(module)["f"].regions[0].blocks[0]
        wanted, free = list(dict.fromkeys(returned(block))), {block.arguments[0]}
        bound = count * 36

        def work(saved):
            ops = made(wanted, saved, free, EXPENSIVE)
            return None if ops is None else sum(map(cost.recomputing, ops)) + size(saved) / 4

        choices = [saved for saved in every_choice(block) if size(saved) <= bound]
        best = min((each for each in map(work, choices) if each is not None), default=None)
        dear = partial(is_repeatable, allowed=EXPENSIVE)
        network, values = network_of(wanted, free, bytes_of, cost.recomputing, dear)
        numbers = within(network, 1 / 4, bound)
        found = None if numbers is None else [values[number] for number in numbers]
        if best is None:
            assert found is None
        else:
            assert found is not None and size(found) <= bound and work(found) == pytest.approx(best)


# Budgets of regions


def deep(x, w):
    for _ in range(4):
        x = jnp.tanh(x @ w)
    return x


def saved_bytes(size):
    remat = functional.checkpoint(deep, policy=checkpoint_policies.budget(size))
    program = Program.trace(
        functional.grad(lambda x, w: remat(x, w).sum(), (0, 1)), jnp.ones((6, 5)), jnp.ones((5, 5))
    )
    (partition,) = explain(program).partitions
    return partition.size_bytes("saved")


def test_a_budget_bounds_what_a_region_keeps():
    found = [saved_bytes(size) for size in (0, 119, 120, "0.25KB", 360, "1GiB")]
    assert found == [0, 0, 120, 240, 360, 480]
    assert [saved_bytes(part) for part in (0.0, 0.5, 1.0)] == [0, 240, 480]


def test_a_budget_that_a_region_cannot_meet():
    def loss(x, w):
        step = lambda c, _: (jnp.tanh(c @ w), None)  # noqa: E731
        return functional.scan(step, x, length=7)[0].sum()

    program = Program.trace(functional.grad(loss), jnp.ones((6, 5)), jnp.ones((5, 5)))
    with pytest.raises(LiftError) as caught:
        program.after_passes(remat=checkpoint_policies.budget(500))
    assert str(caught.value) == (
        "error: 500 bytes are too small a budget for what this reverse keeps\n"
        "  hint: the smallest that can be met is 840 bytes"
    )
    assert program.after_passes(remat=checkpoint_policies.budget(840)).finished.bytecode


def test_ops_that_are_repeated_all_the_same():
    policy = checkpoint_policies.repeating(checkpoint_policies.min_cut, "stablehlo.dot_general")
    remat = functional.checkpoint(deep, policy=policy)
    gradient = functional.grad(lambda x, w: remat(x, w).sum())
    program = Program.trace(gradient, jnp.ones((6, 5)), jnp.ones((5, 5)))
    (partition,) = explain(program).partitions
    assert partition.policy == 'min_cut("stablehlo.dot_general")' and partition.size_bytes("saved") == 0
