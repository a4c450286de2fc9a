"""Lifted scan: a Module as the body of a loop, with Linen's trees, keys and values."""

import functools

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors
from tests.support import optimised

from ..parity import KEY, ROUNDS_BY_SHAPE, assert_parity, assert_same_tree

X = jnp.arange(30.0).reshape(3, 2, 5) / 7
RNGS = {"params": KEY, "noise": jax.random.key(3)}
STACKED = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
SHARED = {"variable_broadcast": "params", "split_rngs": {"params": False}}


def cell(nn):
    class Cell(nn.Module):
        features: int = 4

        @nn.compact
        def __call__(self, c, x):
            noise = jax.random.normal(self.make_rng("noise"), ())
            y = nn.Dense(self.features)(jnp.concatenate([c, x], -1))
            self.sow("intermediates", "y", y)
            c = nn.tanh(nn.Dense(c.shape[-1])(y) + noise)
            return c, {"y": y, "c": c}

    return Cell


def class_form(nn, noise=True, **options):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            split = {"params": "variable_axes" in options, "noise": noise}
            scanned = nn.scan(cell(nn), **{**options, "split_rngs": split})
            c, ys = scanned(name="cells")(jnp.ones((2, 3)), x)
            c, zs = scanned()(c, x)
            return c, ys, zs, self.make_rng("noise"), nn.Dense(2)(c)

    return Outer()


def stacked(nn):
    return class_form(nn, variable_axes={"params": 0, "intermediates": 1})


def stacked_on_the_last_axis(nn):
    return class_form(nn, variable_axes={"params": -1})


def shared(nn):
    return class_form(nn, variable_broadcast="params")


def the_same_noise_in_all_steps(nn):
    return class_form(nn, noise=False, variable_broadcast="params")


def lifts_inside(nn):
    class Step(nn.Module):
        @nn.compact
        def __call__(self, c, x):
            c = nn.jit(nn.Dense)(5)(c)
            c = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})(5)(c)
            value, (slope,) = nn.value_and_grad(lambda mdl, c: nn.tanh(nn.Dense(2)(c)).sum(), self, c)
            return c + slope, (value, nn.jit(lambda mdl, x: nn.Dense(3)(x))(self, x))

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.jit(nn.scan(Step, **STACKED))()(x[0], x)

    return Outer()


def reversed_and_unrolled(nn):
    return class_form(nn, variable_axes={"params": 0}, reverse=True, unroll=2)


def without_the_constancy_trace(nn):
    return class_form(nn, variable_axes={"params": 0}, check_constancy_invariants=False)


def function_form(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            scale = self.param("scale", nn.initializers.ones, (5,))

            def body(mdl, c, x, whole, flag):
                assert flag is True
                return nn.Dense(2)(c), (nn.Dense(4)(x * scale) + c.sum(), 2 * whole["a"])

            scanned = nn.scan(
                body,
                in_axes=(1, nn.broadcast, nn.broadcast),
                out_axes=(-1, nn.broadcast),
                **SHARED,
            )
            c, ys = scanned(self, jnp.ones((2, 2)), x, {"a": x[0, 0]}, True)
            return c, ys, nn.Dense(3)(x)

    return Outer()


def decorator_form(nn):
    class Block(nn.Module):
        @functools.partial(nn.scan, length=4, **STACKED)
        @nn.compact
        def __call__(self, c, _):
            return nn.Dense(2)(nn.relu(nn.Dense(4)(c))), None

    class Outer(nn.Module):
        def setup(self):
            self.blocks = [Block(), Block()]

        def __call__(self, x):
            return [block(x[..., :2], None) for block in self.blocks]

    return Outer()


def several_collections(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            self.variable("total", "sum", lambda: jnp.zeros(5))

            def body(mdl, c, x):
                total = mdl.variable("total", "sum")
                calls = mdl.variable("calls", "n", lambda: jnp.int32(0))
                if not mdl.is_initializing():
                    total.value = total.value + x.sum(0)
                    calls.value = calls.value + 1
                seen = mdl.variable("seen", "x", lambda: jnp.zeros(x.shape))
                seen.value = x
                return c + calls.value, nn.Dense(4)(x) + total.value.sum()

            return nn.scan(
                body,
                variable_axes={"params": 0, "seen": 1},
                variable_broadcast="calls",
                variable_carry="total",
                split_rngs={"params": True},
            )(self, jnp.int32(0), x)

    return Outer()


def several_methods(nn):
    class Both(nn.Module):
        def setup(self):
            self.layer = nn.Dense(5)

        def __call__(self, c, x):
            return self.layer(c), x

        def double(self, c, x):
            return 2 * self.layer(c) + x, c

    class Outer(nn.Module):
        def setup(self):
            self.scanned = nn.scan(Both, methods=["__call__", "double"], **STACKED)()
            own = {"__call__": STACKED, "double": {"variable_broadcast": "params"}}
            self.other = nn.scan(Both, methods=own)()

        def __call__(self, x):
            return self.scanned(x[0], x), self.scanned.double(x[0], x), self.other(x[0], x)

    return Outer()


def nested(nn):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, c, x):
            inner = nn.scan(cell(nn), variable_axes={"params": 0}, split_rngs={"params": True, "noise": True})
            c, ys = inner()(c, jnp.stack([x, 2 * x]))
            return nn.Dense(3)(c), ys["y"]

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            split = {"params": True, "noise": True}
            mapped = nn.vmap(nn.Dense, in_axes=0, **STACKED)(5)(x)
            return nn.scan(Block, variable_axes={"params": 1}, split_rngs=split)()(jnp.ones((2, 3)), mapped)

    return Outer()


def under_vmap(nn):
    split = {"params": True, "noise": False}
    scanned = nn.scan(cell(nn), variable_axes={"params": 0}, split_rngs=split)
    return nn.vmap(scanned, in_axes=(None, -1), variable_axes={"params": 1}, split_rngs=split)()


def a_number_as_carry(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            def body(mdl, c, x):
                key = mdl.make_rng("noise")
                return c + x.sum(), (nn.Dense(2)(x), jax.random.normal(key, ()))

            split = {"params": True, "noise": True}
            return nn.scan(body, variable_axes={"params": 0}, split_rngs=split)(self, 0, x)

    return Outer()


def transformed_data(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            def change(variables, rngs):
                return jax.tree.map(lambda v: v * 2, variables), rngs

            body = lambda mdl, c, x: (c, nn.Dense(2)(x))  # noqa: E731
            return nn.scan(body, data_transform=change, **STACKED)(self, jnp.ones(2), x)

    return Outer()


BUILDERS = [
    stacked,
    stacked_on_the_last_axis,
    shared,
    the_same_noise_in_all_steps,
    lifts_inside,
    reversed_and_unrolled,
    without_the_constancy_trace,
    function_form,
    decorator_form,
    several_collections,
    several_methods,
    nested,
    a_number_as_carry,
    transformed_data,
]
MUTABLE = ["intermediates", "total", "calls", "seen"]


@pytest.mark.parametrize("build", BUILDERS)
def test_parity(build):
    def run(nn):
        model = build(nn)
        variables = model.init(RNGS, X)
        return variables, model.apply(variables, X, rngs=RNGS, mutable=MUTABLE)

    assert_parity(run, close=True)


def test_parity_under_vmap():
    def run(nn):
        model = under_vmap(nn)
        x = jnp.stack([X, X * 2, -X, X + 1], -1)
        variables = model.init(RNGS, jnp.ones((2, 3)), x)
        return variables, model.apply(variables, jnp.ones((2, 3)), x, rngs=RNGS)

    assert_parity(run, close=True)


@optimised()
def test_initial_values_are_linens_bit_for_bit():
    assert_parity(lambda nn: [stacked(nn).init(RNGS, X), shared(nn).init(RNGS, X)], close=ROUNDS_BY_SHAPE)


@pytest.mark.parametrize("build", [stacked, shared, nested])
def test_gradients(build):
    def run(nn, grad):
        model = build(nn)
        variables = model.init(RNGS, X)

        def loss(params, x):
            leaves = jax.tree.leaves(model.apply({"params": params}, x, rngs={"noise": KEY}))
            return sum((leaf**2).sum() for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating))

        return grad(loss, argnums=(0, 1))(variables["params"], X)

    linen = pytest.importorskip("flax.linen")
    assert_same_tree(run(linen, jax.grad), run(nn, nn.functional.grad), close=True)


def test_under_jaxs_own_transformations():
    model = shared(nn)
    variables = model.init(RNGS, X)
    shapes = jax.eval_shape(model.init, RNGS, X)
    assert jax.tree.map(jnp.shape, variables) == jax.tree.map(lambda x: x.shape, shapes)

    def loss(variables, x):
        return model.apply(variables, x, rngs=RNGS)[0].sum()

    expected = nn.functional.grad(loss)(variables, X)
    found = jax.grad(jax.checkpoint(jax.jit(loss)))(variables, X)
    assert_same_tree(expected, found, close=True)
    mapped = jax.vmap(loss, in_axes=(None, 0))(variables, jnp.stack([X, 2 * X]))
    by_hand = jnp.stack([loss(variables, X), loss(variables, 2 * X)])
    assert_same_tree(by_hand, mapped, close=True)


def test_length_zero():
    def run(nn):
        model = nn.scan(cell(nn), variable_axes={"params": 0}, split_rngs={"params": True, "noise": True})()
        c = jnp.ones((2, 3))
        variables = model.init(RNGS, c, X[:0])
        return variables, model.apply(variables, c, X[:0], rngs=RNGS)

    assert_parity(run, close=True)


def test_a_body_that_draws_no_key_is_traced_once():
    runs = []

    def body(mdl, c, x):
        runs.append(1)
        return nn.Dense(5)(c), x

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.scan(body, **SHARED)(self, x[0], x)

    variables = Outer().init(KEY, X)
    runs.clear()
    Outer().apply(variables, X)
    assert len(runs) == 1


def test_a_carried_collection_that_is_read_only_is_shared():
    """Linen raises a TypeError here."""
    model = several_collections(nn)
    variables = model.init(RNGS, X)
    with pytest.raises(errors.ModifyScopeVariableError, match="collection `total` is immutable"):
        model.apply(variables, X, mutable=["calls", "seen"])

    class Reader(nn.Module):
        @nn.compact
        def __call__(self, c, x):
            return c + self.variable("total", "t", jnp.ones, ()).value, x

    scanned = nn.scan(Reader, variable_carry="total")()
    assert scanned.apply({"total": {"t": jnp.float32(2)}}, jnp.float32(0), X)[0] == 6


def test_shared_parameters_survive_without_the_constancy_trace():
    """Linen loses them when initialising."""

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            body = lambda mdl, c, x: (nn.Dense(5)(c), x)  # noqa: E731
            return nn.scan(body, check_constancy_invariants=False, **SHARED)(self, x[0], x)

    variables = Outer().init(KEY, X)
    assert variables["params"]["Dense_0"]["kernel"].shape == (5, 5)
    (c, _), again = Outer().init_with_output(KEY, X)
    assert jnp.allclose(c, Outer().apply(variables, X)[0])


def error_of(run, error):
    """The text of the error, without the place that its first line starts with."""
    with pytest.raises(error) as caught:
        run()
    return str(caught.value).split(": error: ")[1]


def scanning(body, *args, **options):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.scan(body, **{**STACKED, **options})(self, x[0], x, *args)

    return lambda: Outer().init(KEY, X)


def test_lengths():
    run = scanning(lambda mdl, c, x: (c, nn.Dense(2)(x)), length=4)
    assert error_of(run, errors.LiftArgumentError) == (
        "`scan` of `/` maps axes of different sizes\n"
        "  size 4: length\n"
        "  size 3: argument 0\n"
        "  hint: check `in_axes` and `variable_axes`"
    )
    run = scanning(lambda mdl, c, x: (c, nn.Dense(2)(x)), in_axes=nn.broadcast)
    assert error_of(run, errors.LiftArgumentError) == (
        "`scan` of `/` maps no axis of an argument or variable, so its size is unknown\n  hint: pass `length`"
    )


def test_what_steps_share_must_not_depend_on_the_loop():
    def body(mdl, c, x):
        mdl.variable("state", "last", lambda: x)
        return nn.Dense(5)(c), (x, 1.0)

    run = scanning(body, variable_broadcast="state", out_axes=(nn.broadcast, nn.broadcast))
    assert error_of(run, errors.LiftArgumentError) == (
        "what the steps of `scan` of `/` are to share depends on the loop\n"
        "  variable state/last\n"
        "  result ys/0\n"
        "  hint: stack or carry the collection, or do not split the streams that it draws from"
    )
    with pytest.raises(ValueError, match="result ys/0\n  hint: give the result an axis in `out_axes`"):
        scanning(lambda mdl, c, x: (c, (c, 1)), out_axes=nn.broadcast)()


def test_shared_parameters_from_split_keys():
    run = scanning(lambda mdl, c, x: (c, nn.Dense(2)(x)), variable_axes={}, variable_broadcast="params")
    with pytest.raises(errors.LiftArgumentError, match="\n  variable params/Dense_0/kernel\n  hint: stack"):
        run()


def test_a_carry_that_changes():
    run = scanning(lambda mdl, c, x: ({"c": c}, x))
    assert error_of(run, errors.LiftTypeError) == (
        "the body of `scan` in `/` changes the carry in structure\n"
        "  expected: float32[2, 5]\n"
        "  found: {c: float32[2, 5]}\n"
        "  hint: return what the body was given, in the same structure"
    )
    run = scanning(lambda mdl, c, x: (nn.Dense(3)(c).astype(jnp.bfloat16), x))
    assert error_of(run, errors.LiftTypeError) == (
        "the body of `scan` in `/` changes the carry in type\n"
        "  carry: expected float32[2, 5], found bfloat16[2, 3]\n"
        "  hint: convert it, by `astype` or `reshape`"
    )
    with pytest.raises(TypeError, match=r"`scan` wants \(carry, ys\) from `body`, found ArrayImpl|Tracer"):
        scanning(lambda mdl, c, x: c)()


def test_a_carried_variable_that_is_created_or_changes():
    create = lambda mdl, c, x: (c, mdl.variable("state", "s", jnp.zeros, 2).value)  # noqa: E731
    run = scanning(create, variable_carry="state")
    assert error_of(run, errors.LiftTypeError) == (
        "the body of `scan` in `/` creates variables that the loop carries\n"
        "  created: state/s\n"
        "  hint: create them before the loop, such as by one call of its body, or leave their collection out "
        "of `variable_carry`"
    )

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            state = self.variable("state", "s", jnp.zeros, 2)

            def body(mdl, c, x):
                mdl.put_variable("state", "s", jnp.zeros(3))
                return c, x

            nn.scan(body, variable_carry="state")(self, x[0], x)
            return state.value

    assert error_of(lambda: Outer().init(KEY, X), errors.LiftTypeError) == (
        "the body of `scan` in `/` changes variables that the loop carries in type\n"
        "  variable state/s: expected float32[2], found float32[3]\n"
        "  hint: convert it, by `astype` or `reshape`"
    )


def test_axes_of_collections_are_integers():
    run = scanning(lambda mdl, c, x: (c, x), variable_axes={"params": None})
    assert error_of(run, errors.LiftArgumentError) == (
        "`scan` stacks the collection `params` on an axis, an int, found None\n"
        "  hint: name a collection that all steps share in `variable_broadcast`"
    )


def test_names():
    lifted = nn.scan(nn.vmap(nn.Dense, **STACKED), **STACKED)
    assert lifted.__name__ == "ScanVmapDense" and issubclass(lifted, nn.Dense)
    assert set(stacked(nn).init(RNGS, X)["params"]) == {"cells", "ScanCell_0", "Dense_0"}


def test_binomial_checkpoints():
    """Gradients of a scanned layer whose reverse keeps two carries; keys and trees as ever."""

    def gradient(**options):
        model = class_form(nn, variable_axes={"params": 0}, **options)
        variables = model.init(RNGS, X)
        loss = lambda params: (model.apply({"params": params}, X, rngs=RNGS)[0] ** 2).sum()  # noqa: E731
        return nn.functional.jit(nn.functional.grad(loss))(variables["params"])

    found, expected = gradient(checkpoint="binomial:1"), gradient()
    assert_same_tree(found, expected)
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert jnp.allclose(x, y, rtol=1e-4, atol=1e-5)
    with pytest.raises(errors.LiftArgumentError, match='`scan` wants checkpoint="binomial:N", found 3'):
        gradient(checkpoint=3)


def test_what_steps_share_and_may_change_comes_back_beside_ys_of_none():
    def model(nn):
        class Carries(nn.Module):
            @nn.compact
            def __call__(self, xs):
                body = nn.scan(lambda mdl, c, x: (nn.Dense(5)(c) + x, None), **SHARED)
                return body(self, jnp.ones((2, 5)), xs)

        return Carries()

    linen = pytest.importorskip("flax.linen")
    variables = model(linen).init(KEY, X)
    expected = model(linen).apply(variables, X, mutable=True)
    assert_same_tree(model(nn).apply(variables, X, mutable=True), expected)


def test_what_steps_share_may_pass_through_other_lifts():
    """A pipeline: all stages at once, over and over, with shared parameters that may be written."""

    def build(nn):
        class Stage(nn.Module):
            @nn.compact
            def __call__(self, x):
                scale = self.variable("cache", "scale", lambda: jnp.ones(x.shape[-1]))
                return nn.scan(Cell, **STACKED, length=2)()(x * scale.value, None)[0]

        class Cell(nn.Module):
            @nn.compact
            def __call__(self, x, _):
                return nn.tanh(nn.Dense(5)(x)), None

        class Stages(nn.Module):
            @nn.compact
            def __call__(self, x, _):
                axes = {"params": 0, "cache": 0}
                return nn.vmap(Stage, variable_axes=axes, split_rngs={"params": True})()(x), None

        shared = {"variable_broadcast": ["params", "cache"], "split_rngs": {"params": False}}
        model = nn.scan(nn.remat(Stages), **shared, length=2)()
        variables = model.init(KEY, X, None)

        def loss(variables):
            (y, _), updated = model.apply(variables, X, None, mutable=True)
            return y.sum(), updated

        return variables, jax.jit(jax.value_and_grad(loss, has_aux=True))(variables)

    assert_parity(build, close=True)
