"""Signatures are Linen's: every lift, every method of Module, Scope and Variable, every free function."""

import enum
import inspect

import pytest

import stablelift
from stablelift import core

linen = pytest.importorskip("flax.linen")
scope = pytest.importorskip("flax.core.scope")
lift = pytest.importorskip("flax.core.lift")

# What goes beyond Linen, always behind its own parameters.
BEYOND = {
    "while_loop": ["max_trip_count"],
    "remat_scan": ["metadata_params", "length"],
    "scan": ["checkpoint"],
}


def parameters(function):
    """Name, kind and default of each parameter."""
    return [(p.name, p.kind, shown(p.default)) for p in inspect.signature(function).parameters.values()]


def shown(default):
    """A default as what can be compared across the packages."""
    if hasattr(default, "deny"):
        return "DenyList", default.deny
    if hasattr(default, "items"):
        return dict(default)
    if isinstance(default, enum.Enum):
        return default.name
    simple = default is None or isinstance(default, type | bool | int | float | str | tuple)
    return default if simple else "an object of the package's own"


def compare(theirs, ours, extra=()):
    expected, found = parameters(theirs), parameters(ours)
    assert [name for name, *_ in found[len(expected) :]] == list(extra)
    assert found[: len(expected)] == expected


LIFTS = (
    "vmap", "scan", "jit", "remat", "checkpoint", "remat_scan", "map_variables", "jvp", "vjp", "grad",
    "value_and_grad", "custom_vjp", "while_loop", "cond", "switch", "add_metadata_axis", "fold_rngs",
    "named_call",
)  # fmt: skip


@pytest.mark.parametrize("name", LIFTS)
def test_lifts(name):
    compare(getattr(linen, name), getattr(stablelift, name), BEYOND.get(name, ()))


# Of `vmap` Linen wants axes and splits.
CORE_LIFTS = sorted(set(core.lift.__all__) & set(vars(lift)) - {"In", "Out", "broadcast", "vmap"})


@pytest.mark.parametrize("name", CORE_LIFTS)
def test_lifts_of_functions_of_scopes(name):
    extra = ["metadata_params"] if name == "remat_scan" else BEYOND.get(name, ())
    compare(getattr(lift, name), getattr(core.lift, name), extra)


def methods(cls):
    return {name for name, value in vars(cls).items() if inspect.isfunction(value) and name[0] != "_"}


@pytest.mark.parametrize("name", sorted(methods(linen.Module)))
def test_methods_of_modules(name):
    compare(getattr(linen.Module, name), getattr(stablelift.Module, name))


# The rest of Linen's Scope is its own machinery.
SCOPE = (
    "child", "default_name", "get_flag", "get_variable", "has_flag", "has_rng", "has_variable", "invalidate",
    "is_collection_empty", "is_mutable_collection", "make_rng", "mutable_variables", "param", "push",
    "put_variable", "reserve", "rewound", "temporary", "variable", "variables",
)  # fmt: skip


@pytest.mark.parametrize("name", SCOPE)
def test_methods_of_scopes(name):
    compare(getattr(scope.Scope, name), getattr(core.Scope, name))


FUNCTIONS = sorted(
    name
    for name in set(dir(linen)) & set(stablelift.__all__) - set(LIFTS)
    if inspect.isfunction(getattr(linen, name))
    and getattr(linen, name).__module__.startswith("flax.")
    and name not in vars(linen.activation)
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    compare(getattr(linen, name), getattr(stablelift, name))


@pytest.mark.parametrize("name", ["apply", "bind", "init", "lazy_init", "copy", "pop", "pretty_repr"])
def test_functions_of_the_core(name):
    import flax.core

    compare(getattr(flax.core, name), getattr(core, name))
