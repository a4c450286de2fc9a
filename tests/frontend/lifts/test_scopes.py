"""Lifts of functions of scopes, as `flax.core.lift` has them."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest

from stablelift import core, functional

from ..parity import assert_same_tree

X = jnp.arange(10.0).reshape(2, 5) / 7


def dense(scope, x, features=5):
    init = jax.nn.initializers.lecun_normal()
    return x @ scope.param("kernel", init, (x.shape[-1], features))


def vmapped(lift):
    return lambda scope, x: lift.vmap(dense, {"params": 0}, {"params": True})(scope, x)


def scanned(lift):
    def body(scope, c, x):
        return jnp.tanh(dense(scope, c)), x * 2

    return lambda scope, x: lift.scan(body, {"params": 0}, split_rngs={"params": True})(scope, x, x)


def repeated(lift):
    return lambda scope, x: lift.remat_scan(lift.remat(dense), (2, 2))(scope, x)


def branching(lift):
    def run(scope, x):
        a, b = partial(dense, features=2), lambda scope, x: -dense(scope, x, 2)
        return lift.cond(x.sum() > 0, a, b, scope, x), lift.switch(5, [a, b], scope, x)

    return run


def looping(lift):
    def run(scope, x):
        scope.put_variable("state", "n", jnp.int32(0))

        def body(scope, c):
            scope.put_variable("state", "n", scope.get_variable("state", "n") + 1)
            return c * 2

        def holds(scope, c):
            return scope.get_variable("state", "n") < 3

        return lift.while_loop(holds, body, scope, x, carry_variables="state")

    return run


def differentiated(lift):
    def run(scope, x):
        y, pullback = lift.vjp(dense, scope, x)
        moved = jax.tree.map(jnp.ones_like, scope.variables().get("params", {}))
        tangent = lift.jvp(dense, scope, (x,), (x,), variable_tangents={"params": moved})
        loss = lambda scope, x: (dense(scope, x).sum(), x)  # noqa: E731
        return y, pullback(y), tangent, lift.value_and_grad(loss, scope, x, has_aux=True)

    return run


def custom(lift):
    def forward(scope, x):
        return lift.vjp(dense, scope, x)

    def backward(pullback, ct):
        params, dx = pullback(ct)
        return jax.tree.map(jnp.sign, params), dx

    return lambda scope, x: lift.custom_vjp(dense, forward, backward)(scope, x)


def mapped(lift):
    def run(scope, x):
        swapped = lift.swap_collection(dense, "params", "state")(scope, x)
        return swapped, lift.map_variables(dense, "params", mutable=True)(scope, x)

    return run


def jitted(lift):
    def layer(scope, key, x, times):
        return times * dense(scope, x, key[0]), scope.child(dense, "inner")(x, 3)

    def run(scope, x):
        once, again = lift.jit(layer), lift.fold_rngs(layer)
        names = [scope.push(name) for name in ("a", "b", "c")]
        return once(names[0], (2,), x, 3), again(names[1], (2,), x, 3), once(names[2], (4,), x, 1)

    return run


def children(lift):
    def block(scope, x, features, scale=1):
        return scale * dense(scope, x, features)

    def run(scope, x):
        first, second = scope.child(block, scale=3), scope.child(block, prefix="b_")
        y = first(x, 4) + second(x, features=4, scale=2) + first(x, 4)
        return y + scope.child(partial(block, features=4), named_call=False)(x)

    return run


def packed_by_hand(lift):
    def run(scope_fn, repack_fn, variable_groups, rng_groups, x):
        scope = scope_fn(variable_groups, rng_groups)
        y = dense(scope, x) + scope.child(dense, "inner")(x)
        return y, repack_fn(scope)

    return lambda scope, x: lift.pack(run, ("params",), ("params",), (True,), name="twice")(scope, x)


BUILDERS = [
    jitted, children, packed_by_hand, vmapped, scanned, repeated, branching, looping, differentiated, custom,
    mapped,
]  # fmt: skip


@pytest.mark.parametrize("build", BUILDERS)
def test_parity(build):
    flax = pytest.importorskip("flax.core")

    def run(core, grad):
        key = jax.random.PRNGKey(0)
        model = build(core.lift)
        value, variables = core.init(model)(key, X)

        def loss(params):
            found = core.apply(model, mutable=["state"])({**variables, **params}, X, rngs={"params": key})
            return sum((y**2).sum() for y in jax.tree.leaves(found[0]))

        params = {"params": variables["params"]} if "params" in variables else {}
        gradient = grad(loss)(params) if build is not looping else None
        again = core.apply(model, mutable=["state"])(variables, X, rngs={"params": key})
        return value, variables, again, gradient

    assert_same_tree(run(flax, jax.grad), run(core, functional.grad), close=True)


def test_equal_keys_share_a_trace():
    """Static arguments are counted as Linen documents it: the scope is 0, the key is not counted."""
    traced = []

    def layer(scope, key, x, times):
        traced.append((key, times))
        return times * dense(scope, x, key)

    jitted = core.lift.jit(layer, static_argnums=2)

    def run(scope, x):
        return [jitted(scope.push(name), key, x, times) for name, key, times in calls]

    calls = [("a", 2, 3), ("b", 2, 3), ("c", 2, 1), ("d", 4, 1)]
    value, _ = core.init(run)(jax.random.key(0), X)
    assert traced == [(2, 3), (2, 1), (4, 1)] and [y.shape for y in value] == [(2, 2)] * 3 + [(2, 4)]


def test_names_of_the_core():
    flax = pytest.importorskip("flax.core")
    public = {name for name in dir(flax) if not name.startswith("_")}
    assert {name for name in core.__all__ if name not in public} <= {"jvp", "vjp"}
    internal = {
        "Array", "axes_scan", "check_trace_level", "current_trace", "frozen_dict", "nn", "partial_eval",
        "scope", "spmd", "tracers",
    }  # fmt: skip
    assert public - set(dir(core)) <= internal
    assert core.lift.scan is core.scan


def test_names_of_the_lifts():
    lift = pytest.importorskip("flax.core.lift")
    own = {name for name, value in vars(lift).items() if getattr(value, "__module__", None) == lift.__name__}
    internal = {"A", "C", "CountsHolder", "TransformContext", "id_fn", "set_from_dict", "tree_map_rngs"}
    assert {name for name in own - internal if not name.startswith("_")} <= set(core.lift.__all__)


def test_lazy_init_of_a_function_of_a_scope():
    flax = pytest.importorskip("flax.core")
    shape = jax.ShapeDtypeStruct((2, 5), jnp.float32)
    expected, found = (package.lazy_init(dense)(jax.random.key(0), shape) for package in (flax, core))
    assert_same_tree(expected, found)


def test_dicts_and_frozen_dicts():
    flax = pytest.importorskip("flax.core")
    for wrap, wrap_ours in ((dict, dict), (flax.freeze, core.freeze)):
        xs = {"a": {"b": 1, "c": "x"}, "d": {}, "e": jnp.float32}
        theirs, ours = wrap(xs), wrap_ours(xs)
        assert flax.pretty_repr(theirs) == core.pretty_repr(ours)
        assert flax.pretty_repr(theirs, 2) == core.pretty_repr(ours, 2) or wrap is not dict
        assert dict(core.copy(ours, {"a": 2})) == {"a": 2, "d": {}, "e": jnp.float32}
        rest, popped = core.pop(ours, "a")
        assert type(rest) is type(ours) and "a" not in rest and popped == {"b": 1, "c": "x"} and "a" in ours
    with pytest.raises(TypeError) as raised:
        core.copy([1])
    assert str(raised.value) == "expected a dict or FrozenDict, found list"
