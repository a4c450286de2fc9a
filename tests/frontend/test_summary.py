"""Tables of Modules against Linen's, to the letter; paths of Modules; initialising from types alone."""

import dataclasses
import enum
import functools
from collections import OrderedDict

import jax
import jax.numpy as jnp
import pytest

import stablelift
import stablelift as nn
from stablelift import errors

from .parity import KEY, assert_parity

X = jnp.ones((16, 9))
PLAIN = {"console_kwargs": {"width": 160, "force_terminal": False}}


class Kind(enum.Enum):
    FIRST = "first"


@dataclasses.dataclass
class Options:
    depth: int
    kind: Kind


def composite(nn):
    class Encoder(nn.Module):
        @nn.compact
        def __call__(self, x, scale, *, flag=None):
            kernel = nn.with_partitioning(nn.initializers.lecun_normal(), ("a", None))
            shared = nn.Dense(4, name="shared", kernel_init=kernel)
            return {"a": shared(x) * scale, "b": (x, [shared(x), None], {}), "kind": Kind.FIRST}

        def encode(self, x):
            return self(x, 2.5, flag=True)["a"]

    class Model(nn.Module):
        def setup(self):
            self.encoder = Encoder()
            self.table = nn.Embed(300_000, 4)

        def __call__(self, x, name="n"):
            found = self.encoder(x, 3, flag=Options(2, Kind.FIRST))
            return self.encoder.encode(x) + found["a"] + self.table(jnp.zeros((), jnp.int32))

    return Model()


def lifted(nn):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.jit(nn.Dense)(5)(x)
            x = nn.remat(nn.Dense)(5)(x)
            Stack = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True}, axis_size=3,
                            in_axes=None)  # fmt: skip
            x = Stack(4)(x)
            body = nn.scan(nn.LSTMCell, variable_broadcast="params", split_rngs={"params": False})
            cell = body(6)
            return cell(cell.initialize_carry(KEY, x.shape[1:]), x)

    return Model()


def nothing(nn):
    class Empty(nn.Module):
        def __call__(self):
            return None

    return Empty()


# With `show_repeated` Linen also shows how it tries out `setup` before a lift.
TABLES = [(model, options) for model in (composite, lifted) for options in ({}, {"depth": 0}, {"depth": 1})]


@pytest.mark.parametrize(("model", "options"), [*TABLES, (composite, {"show_repeated": True})])
def test_tables_are_linens(model, options):
    linen = pytest.importorskip("flax.linen")
    expected, found = (p.tabulate(model(p), KEY, **options, **PLAIN)(X) for p in (linen, stablelift))
    assert expected == found
    assert model(stablelift).tabulate(KEY, X, **options, **PLAIN) == found


def test_a_module_without_arguments_or_variables():
    linen = pytest.importorskip("flax.linen")
    assert linen.tabulate(nothing(linen), KEY, **PLAIN)() == nn.tabulate(nothing(nn), KEY, **PLAIN)()


def test_options_of_rich():
    linen = pytest.importorskip("flax.linen")
    options = {
        "console_kwargs": {"width": 120},
        "table_kwargs": {"show_edge": False},
        "column_kwargs": {"no_wrap": True},
    }
    expected, found = (p.Dense(3).tabulate(KEY, X, **options) for p in (linen, stablelift))
    assert expected == found and "\x1b[" in found


def test_operations_of_a_call_and_of_its_pullback():
    linen = pytest.importorskip("flax.linen")

    def model(nn):
        return nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(2)])

    options = {"compute_flops": True, "compute_vjp_flops": True, **PLAIN}
    expected, found = (model(p).tabulate(KEY, X, **options) for p in (linen, stablelift))
    assert expected == found


def test_no_tracer_outlives_the_table():
    class Step(nn.Module):
        @nn.compact
        def __call__(self, carry, x):
            return nn.Dense(9)(carry + x), None

    class Steps(nn.Module):
        @nn.compact
        def __call__(self, x):
            scan = nn.scan(Step, variable_broadcast="params", split_rngs={"params": False})
            return scan()(jnp.zeros(9), x)[0]

    with jax.checking_leaks():
        assert "Dense_0" in Steps().tabulate(KEY, X, **PLAIN)


def test_keys_that_are_members_and_values_that_are_dataclasses():
    class Kind(enum.StrEnum):
        first = "one"

    @functools.partial(jax.tree_util.register_dataclass, data_fields=[], meta_fields=["names"])
    @dataclasses.dataclass
    class Names:
        names: tuple[str, ...]

    class Model(nn.Module):
        @nn.compact
        def __call__(self, inputs):
            self.sow("notes", "made", Names(("here", "there")))
            return inputs[Kind.first].sum()

    table = Model().tabulate(KEY, {Kind.first: X}, **PLAIN)
    assert "one: float32[16,9]" in table and "Kind" not in table
    assert "names:" in table and "here" in table


def test_what_holds_names_is_shown_in_their_order():
    def build(nn):
        @functools.partial(jax.tree_util.register_dataclass, data_fields=["logits", "cache"], meta_fields=[])
        @dataclasses.dataclass
        class Output:
            logits: jax.Array
            cache: dict[str, jax.Array]

        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                return OrderedDict(sum=x.sum(), output=Output(nn.Dense(3)(x), {"value": x, "key": x}))

        return Model().tabulate(KEY, X, **PLAIN)

    assert_parity(build)


def test_a_cached_trace_is_still_in_the_table():
    """Linen shows nothing of a jitted Module that was traced before."""
    model = lifted(nn)
    assert "JitDense_0" in model.tabulate(KEY, X, **PLAIN)
    assert "JitDense_0" in model.tabulate(KEY, X, **PLAIN)


@pytest.mark.parametrize("show_repeated", [False, True])
def test_module_paths(show_repeated):
    linen = pytest.importorskip("flax.linen")

    def paths(nn):
        found = composite(nn).module_paths(KEY, X, show_repeated=show_repeated)
        return [(path, type(module).__name__, module.scope) for path, module in found.items()]

    assert paths(linen) == paths(stablelift)


# Initialising from types alone

TYPE = jax.ShapeDtypeStruct((16, 9), jnp.float32)


@pytest.mark.parametrize("model", [composite, lifted])
def test_lazy_init(model):
    assert_parity(lambda nn: nn.unbox(model(nn).init(KEY, X)))
    found = nn.unbox(model(nn).lazy_init(KEY, TYPE))
    expected = nn.unbox(model(nn).init(KEY, X))
    assert jax.tree.all(jax.tree.map(lambda x, y: bool((x == y).all()), expected, found))
    traced = nn.unbox(jax.jit(lambda key: model(nn).lazy_init(key, TYPE))(KEY))
    assert jax.tree.structure(traced) == jax.tree.structure(expected)


def test_lazy_init_computes_no_value_of_a_large_input():
    large = jax.ShapeDtypeStruct((1024, 1024, 1024, 1024, 2), jnp.bfloat16)
    assert nn.Dense(3).lazy_init(KEY, large)["params"]["kernel"].shape == (2, 3)


def test_lazy_init_of_what_depends_on_the_input():
    class Centered(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x - self.param("mean", lambda key: x.mean(0))

    with pytest.raises(errors.LazyInitError) as raised:
        Centered().lazy_init(KEY, TYPE)
    assert str(raised.value).split(" error: ")[-1] == (
        "lazy init needs the value of an input that it only knows the shape of: "
        "ShapeDtypeStruct(shape=(16, 9), dtype=float32)\n"
        "  hint: pass that input as an array"
    )
    assert Centered().lazy_init(KEY, X)["params"]["mean"].shape == (9,)
