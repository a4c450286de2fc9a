"""Lifted vmap: variables stacked or shared, keys split or shared, in all the forms that Linen has."""

import functools

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors
from tests.support import optimised

from ..parity import KEY, ROUNDS_BY_SHAPE, assert_parity

X = jnp.arange(30.0).reshape(3, 2, 5) / 7
STACKED = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
SHARED = {"variable_axes": {"params": None}, "split_rngs": {"params": False}}


def counting_dense(nn):
    class Counting(nn.Module):
        @nn.compact
        def __call__(self, x):
            seen = self.variable("stats", "sum", lambda: jnp.zeros(x.shape[-1]))
            if self.is_mutable_collection("stats"):
                seen.value = seen.value + x.sum(0)
            self.sow("intermediates", "x", x)
            noise = jax.random.normal(self.make_rng("noise"), ())
            return nn.Dense(4)(x) + noise

        def double(self, x):
            return 2 * self(x)

    return Counting


def class_form(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.vmap(nn.Dense, **STACKED)(4)(x)
            x = nn.vmap(nn.Dense, **SHARED)(3, name="shared")(x)
            x = nn.vmap(functools.partial(nn.Dense, use_bias=False), in_axes=1, out_axes=1, **STACKED)(2)(x)
            return nn.Dense(2)(x)

    return Outer()


def top_level(nn):
    return nn.vmap(nn.Dense, **STACKED)(4)


def nested(nn):
    inner = nn.vmap(nn.Dense, **STACKED)
    return nn.vmap(inner, variable_axes={"params": -1}, split_rngs={"params": True})(4)


def function_form(nn):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            scale = self.param("scale", nn.initializers.ones, (5,))

            def body(mdl, x):
                return nn.Dense(2)(nn.Dense(4)(x * scale))

            return nn.vmap(body, variable_axes={"params": None}, split_rngs={"params": False})(self, x)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            nn.Dense(3)(x)
            return Block()(x)

    return Outer()


def decorator_form(nn):
    class Block(nn.Module):
        @functools.partial(nn.vmap, **STACKED)
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2)(nn.relu(nn.Dense(4)(x)))

    class Outer(nn.Module):
        def setup(self):
            self.blocks = [Block(), Block()]

        def __call__(self, x):
            return [block(x) for block in self.blocks]

    return Outer()


def several_collections(nn):
    axes = {"params": 0, "stats": 1, "intermediates": 0}
    mapped = nn.vmap(counting_dense(nn), variable_axes=axes, split_rngs={"params": True, "noise": False})

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = mapped()
            return layer(x), layer(x), self.make_rng("noise")

    return Outer()


def several_methods(nn):
    split = {"params": True, "noise": True}
    mapped = nn.vmap(
        counting_dense(nn),
        variable_axes={"params": 0, "stats": 0},
        split_rngs=split,
        methods=["__call__", "double"],
    )

    class Outer(nn.Module):
        def setup(self):
            self.layer = mapped()

        def __call__(self, x):
            return self.layer(x), self.layer.double(x)

    return Outer()


def options_by_method(nn):
    own = {"variable_axes": {"params": 0, "stats": 0}, "split_rngs": {"params": True, "noise": True}}
    return nn.vmap(counting_dense(nn), methods={"__call__": own})()


def named_axis(nn):
    class Centred(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(x - jax.lax.pmean(x, "batch"))

    return nn.vmap(Centred, axis_name="batch", **STACKED)()


def modules_in_fields_and_arguments(nn):
    class Apply(nn.Module):
        shared: nn.Module

        @nn.compact
        def __call__(self, x, other):
            y = self.shared(nn.Dense(5)(x)) + other["m"](x)
            return y + self.shared(x), jnp.float32(other["m"] is self.shared)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            one, two = nn.Dense(5), nn.Dense(5)
            mapped = nn.vmap(Apply, in_axes=(0, None), **STACKED)
            return mapped(one)(x, {"m": two}), mapped(two, name="again")(x, {"m": two})

    return Outer()


def counts_of_names_cross_the_boundary(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dense(5)(x)
            x = self.middle(x)
            return nn.Dense(2)(x)

        @functools.partial(nn.vmap, variable_axes={"params": None}, split_rngs={"params": False})
        def middle(self, x):
            return nn.Dense(4)(x)

    return Outer()


BUILDERS = [
    class_form,
    top_level,
    nested,
    function_form,
    decorator_form,
    several_collections,
    several_methods,
    options_by_method,
    named_axis,
    modules_in_fields_and_arguments,
    counts_of_names_cross_the_boundary,
]


@pytest.mark.parametrize("build", BUILDERS)
def test_parity(build):
    x = jnp.arange(90.0).reshape(3, 3, 2, 5) / 7 if build is nested else X
    rngs = {"params": KEY, "noise": jax.random.key(3)}

    def run(nn):
        model = build(nn)
        variables = model.init(rngs, x)
        return variables, model.apply(variables, x, rngs=rngs, mutable=["stats", "intermediates"])

    assert_parity(run, close=True)


@optimised()
def test_initial_values_are_linens_bit_for_bit():
    assert_parity(lambda nn: class_form(nn).init(KEY, X), close=ROUNDS_BY_SHAPE)


@pytest.mark.smoke
def test_axis_size_without_a_mapped_argument():
    def run(nn):
        model = nn.vmap(nn.Dense, in_axes=None, axis_size=4, **STACKED)(3)
        variables = model.init(KEY, X)
        return variables, model.apply(variables, X)

    assert_parity(run, close=True)


def test_name_of_the_lifted_class_and_of_its_parameters():
    lifted = nn.vmap(nn.vmap(nn.Dense, **STACKED), **STACKED)
    assert lifted.__name__ == "VmapVmapDense" and issubclass(lifted, nn.Dense)
    assert set(class_form(nn).init(KEY, X)["params"]) == {"VmapDense_0", "shared", "VmapDense_1", "Dense_0"}


def test_in_and_out_are_one_way():
    class Reader(nn.Module):
        @nn.compact
        def __call__(self, x):
            return self.variable("table", "t", jnp.ones, (5,)).value * x

    model = nn.vmap(Reader, variable_axes={"table": nn.In(0)})()
    table = {"table": {"t": jnp.arange(15.0).reshape(3, 5)}}
    assert model.apply(table, X).shape == X.shape
    with pytest.raises(errors.ScopeCollectionNotFound):
        model.init(KEY, X)
    made = nn.vmap(Reader, variable_axes={"table": nn.Out(0)})().init(KEY, X)
    assert made["table"]["t"].shape == (3, 5)


def error_of(run, error):
    """The text of the error, without the place that its first line starts with."""
    with pytest.raises(error) as caught:
        run()
    first, *rest = str(caught.value).split("\n")
    place, text = first.split(": error: ")
    assert __file__.endswith(place.rsplit(":", 1)[0])
    return "\n".join([text, *rest])


def test_sizes_that_disagree():
    model = nn.vmap(nn.Dense, in_axes=0, **STACKED)(3)
    variables = model.init(KEY, X)
    assert error_of(lambda: model.apply(variables, X[:2]), errors.LiftArgumentError) == (
        "`vmap` of `/` maps axes of different sizes\n"
        "  size 2: argument 0\n"
        "  size 3: variable params/bias, variable params/kernel\n"
        "  hint: check `in_axes` and `variable_axes`"
    )


def test_no_size():
    model = nn.vmap(nn.Dense, in_axes=None, **STACKED)(3)
    assert error_of(lambda: model.init(KEY, X), errors.LiftArgumentError) == (
        "`vmap` of `/` maps no axis of an argument or variable, so its size is unknown\n"
        "  hint: pass `axis_size`"
    )


def test_axis_out_of_range_and_list_of_axes():
    model = nn.vmap(nn.Dense, in_axes=3, **STACKED)(3)
    assert error_of(lambda: model.init(KEY, X), errors.LiftArgumentError) == (
        "`vmap` maps axis 3 of argument 0, which has shape (3, 2, 5)"
    )
    model = nn.vmap(nn.Dense, in_axes=[0], **STACKED)(3)
    assert error_of(lambda: model.init(KEY, X), errors.LiftArgumentError) == (
        "`in_axes` of `vmap` is an int, None or a tuple, found the list [0]"
    )


def test_a_collection_that_no_axis_covers():
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.vmap(nn.Dense, split_rngs={"params": True})(3)(x)

    assert error_of(lambda: Outer().init(KEY, X), errors.ScopeCollectionNotFound) == (
        "`/vmap(VmapDense_0)` wants `kernel` from collection `params`, which `vmap` does not cover\n"
        "  hint: name it in `variable_axes`: {'params': 0} stacks it, {'params': None} shares it"
    )


def test_a_stream_that_is_not_named():
    model = nn.vmap(nn.Dense, variable_axes={"params": 0})(3)
    assert error_of(lambda: model.init(KEY, X), errors.InvalidRngError) == (
        "`/vmap()` needs a key from random stream `params`, which `vmap` does not cover\n"
        "  streams here: none\n"
        "  hint: name it in `split_rngs`: {'params': True} gives each instance keys of its own, False one key"
    )


def test_a_closed_over_module_is_refused():
    class Outer(nn.Module):
        def setup(self):
            self.d = nn.Dense(3)

        def __call__(self, x):
            return nn.vmap(lambda mdl, x: self.d(x), **STACKED)(self, x)

    assert error_of(lambda: Outer().init(KEY, X), errors.ClosedOverModuleError) == (
        "`/d` is used inside `/vmap()` but was not lifted with it\n"
        "  action: param `kernel`\n"
        "  hint: use the Module that the lifted function receives, or pass this one as an argument"
    )


def test_a_parameter_of_the_outer_module_is_refused_even_under_a_name_it_has():
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            scale = self.param("scale", nn.initializers.ones, ())
            return nn.vmap(lambda mdl, x: x * scale * self.param("scale", nn.initializers.ones, ()))(self, x)

    with pytest.raises(errors.ClosedOverModuleError, match="`/` is used inside `/vmap\\(\\)`"):
        Outer().init(KEY, X)


def test_a_closed_over_stream_is_refused_and_a_bound_teacher_is_not():
    teacher = nn.Dense(5)
    teacher = teacher.bind(teacher.init(KEY, X))

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x, own_keys):
            def body(mdl, x):
                return nn.Dense(2)(teacher(x)) + jax.random.normal(
                    (mdl if own_keys else self).make_rng("params")
                )

            return nn.vmap(body, **STACKED)(self, x)

    assert Outer().init(KEY, X, True)["params"]["Dense_0"]["kernel"].shape == (3, 5, 2)
    with pytest.raises(errors.ClosedOverModuleError, match="draw from random stream `params`"):
        Outer().init(KEY, X, False)


def test_an_argument_that_is_no_array():
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.vmap(lambda mdl, x: x["a"])(self, {"a": "text"})

    assert error_of(lambda: Outer().apply({}, X), errors.LiftArgumentError) == (
        "argument 0/a of `vmap` of `/` is no array: 'text'\n"
        "  hint: make it a field of the Module, or let the lifted function close over it"
    )


def test_what_is_not_mapped_and_no_array_stays_what_it_is():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, features, train, activation):
            x = nn.Dense(features)(x)
            return getattr(nn, activation)(x) if train else x

    axes = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
    mapped = nn.vmap(Layer, in_axes=(0, None, None, None), **axes)()
    y, variables = mapped.init_with_output(KEY, X, 5, True, "relu")
    assert jax.tree.map(jnp.shape, variables["params"]["Dense_0"]) == {
        "bias": (len(X), 5),
        "kernel": (len(X), X.shape[-1], 5),
    }
    assert jnp.array_equal(y, nn.relu(mapped.apply(variables, X, 5, False, "relu")))


def test_targets_and_methods():
    with pytest.raises(errors.TransformTargetError, match=r"found the Module instance Dense\(\)"):
        nn.vmap(nn.Dense(3))
    with pytest.raises(errors.LiftArgumentError, match="`methods` must be None, a list or tuple of names"):
        nn.vmap(nn.Dense, methods="__call__")
    with pytest.raises(errors.LiftArgumentError, match="`Dense` has no method `absent`"):
        nn.vmap(nn.Dense, methods=["absent"])
    with pytest.raises(errors.LiftArgumentError, match="wants a Module first, found ArrayImpl"):
        nn.vmap(lambda mdl, x: x)(X, X)


def test_a_module_may_not_be_returned():
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.vmap(lambda mdl, x: nn.Dense(3), **STACKED)(self, x)

    with pytest.raises(errors.TransformedMethodReturnValueError, match="returns a Module or a Variable"):
        Outer().init(KEY, X)


def test_keyword_arguments_are_dropped_with_a_warning():
    class Keyword(nn.Module):
        @nn.compact
        def __call__(self, x, extra=1.0):
            return x * extra

    with pytest.warns(RuntimeWarning, match="`vmap` ignores keyword arguments: `extra`"):
        y = nn.vmap(Keyword)().apply({}, X, extra=3.0)
    assert (y == X).all()


def statistics_over_a_map_of_jaxs(nn):
    """Layers inside of lifts that speak to each other along the axis of a map outside of all of them."""

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return nn.BatchNorm(use_running_average=False, axis_name="batch")(nn.Dense(3)(x)), None

    axes = {"variable_axes": {"params": 0, "batch_stats": 0}, "split_rngs": {"params": True}}
    model = nn.scan(nn.remat(Block), **axes, length=2)()
    x = jnp.arange(12.0).reshape(4, 3) ** 2
    variables = model.init(KEY, x[0], None)

    def one(x):
        return model.apply(variables, x, None, mutable=["batch_stats"])

    return variables, jax.jit(jax.vmap(one, axis_name="batch", out_axes=(0, None)))(x)


def test_collectives_inside_of_lifts_run_over_the_axis_of_a_map_of_jaxs():
    assert_parity(statistics_over_a_map_of_jaxs, close=True)
