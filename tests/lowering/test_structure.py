"""What JAX's own lowering would erase arrives as lift ops."""

import jax
import jax.numpy as jnp
import pytest
from jax.ad_checkpoint import checkpoint_name

from tests.lowering.printed import matches

pytestmark = pytest.mark.smoke

V = jnp.ones(3)
M = jnp.ones((3, 3))


def test_scan():
    def loop(scale, first, xs):
        step = lambda carry, x: (carry * scale, jnp.sin(carry) * x)  # noqa: E731
        return jax.lax.scan(step, first, xs, reverse=True, unroll=2)

    matches(
        """
        CHECK:      "lift.scan"(%arg0, %arg1, %arg2) {callee = @[[BODY:.*]], in_axes = [0], length = 4 : i64,
        CHECK-SAME:   num_carry = 1 : i64, num_consts = 1 : i64, out_axes = [0],
        CHECK-SAME:   reverse = true, unroll = 2 : i64}
        CHECK:      func.func private @[[BODY]](
        CHECK:      stablehlo.sine
        """,
        loop,
        V,
        V,
        jnp.ones((4, 3)),
    )


def test_while():
    matches(
        """
        CHECK:      "lift.while"(%arg0, %arg1, %{{.*}}, %arg1) {body = @[[BODY:[a-z_]+]],
        CHECK-SAME:   cond = @[[COND:[a-z_]+]],
        CHECK-SAME:   num_body_consts = 1 : i64, num_cond_consts = 1 : i64}
        CHECK:      func.func private @[[COND]](%{{.*}}: tensor<i32>, %{{.*}}: tensor<i32>, %{{.*}}) ->
        CHECK:      func.func private @[[BODY]](
        """,
        lambda n, x: jax.lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * x), (0, x)),
        3,
        V,
    )


def test_switch():
    matches(
        """
        CHECK:      "lift.switch"(%{{.*}}, %{{.*}}) {branches = [@[[A:.*]], @[[B:.*]], @[[C:.*]]]}
        CHECK:      func.func private @[[A]](
        CHECK-NEXT: stablehlo.sine
        CHECK:      func.func private @[[B]](
        CHECK-NEXT: stablehlo.cosine
        CHECK:      func.func private @[[C]](
        CHECK-NEXT: return %arg0
        """,
        lambda index, x: jax.lax.switch(index, [jnp.sin, jnp.cos, lambda x: x], x),
        1,
        V,
    )


def test_cond_is_a_switch_of_false_and_true():
    matches(
        """
        CHECK:      stablehlo.convert %{{.*}} : (tensor<i1>) -> tensor<i32>
        CHECK-NEXT: "lift.switch"(%{{.*}}, %{{.*}}) {branches = [@[[FALSE:.*]], @[[TRUE:.*]]]}
        CHECK:      func.func private @[[FALSE]](
        CHECK-NEXT: stablehlo.cosine
        CHECK:      func.func private @[[TRUE]](
        CHECK-NEXT: stablehlo.sine
        """,
        lambda flag, x: jax.lax.cond(flag, jnp.sin, jnp.cos, x),
        True,
        V,
    )


def test_custom_jvp():
    """A rule that calls its own primal refers to it: the lowering ends."""
    matches(
        """
        CHECK:      "lift.custom_jvp"(%{{.*}}) {callee = @[[F:.*]], jvp = @[[RULE:[a-z_0-9]+]]}
        CHECK:      func.func private @[[F]](%{{.*}}: tensor<3xf32>) -> tensor<3xf32>
        CHECK:      func.func private @[[RULE]](%arg0: tensor<3xf32>, %arg1: tensor<3xf32>) ->
        CHECK-NEXT: "lift.custom_jvp"(%arg0) {callee = @[[F]], jvp = @[[RULE]]}
        """,
        jax.nn.relu,
        V,
    )


@jax.custom_vjp
def clip(x, low):
    return jnp.maximum(x, low)


clip.defvjp(lambda x, low: (clip(x, low), (x > low,)), lambda residuals, ct: (ct * residuals[0], None))


def test_custom_vjp():
    """The gradient that the rule gives as None is a zero."""
    matches(
        """
        CHECK:      "lift.custom_vjp"(%{{.*}}) {bwd = @[[BWD:[a-z_0-9]+]], callee = @[[F:[a-z_0-9]+]],
        CHECK-SAME:   fwd = @[[FWD:[a-z_0-9]+]]}
        CHECK:      func.func private @[[F]](%{{.*}}: tensor<3xf32>, %{{.*}}: tensor<f32>) -> tensor<3xf32>
        CHECK:      func.func private @[[FWD]](%{{.*}}) -> (tensor<3xf32>, tensor<3xi1>)
        CHECK-NEXT: "lift.custom_vjp"(%arg0, %arg1) {bwd = @[[BWD]], callee = @[[F]], fwd = @[[FWD]]}
        CHECK:      func.func private @[[BWD]](%arg0: tensor<3xi1>, %arg1: tensor<3xf32>)
        CHECK:      %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
        CHECK:      return %{{.*}}, %[[ZERO]]
        """,
        lambda x: clip(x, 0.5),
        V,
    )


def test_checkpoint():
    matches(
        """
        CHECK: "lift.remat"(%arg0) {callee = @[[F:.*]], policy = "dots_with_no_batch_dims_saveable",
        CHECK: "lift.remat"(%{{.*}}) {callee = @[[F]], prevent_cse = false}
        CHECK: func.func private @[[F]](
        CHECK: stablehlo.sine
        """,
        lambda x: (
            jax.checkpoint(jnp.sin, policy=jax.checkpoint_policies.dots_with_no_batch_dims_saveable)(x),
            jax.checkpoint(jnp.sin, prevent_cse=False)(x),
        ),
        V,
    )


def test_stop_gradient_and_names():
    matches(
        """
        CHECK:      %[[Y:.*]] = "lift.stop_gradient"(%arg0)
        CHECK-NEXT: "lift.name"(%[[Y]]) {name = "hidden"}
        """,
        lambda x: checkpoint_name(jax.lax.stop_gradient(x), "hidden"),
        V,
    )


def test_nested_jit_is_a_call():
    matches(
        """
        CHECK: "lift.call"(%arg0) {callee = @inner, jitted = true}
        CHECK: func.func private @inner(
        CHECK: stablehlo.sine
        """,
        lambda x: jax.jit(inner)(x),
        V,
    )


def inner(x):
    return jnp.sin(x)


@pytest.mark.parametrize("name", ["eigh", "cholesky", "qr", "svd"])
def test_linear_algebra_keeps_its_name(name):
    matches(
        f"""
        CHECK:      "lift.foreign"(%{{{{.*}}}}) {{callee = @[[F:[a-z_0-9]+]],
        CHECK-SAME:   primitive = "{name}"}}
        CHECK:      func.func private @[[F]](
        CHECK:      stablehlo.custom_call @lapack_
        """,
        lambda x: getattr(jnp.linalg, name)(x),
        M,
    )
