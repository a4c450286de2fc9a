"""Under JAX's differentiation what costs is done once: a lift and its derivative are two halves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import functional
from stablelift.errors import LiftError
from stablelift.runtime import linearised
from tests.support import assert_close

W = jax.random.normal(jax.random.key(0), (3, 3))
X = jax.random.normal(jax.random.key(1), (2, 3))
XS = jax.random.normal(jax.random.key(2), (4, 2, 3))


def model(scan):
    """A loop with users' rules in it, whose stacked results are not all differentiated."""

    def run(w, x, xs=XS):
        def step(c, x):
            c = jax.nn.softmax(jnp.tanh(c @ w) + x)
            return c, (c.sum(), c)

        c, (sums, _) = scan(step, x, xs)
        return (c**2).sum(), sums

    return run


OURS, JAXS = model(functional.scan), model(jax.lax.scan)


def one(run):
    return lambda w: run(w, X)[0]


def graded(run):
    return jax.value_and_grad(run, (0, 1), has_aux=True)


def is_more(compiled, expected, spelled):
    """Whether there are more such ops in one program than in the other, or none where that has some."""
    found, wanted = (one.as_text().count(spelled) for one in (compiled, expected))
    return found > wanted or (found == 0) != (wanted == 0)


def loops_in(compiled):
    return compiled.as_text().count(" while(")


@pytest.mark.smoke
def test_a_loop_and_its_gradient_run_forward_once():
    compiled = jax.jit(graded(OURS)).lower(W, X).compile()
    assert loops_in(compiled) == 2
    assert_close(compiled(W, X), graded(JAXS)(W, X))
    assert_close(graded(OURS)(W, X), graded(JAXS)(W, X))  # op by op


def test_a_number_among_the_operands():
    """It is a constant of its own wherever it is lowered."""
    compiled = jax.jit(jax.grad(lambda w: OURS(w, 0.5 * jnp.ones((2, 3)))[0])).lower(W).compile()
    scaled = jax.jit(jax.grad(lambda w: functional.scan(lambda c, x: (c * w + x, None), 0.0, XS[0, 0])[0]))
    assert loops_in(compiled) == loops_in(scaled.lower(2.0).compile()) == 2


def through_jit(lib_jit):
    return lambda w: jnp.sin(lib_jit(lambda w: jnp.tanh(X @ w) @ w)(w)).sum()


def chosen(cond):
    return lambda w: cond(w[0, 0] > 0, lambda w: jnp.sin(w @ w), jnp.cos, w).sum()


COSTLY = {
    "a choice": (chosen(functional.cond), chosen(jax.lax.cond), " conditional("),
    "products, jitted": (through_jit(functional.jit), through_jit(jax.jit), " dot("),
    "a loop": (lambda w: OURS(w, X)[0], lambda w: JAXS(w, X)[0], " while("),
}


@pytest.mark.parametrize("by", [jax.jit, nn.compile], ids=["jit", "compile"])
@pytest.mark.parametrize("what", COSTLY)
def test_what_costs_is_done_once(by, what):
    ours, jaxs, spelled = COSTLY[what]
    compiled = by(jax.grad(ours)).lower(W).compile()
    expected = jax.jit(jax.grad(jaxs)).lower(W).compile()
    assert compiled.as_text().count(spelled) == expected.as_text().count(spelled)
    assert_close(compiled(W), jax.grad(jaxs)(W), rtol=1e-5)


@pytest.mark.parametrize(
    "forward",
    [lambda f: lambda w: jax.jvp(f, (w,), (W,)), lambda f: lambda w: jax.linearize(f, w)[1](W)],
    ids=["jvp", "linearize"],
)
def test_tangents_have_what_the_results_leave(forward):
    ours, jaxs, spelled = COSTLY["products, jitted"]
    compiled, expected = (jax.jit(forward(f)).lower(W).compile() for f in (ours, jaxs))
    assert compiled.as_text().count(spelled) == expected.as_text().count(spelled)
    assert_close(compiled(W), expected(W), rtol=1e-4)


APART = {
    "through jit": lambda f: jax.grad(jax.jit(f)),
    "through jit, of one of two results": lambda f: jax.grad(
        lambda w: jax.jit(lambda w: (f(w), jnp.sin(w @ w)))(w)[0]
    ),
    "in a branch": lambda f: jax.grad(lambda w: jax.lax.cond(w[0, 0] > 0, f, lambda w: f(2 * w), w)),
    "in a loop": lambda f: jax.grad(
        lambda w: jax.lax.scan(lambda c, _: (c + f(w * c), None), 0.5, None, 3)[0]
    ),
    "twice": lambda f: jax.grad(lambda w: jax.grad(f)(w).sum()),
    "recomputed": lambda f: jax.grad(jax.checkpoint(f)),
    "saved": lambda f: jax.grad(jax.checkpoint(f, policy=jax.checkpoint_policies.everything_saveable)),
    "mapped outside": lambda f: lambda w: jax.vmap(jax.grad(jax.jit(f)))(jnp.stack([w, 2 * w])),
    "mapped inside": lambda f: jax.grad(lambda w: jax.vmap(jax.jit(f))(jnp.stack([w, 2 * w])).sum()),
    "mapped by a name": lambda f: lambda w: jax.vmap(
        jax.grad(jax.jit(lambda w: f(w - jax.lax.pmean(w, "i")))), axis_name="i"
    )(jnp.stack([w, 2 * w])),
}


@pytest.mark.parametrize("way", APART)
@pytest.mark.parametrize("what", COSTLY)
def test_where_a_gradient_is_computed_in_another_function(way, what):
    ours, jaxs, spelled = COSTLY[what]
    compiled, expected = (jax.jit(APART[way](f)).lower(W).compile() for f in (ours, jaxs))
    # Under jax 0.12 what is to be saved and its gradient come into two functions, by the rule for tangents.
    assert (way, what) == ("saved", "products, jitted") or not is_more(compiled, expected, spelled)
    assert_close(compiled(W), expected(W), rtol=1e-4)
    assert_close(APART[way](ours)(W), expected(W), rtol=1e-4)  # op by op


FORWARD = {
    "jvp": lambda f: lambda w: jax.jvp(f, (w,), (W,)),
    "jvp, through jit": lambda f: lambda w: jax.jvp(jax.jit(f), (w,), (W,)),
    "jacobian": jax.jacfwd,
    "of a gradient": lambda f: lambda w: jax.jvp(jax.grad(f), (w,), (W,)),
    "of a gradient, through jit": lambda f: lambda w: jax.jvp(jax.grad(jax.jit(f)), (w,), (W,)),
    "hessian": jax.hessian,
    "transposed": lambda f: lambda w: jax.linear_transpose(lambda t: jax.jvp(f, (w,), (t,))[1], w)(1.0),
}


@pytest.mark.parametrize("way", FORWARD)
@pytest.mark.parametrize("what", COSTLY)
def test_forward_mode_computes_results_and_tangents_at_once(way, what):
    ours, jaxs, spelled = COSTLY[what]
    compiled, expected = (jax.jit(FORWARD[way](f)).lower(W).compile() for f in (ours, jaxs))
    assert not is_more(compiled, expected, spelled)
    assert_close(compiled(W), expected(W), rtol=1e-4)
    assert_close(FORWARD[way](ours)(W), expected(W), rtol=1e-4)  # op by op


def test_forward_mode_keeps_nothing_of_a_loop():
    def moved(scan):
        def run(x):
            return scan(lambda c, _: (jnp.sin(c) * c, None), x, None, length=1000)[0]

        return jax.jit(lambda x: jax.jvp(run, (x,), (x,)))

    x = jnp.ones(1000)
    memory = [moved(scan).lower(x).compile().memory_analysis() for scan in (functional.scan, jax.lax.scan)]
    assert memory[0].temp_size_in_bytes <= memory[1].temp_size_in_bytes + x.nbytes


@jax.custom_jvp
def doubled(x):
    return x * 2


doubled.defjvp(lambda xs, ts: (xs[0] * 3, ts[0] * xs[0] ** 2))


@jax.custom_vjp
def tripled(x):
    return x * 3


tripled.defvjp(lambda x: (jnp.sin(x), x), lambda x, ct: (ct * jnp.cos(x),))


RULED = {
    "stop_gradient": lambda x: x * jax.lax.stop_gradient(x**2),
    "custom_jvp": lambda x: doubled(x) * x,
    "custom_vjp": lambda x: tripled(x) * x,
}


@pytest.mark.parametrize("through", [lambda f: f, jax.jit], ids=["", "jit"])
@pytest.mark.parametrize("rule", RULED)
def test_rules_of_users_hold_where_a_gradient_is_differentiated_again(rule, through):
    def loss(scan):
        def step(c, x):
            c = RULED[rule](jnp.tanh(c @ W) + x)
            return c, c.sum()

        return through(lambda x: (lambda c, sums: c.sum() + sums[1])(*scan(step, x, XS)))

    second = [lambda f: jax.grad(lambda x: jax.grad(f)(x)[0].sum())]
    if rule != "custom_vjp":  # JAX has no forward mode of it
        second += [jax.hessian, lambda f: lambda x: jax.jvp(jax.grad(f), (x,), (1 - x,))]
    for way in second:
        with jax.enable_x64(True):  # the rules make much of rounding
            found, expected = (
                way(loss(scan))(X.astype(jnp.float64)) for scan in (functional.scan, jax.lax.scan)
            )
        assert_close(found, expected)


def test_a_result_without_a_cotangent_costs_nothing_in_the_reverse():
    """The second half is of all results; where one has no cotangent, what is computed of it goes."""

    def graded(results):
        def run(w):
            def step(c, x):
                c = jnp.tanh(c @ w) + x
                return c, (c @ w) @ w  # two products more

            return jax.jit(lambda w: functional.scan(step, X, XS))(w)

        return jax.jit(jax.grad(lambda w: sum(out.sum() for out in results(run(w)))))

    carry, both = (graded(results).lower(W).compile() for results in (lambda r: r[:1], lambda r: r))
    assert carry.as_text().count(" dot(") < both.as_text().count(" dot(")
    assert_close(carry(W), graded(lambda r: (r[0], 0 * r[1]))(W))


@pytest.mark.parametrize("through", [lambda f: f, jax.jit], ids=["op_by_op", "jit"])
def test_a_pullback_is_transposed(through):
    def back(f):
        transposed = jax.linear_transpose(through(lambda ct: jax.vjp(f, W)[1](ct)[0]), 1.0)
        return transposed(jnp.cos(W))[0]

    for ours, jaxs, _ in COSTLY.values():
        assert_close(back(ours), back(jaxs), rtol=1e-4)


def test_a_linear_program_is_transposed():
    program = nn.Program.trace(lambda w, x: (jnp.sin(w) @ x, jnp.argmax(w), 2 * x), W, X.T)
    ct = jnp.cos(X.T)
    (found,) = jax.linear_transpose(lambda x: program(W, x)[0], X.T)(ct)
    assert_close(found, jnp.sin(W).T @ ct)


def test_a_recomputed_function_is_differentiated_twice():
    """What `jax.checkpoint` parts into halves may be a gradient."""

    def run(lib_jit):
        return jax.checkpoint(lambda w: lib_jit(lambda x: jnp.sin(x @ w) @ w)(X).sum())

    def twice(f):
        return jax.jit(jax.grad(lambda w: (jax.grad(f)(w) ** 2).sum()))

    assert_close(twice(run(functional.jit))(W), twice(run(jax.jit))(W), rtol=1e-4)


def test_a_platform_on_which_something_else_crosses(monkeypatch):
    def loss(w):
        return functional.scan(lambda c, x: (c @ w + x, None), X, XS)[0].sum()

    traced = jax.jit(jax.grad(jax.jit(loss))).trace(W)
    monkeypatch.setattr(linearised, "halves", lambda *_: None)
    with pytest.raises(LiftError, match="needs of its results is not the same on cuda"):
        traced.lower(lowering_platforms=("cuda",))


def test_for_several_platforms():
    """What crosses is the same on each."""
    grad = jax.grad(jax.jit(one(OURS)))
    exported = jax.export.export(jax.jit(grad), platforms=["cpu", "cuda"])(W)
    assert_close(exported.call(W), jax.grad(one(JAXS))(W), rtol=1e-4)


MAPS = {
    "once": (lambda f: jax.vmap(jax.grad(f)), jnp.stack([W, 2 * W])),
    "twice": (lambda f: jax.vmap(jax.vmap(jax.grad(f)), 2, 1), jnp.stack([W, 2 * W, W - 1], 2)[None]),
    "of one of two": (
        lambda f: jax.vmap(lambda w: jax.grad(lambda v, w: f(v + w.sum()), (0, 1))(W, w)),
        jnp.stack([W, 2 * W]),
    ),
    "by a name": (
        lambda f: jax.vmap(jax.grad(lambda w: f(w - jax.lax.pmean(w, "i"))), axis_name="i"),
        jnp.stack([W, 2 * W]),
    ),
}


@pytest.mark.parametrize("around", MAPS)
@pytest.mark.parametrize("what", COSTLY)
def test_mapped_gradients_have_what_the_mapped_results_leave(around, what):
    ours, jaxs, spelled = COSTLY[what]
    mapped, w = MAPS[around]
    compiled, expected = (jax.jit(mapped(f)).lower(w).compile() for f in (ours, jaxs))
    if what != "a choice":  # which JAX makes a select of where it is mapped
        assert compiled.as_text().count(spelled) == expected.as_text().count(spelled)
    assert_close(compiled(w), expected(w), rtol=1e-4)


def test_compiled_forward_mode_by_jax_runs_a_loop_once():
    compiled = nn.compile(lambda w: jax.jvp(one(OURS), (w,), (W,))).lower(W).compile()
    assert loops_in(compiled) == 1
    assert_close(compiled(W), jax.jvp(one(JAXS), (W,), (W,)), rtol=1e-4)


def test_compiled_layers_have_the_gradient_of_jax_and_ours_at_one_price():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x + nn.gelu(nn.Dense(3)(x))

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(4):
                x = Layer()(x)
            return x.sum()

    variables = Model().init(jax.random.key(0), X)

    def flops(grad):
        compiled = nn.compile(grad(lambda v: Model().apply(v, X)), layers="outline")
        return compiled.lower(variables).compile().cost_analysis()["flops"]

    assert flops(jax.grad) == flops(functional.grad)


WAYS = {
    "twice": lambda run: jax.jit(jax.grad(lambda w: one(run)(w) * one(run)(w))),
    "second order": lambda run: jax.jit(jax.hessian(one(run))),
    "jacobian of a vector": lambda run: jax.jit(jax.jacrev(lambda w: run(w, X)[1])),
    "forward mode": lambda run: jax.jit(lambda w: jax.jvp(one(run), (w,), (w,))),
    "mapped outside": lambda run: lambda w: jax.jit(jax.vmap(jax.grad(one(run))))(jnp.stack([w, 2 * w])),
    "mapped inside": lambda run: jax.jit(
        jax.grad(lambda w: jax.vmap(lambda x: run(w, x)[0], axis_size=2)(jnp.stack([X, 2 * X])).sum())
    ),
    "recomputed": lambda run: jax.jit(jax.grad(jax.checkpoint(one(run)))),
    "in a loop of jax's": lambda run: jax.jit(
        jax.grad(lambda w: jax.lax.scan(lambda c, _: (run(w, c)[1][:2, None] * c, None), X, None, 3)[0].sum())
    ),
    "in a jitted function": lambda run: jax.jit(jax.grad(lambda w: jax.jit(one(run))(w) + w.sum())),
    "in a branch": lambda run: jax.jit(
        jax.grad(lambda w: jax.lax.cond(w[0, 0] > 0, one(run), lambda w: one(run)(2 * w), w))
    ),
    "pulled back twice": lambda run: jax.jit(
        lambda w: [jax.vjp(one(run), w)[1](1.0), jax.vjp(one(run), w)[1](2.0)]
    ),
    "one pullback, two cotangents": lambda run: jax.jit(
        lambda w: (lambda pull: (pull(1.0), pull(3.0)))(jax.vjp(one(run), w)[1])
    ),
    "by our compile": lambda run: functional.jit(jax.grad(one(run))),
}


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_jaxs(way):
    assert_close(WAYS[way](OURS)(W), WAYS[way](JAXS)(W), rtol=1e-4)


def test_a_rematerialised_loop_of_modules_runs_forward_once():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return nn.gelu(nn.Dense(3)(x)), None

    stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
    loop = nn.scan(nn.remat(Layer, prevent_cse=False), **stacked, length=4)()
    variables = loop.init(jax.random.key(0), X, None)
    compiled = jax.jit(jax.grad(lambda v: loop.apply(v, X, None)[0].sum())).lower(variables).compile()
    assert loops_in(compiled) == 2
