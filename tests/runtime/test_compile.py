"""`compile`: equal layers inlined, outlined or rolled give the same results, and state reads as its tree."""

from __future__ import annotations

import copy
import pickle
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.ad_checkpoint import checkpoint_name

import stablelift as nn
from stablelift import functional
from stablelift.runtime.carried import Carried

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (5, 6))
OPTIMISER = optax.adam(1e-2)


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, scale):
        h = nn.tanh(nn.Dense(7)(nn.LayerNorm()(x)))
        return x + scale * nn.Dense(x.shape[-1])(h)


class Model(nn.Module):
    depth: int = 6
    scaled: bool = True

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, ()) if self.scaled else 0.5
        for _ in range(self.depth):
            x = Block()(x, scale)
        return nn.Dense(2)(x)


def training_step(model, value_and_grad):
    def step(params, state, x):
        def loss(params):
            return (model.apply(params, x) ** 2).mean()

        value, gradients = value_and_grad(loss)(params)
        updates, state = OPTIMISER.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, value

    return step


def start(model):
    params = model.init(KEY, X)
    return params, OPTIMISER.init(params)


def run(step, params, state, steps=3):
    losses = []
    for _ in range(steps):
        params, state, loss = step(params, state, X)
        losses.append(float(loss))
    return params, state, losses


def assert_trees_close(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for path, leaf in jax.tree_util.tree_leaves_with_path(found):
        other = dict(jax.tree_util.tree_leaves_with_path(expected))[path]
        assert leaf.shape == other.shape and leaf.dtype == other.dtype, path
        np.testing.assert_allclose(leaf, other, rtol=2e-4, atol=2e-5, err_msg=jax.tree_util.keystr(path))


@pytest.fixture(scope="module")
def reference():
    model = Model()
    return run(jax.jit(training_step(model, jax.value_and_grad)), *start(model))


@pytest.mark.smoke
@pytest.mark.parametrize("layers", ["auto", "inline", "outline", "roll"])
def test_every_form_trains_alike(layers, reference):
    model = Model()
    step = nn.compile(training_step(model, functional.value_and_grad), carry=2, layers=layers)
    params, state, losses = run(step, *start(model))
    np.testing.assert_allclose(losses, reference[2], rtol=1e-5)
    assert_trees_close(jax.tree.map(lambda x: x, params), reference[0])
    assert_trees_close(jax.tree.map(lambda x: x, state), reference[1])


@pytest.mark.parametrize("layers", ["outline", "roll"])
def test_jax_may_take_the_gradient(layers, reference):
    model = Model()
    step = nn.compile(training_step(model, jax.value_and_grad), carry=2, layers=layers)
    _, _, losses = run(step, *start(model))
    np.testing.assert_allclose(losses, reference[2], rtol=1e-5)


def choice_of(depth, carry):
    """What `auto` makes of a step of a model of this depth, without compiling it."""
    step = nn.compile(training_step(Model(depth=depth), functional.value_and_grad), carry=carry)
    assert step.choice is None
    step.prepare(*start(Model(depth=depth)), X)
    return step.choice


def test_auto_weighs_compile_time_against_the_cost_of_a_call():
    assert choice_of(2, 2) == ("inline", "no submodule is called 3 times or more", ())
    deep = choice_of(30, 2)
    assert deep.layers == "roll"
    assert re.sub(r"\d\.\d s", "N s", deep.why) == (
        "a submodule is called 30 times: compiles in about N s, +0.6 ms a call; inline in N s; "
        "outline in N s, +0.3 ms a call"
    )
    inline, outline, roll = deep.estimates
    assert min(deep.estimates, key=lambda estimate: estimate.seconds) is roll
    assert (inline.call_seconds, inline.bytes) == (0.0, 0)
    # Without a carry the updates stay unrolled, and the layers' parameters are stacked in every call.
    _, same, loose = choice_of(30, 0).estimates
    assert same.compile_seconds == outline.compile_seconds
    assert loose.bytes > 0 == roll.bytes and loose.seconds > roll.seconds


def test_auto_keeps_small_and_shallow_programs_as_they_are():
    assert choice_of(5, 2).layers == "inline"
    forward = nn.compile(Model(depth=30).apply)
    forward.prepare(jax.eval_shape(Model(depth=30).init, KEY, X), X)
    assert forward.choice.layers == "inline"


def rolled_step(**options):
    model = Model()
    step = nn.compile(training_step(model, functional.value_and_grad), carry=2, layers="roll", **options)
    return step, *start(model)


@pytest.mark.smoke
@pytest.mark.parametrize("scaled", [False, True])
def test_the_rolled_program_does_not_grow_with_depth(scaled):
    sizes = []
    for depth in (10, 15):  # numbers that no other axis has
        model = Model(depth=depth, scaled=scaled)
        step = nn.compile(training_step(model, functional.value_and_grad), carry=2, layers="roll")
        params, state = start(model)
        step.prepare(params, state, X)
        program = str(step._variant(params, state, X).program)
        assert "stablehlo.concatenate" not in program
        sizes.append(program.count("\n"))
    assert sizes[0] == sizes[1]


def test_what_is_carried_reads_like_its_tree():
    step, params, state = rolled_step()
    found, _, _ = step(params, state, X)
    assert isinstance(found, Carried)
    assert set(found) == {"params"} and len(found) == 1 and "params" in found
    assert sorted(found["params"]) == sorted(params["params"])
    assert found["params"]["Block_3"]["Dense_0"]["kernel"].shape == (6, 7)
    assert sorted(found.keys()) == ["params"]
    assert found.block_until_ready() is found
    assert repr(found).startswith("Carried({'params': ")
    with pytest.raises(AttributeError, match="nothing"):
        _ = found.nothing
    assert Model().apply(found.tree, X).shape == (5, 2)


def test_modules_take_what_is_carried():
    model = Model()
    params = model.init(KEY, X)
    expected = model.apply(params, X)
    for carried, given in ((params, lambda it: it), (params["params"], lambda it: {"params": it})):
        found, _ = nn.compile(lambda carried: (carried, 0), carry=1, layers="roll")(carried)
        assert isinstance(found, Carried)
        np.testing.assert_array_equal(model.apply(given(found), X), expected)
        np.testing.assert_array_equal(model.bind(given(found))(X), expected)


@pytest.mark.parametrize("options", [{"carry": 1}, {"donate": True}, {"donate": 0}])
@pytest.mark.parametrize("state_of", [lambda params, state: params, lambda params, state: (params, state)])
def test_the_state_may_be_all_that_is_returned(options, state_of):
    state = state_of(*start(Model()))

    def shrink(state, x):
        return jax.tree.map(lambda leaf: (0.5 * leaf + x.sum()).astype(leaf.dtype), state)

    expected = shrink(shrink(state, X), X)
    step = nn.compile(shrink, layers="roll", **options)
    first = step(state, X)
    assert isinstance(first, Carried)
    assert_trees_close(step(first, X).tree, expected)


def test_one_array_that_is_carried_is_an_array():
    """A key, a count of steps."""

    def count(key, steps, x):
        key, sub = jax.random.split(key)
        return key, steps + 1, x + jax.random.normal(sub, x.shape)

    step = nn.compile(count, carry=3, layers="roll", donate=True)
    key, steps, x = jax.random.key(5), jnp.int32(0), X + 0
    expected = count(*count(key, steps, X))
    found = step(*step(key, steps, x))
    assert all(isinstance(each, jax.Array) for each in found) and int(found[1]) == 2
    assert (jax.random.key_data(found[0]) == jax.random.key_data(expected[0])).all()
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-6)


def test_numbers_of_python_stay_weakly_typed():
    """As under `jax.jit`: what comes back has the types of what went in, for which the step is traced."""

    class Scaled(nn.Module):
        @nn.compact
        def __call__(self, x, scales):
            for scale in scales:
                x = Block()(x, scale)
            return x

    model, scales = Scaled(), [0.5, 0.25, 2.0, 1.0]
    traced = []

    def step(state, count, x):
        traced.append(x.shape)
        gradients = functional.grad(lambda params: (model.apply(params, x, state["scales"]) ** 2).sum())(
            state["params"]
        )
        params = jax.tree.map(lambda p, g: p - state["rate"] * g, state["params"], gradients)
        scales = [0.5 * scale for scale in state["scales"]]
        return {"params": params, "scales": scales, "rate": 2 * state["rate"]}, count + 1, x.sum()

    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), model.init(KEY, X, scales))
    start = {"params": params, "scales": scales, "rate": 0.125}, 0
    x = X.astype(jnp.bfloat16)
    expected = jax.jit(step)(*start, x)
    compiled = nn.compile(step, carry=2, layers="roll")
    state, count, _ = compiled(*start, x)
    assert any(array.shape == (3,) and array.weak_type for array in state.arrays)
    found = jax.tree.map(jax.typeof, (state.tree, count))
    assert found == jax.tree.map(jax.typeof, expected[:2])
    assert jax.typeof(count).weak_type and jax.typeof(state["scales"][2]).weak_type
    compiled(state.tree, count, x)
    state, count, _ = compiled(state, count, x)
    assert len(traced) == 2 and int(count) == 2
    assert [float(scale) for scale in state["scales"]] == [0.125, 0.0625, 0.5, 0.25]


def test_what_is_written_into_what_is_carried_counts():
    """Into its tree, at any depth, and into itself, before it is read and between steps."""
    model, optimiser = Model(), optax.inject_hyperparams(optax.sgd)(1e-2)

    def step(params, state, x):
        gradients = functional.grad(lambda params: (model.apply(params, x) ** 2).mean())(params)
        updates, state = optimiser.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    def train(step):
        params = model.init(KEY, X)
        params, state = step(params, optimiser.init(params), X)
        state.hyperparams["learning_rate"] = 0.5
        params, state = step(params, state, X)
        params["params"]["Block_3"]["Dense_0"]["kernel"] = jnp.ones((6, 7))
        params, state = step(params, state, X)
        state = state._replace(count=state.count + 1)
        params["params"]["Block_4"]["Dense_0"]["bias"] = np.float16([1, 2, 3, 4, 5, 6, 7])
        kinds = jax.tree.map(jax.typeof, params)
        params["params"] = {**params["params"], "scale": jnp.float32(2)}
        expected = params["params"]["Block_2"]["Dense_1"]["kernel"]
        assert params | {} == {} | params and params["params"]["Block_2"]["Dense_1"]["kernel"] is expected
        return kinds, params, state

    kinds, params, state = train(nn.compile(step, carry=2, layers="roll"))
    expected = train(jax.jit(step))
    assert isinstance(params, Carried) and kinds == expected[0]
    assert_trees_close(jax.tree.map(lambda x: x, params), expected[1])
    assert_trees_close(jax.tree.map(lambda x: x, state), expected[2])


def test_what_is_written_is_stacked_and_nothing_else():
    step, params, state = rolled_step()
    first, second, _ = step(params, state, X)
    before = list(first.arrays)
    first["params"]["Block_3"]["Dense_0"]["kernel"] = jnp.ones((6, 7))
    expected = jax.jit(training_step(Model(), functional.value_and_grad))(first.tree, second.tree, X)
    found = step(first, second, X)
    changed = [one for one, other in zip(first.arrays, before, strict=True) if one is not other]
    assert len(changed) == 1 and changed[0].shape[1:] == (6, 7)
    assert_trees_close(found[0].tree, expected[0])
    bias = np.ones(7, np.float32)
    first["params"]["Block_3"]["Dense_0"]["bias"] = bias
    for factor in (1, 2):
        bias *= factor
        expected = step(first.tree, second, X)[0].tree
        assert_trees_close(step(first, second, X)[0].tree, expected)
    with pytest.raises(TypeError, match="does not support item assignment"):
        second[0] = second[1]
    with pytest.raises(AttributeError):
        second.count = 0


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_what_is_carried_is_the_tree(copied):
    step, params, state = rolled_step()
    params, _, _ = step(params, state, X)
    found = copied(params)
    assert type(found) is dict
    assert_trees_close(found, params.tree)


def test_inside_of_a_trace_the_state_comes_back_as_its_tree():
    step, params, state = rolled_step()
    first, second, _ = jax.jit(step)(params, state, X)
    expected = step(params, state, X)
    assert_trees_close((first, second), (expected[0].tree, expected[1].tree))
    kinds = []

    def twice(state, _):
        state = step(*state, X)[:2]
        kinds.append([type(each) for each in state])
        return state, None

    (found, _), _ = functional.scan(twice, (params, state), None, length=2)
    assert_trees_close(found, step(*expected[:2], X)[0].tree)
    assert kinds[0] == [dict, tuple]
    stacks = jax.tree.map(lambda x: jnp.stack([x, x]), params)
    axes = {"params": 0}
    found = jax.vmap(step, (axes, None, None), (axes, 0, 0))(stacks, state, X)[0]
    assert_trees_close(jax.tree.map(lambda x: x[1], found), expected[0].tree)


def test_what_is_carried_goes_through_loops():
    step, params, state = rolled_step()
    params, _, _ = step(params, state, X)
    assert isinstance(params, Carried)

    def doubled(params):
        assert type(params) is dict
        return jax.tree.map(lambda x: 2 * x, params)

    expected = jax.tree.map(lambda x: 4 * x, params.tree)
    for found in (
        functional.scan(lambda params, _: (doubled(params), None), params, None, length=2)[0],
        functional.fori_loop(0, 2, lambda _, params: doubled(params), params),
        functional.while_loop(lambda c: c[0] < 2, lambda c: (c[0] + 1, doubled(c[1])), (0, params))[1],
    ):
        assert_trees_close(found, expected)


def test_a_plain_tree_and_what_another_program_carries_may_come_in():
    step, params, state = rolled_step()
    expected = step(params, state, X)
    found = step(jax.tree.map(lambda x: x, params), state, X)
    assert_trees_close(found[0].tree, expected[0].tree)
    params, state, _ = expected
    smaller = step(params, state, X[:3])
    again = step(params.tree, state.tree, X[:3])
    assert_trees_close(smaller[0].tree, again[0].tree)


def test_what_is_carried_may_come_in_elsewhere(monkeypatch):
    """A copy of the state that keeps other stacks, or none: what fits is taken as it is."""
    model = Model()
    params, _ = start(model)

    def halved(params, others, x):
        gradients = functional.grad(lambda params: (model.apply(params, x) ** 2).sum())(params)
        params = jax.tree.map(lambda p, g: p - 0.1 * g, params, gradients)
        return params, jax.tree.map(lambda x: 0.5 * x, others), x.sum()

    step = nn.compile(halved, carry=2, layers="roll")
    first, second, _ = step(params, params, X)
    assert first.groups != second.groups
    trees = {id(each): each.tree for each in (first, second)}
    for given in ((first, second), (second, first), (first, first), (second, second)):
        expected = jax.jit(halved)(*(trees[id(each)] for each in given), X)
        for one, other in zip(step(*given, X)[:2], expected[:2], strict=True):
            assert_trees_close(one.tree, other)
    with monkeypatch.context() as patch:
        patch.setattr("stablelift.runtime.stacks._stack", None)
        first, second, _ = step(first, second, X)
        step(first, second, X[:3])


def test_donated_buffers_are_gone():
    step, params, state = rolled_step(donate=True)
    first = step(params, state, X)
    arrays = list(first[0].arrays)
    step(first[0], first[1], X)
    assert any(array.is_deleted() for array in arrays)


def test_a_chain_without_state_is_stacked_in_the_program():
    model = Model()
    params = model.init(KEY, X)
    forward = nn.compile(model.apply, layers="roll")
    np.testing.assert_allclose(forward(params, X), model.apply(params, X), rtol=1e-5, atol=1e-5)


def test_random_layers_draw_at_their_places():
    class Noisy(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(5):
                x = nn.Dropout(0.5, deterministic=False)(nn.Dense(6)(x))
            return x

    class Deep(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(4):
                x = Noisy()(x)
            return x

    model = Deep()
    params = model.init({"params": KEY, "dropout": KEY}, X)

    def run(params, key):
        return model.apply(params, X, rngs={"dropout": key})

    for layers in ("roll", "outline"):
        found = nn.compile(run, layers=layers)(params, jax.random.key(3))
        np.testing.assert_allclose(found, run(params, jax.random.key(3)), rtol=1e-5, atol=1e-6)


def test_bad_requests():
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x: x, layers="fold")
    assert str(caught.value) == "layers: expected one of auto, inline, outline, roll, found 'fold'"
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x: x, carry=-1)
    assert str(caught.value) == "carry: expected at least 0, found -1"


@pytest.mark.parametrize("layers", ["auto", "inline", "outline", "roll"])
def test_what_cannot_be_carried_is_refused(layers):
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x: (x, x), carry=3, layers=layers)(X)
    assert str(caught.value) == (
        "carry: expected at most 1 for `callee`, which takes 1 arguments and returns 2 results, found 3"
    )
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x: ({"y": x}, x), carry=1, layers=layers)(X)
    assert str(caught.value) == (
        "carry: result 0 of `callee` cannot take the place of argument 0\n"
        "  argument: PyTreeDef(*)\n  result: PyTreeDef({'y': *})"
    )
    with pytest.raises(ValueError) as caught:
        nn.compile(lambda x, s: (x, {**s, "y": s["y"][1:]}), carry=2, layers=layers)(X, {"a": X, "y": X})
    assert str(caught.value) == (
        "carry: args[1]['y'] of `callee` is f32[5,6] when taken and f32[4,6] when returned; "
        "they must have one shape and dtype"
    )


@pytest.mark.parametrize("layers", ["inline", "outline", "roll"])
def test_what_is_no_array_is_refused_at_its_place(layers):
    def step(state, x):
        return state, x

    compiled = nn.compile(step, carry=1, layers=layers)
    with pytest.raises(TypeError) as caught:
        compiled({"params": X, "name": "Ann"}, X)
    assert str(caught.value) == (
        "step: argument args[0]['name']: expected an array or a number, found 'Ann' of type str"
    )


@pytest.mark.parametrize("layers", ["inline", "outline", "roll"])
@pytest.mark.parametrize("policy", ["nothing_saveable", nn.checkpoint_policies.dots_saveable, "auto"])
def test_a_policy_for_layers_leaves_gradients_as_they_are(layers, policy):
    model = Model(depth=4)
    params = model.init(KEY, X)

    def step(params, x):
        return functional.grad(lambda params: (model.apply(params, x) ** 2).mean())(params)

    compiled = nn.compile(step, layers=layers, remat=policy)
    expected = functional.jit(step)(params, X)
    for found, wanted in zip(jax.tree.leaves(compiled(params, X)), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-6)
    if layers == "inline":
        assert str(compiled.latest[1]).count('inlineable = "false"') == 4


def test_a_policy_that_is_none():
    with pytest.raises(ValueError, match="remat: expected one of stablelift.checkpoint_policies, found 3"):
        nn.compile(lambda x: x, remat=3)
    with pytest.raises(ValueError, match="unknown policy `dots`"):
        nn.compile(lambda x: x, remat="dots")


def test_what_a_policy_saves_stays_saved_in_outlined_layers():
    """The wide value could be made again from the narrow one, which is fewer bytes."""

    class Wide(nn.Module):
        @nn.compact
        def __call__(self, x):
            w = self.param("w", nn.initializers.normal(), (7,))
            wide = checkpoint_name(jnp.tanh(x[:, :, None] * w), "wide")
            return x + jnp.exp(wide).sum(-1)

    class Deep(nn.Module):
        @nn.compact
        def __call__(self, x):
            policy = nn.checkpoint_policies.save_only_these_names("wide")
            for _ in range(4):
                x = nn.remat(Wide, policy=policy)()(x)
            return x

    params = Deep().init(KEY, X)
    step = nn.compile(functional.grad(lambda params: Deep().apply(params, X).sum()), layers="outline")
    step.prepare(params)
    text = str(step.latest[1])
    reverse = [line for line in text.splitlines() if "func.func" in line and "__bwd" in line]
    assert reverse and all("tensor<5x6x7xf32>" in line.split("->")[0] for line in reverse)
