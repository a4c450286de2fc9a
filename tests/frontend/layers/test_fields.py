"""The fields of every layer and the arguments of every call are Linen's: names, order, defaults."""

import dataclasses
import inspect

import jax
import pytest

import stablelift

linen = pytest.importorskip("flax.linen")

LAYERS = sorted(
    name
    for name in stablelift.__all__
    if dataclasses.is_dataclass(getattr(linen, name, None)) and issubclass(getattr(linen, name), linen.Module)
)
FUNCTIONS = (
    *("avg_pool", "max_pool", "pool", "dot_product_attention", "dot_product_attention_weights"),
    *("make_attention_mask", "make_causal_mask", "combine_masks", "merge_param"),
)
METHODS = ("__call__", "attend", "initialize_carry")


def _default(field):
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    return _comparable(value)


def _comparable(value):
    """What can be compared across the packages: an initializer by its values, a function by its name."""
    if value in (dataclasses.MISSING, inspect.Parameter.empty):
        return "required"
    if hasattr(value, "items"):
        return dict(value)
    if not callable(value) or isinstance(value, type):
        return value
    try:
        return value(jax.random.key(0), (3, 2), "float32").tolist()
    except (TypeError, ValueError, AttributeError):
        return getattr(value, "__name__", repr(value))


@pytest.mark.parametrize("name", LAYERS)
def test_fields_are_linens(name):
    tables = [
        [
            (field.name, _default(field), field.kw_only, field.init)
            for field in dataclasses.fields(getattr(nn, name))
            if field.name not in ("parent", "name")
        ]
        for nn in (linen, stablelift)
    ]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("name", [*LAYERS, *FUNCTIONS])
def test_arguments_are_linens(name):
    expected, found = getattr(linen, name), getattr(stablelift, name)
    methods = METHODS if isinstance(expected, type) else (None,)
    for method in methods:
        if method is None or hasattr(expected, method):
            pair = [target if method is None else getattr(target, method) for target in (expected, found)]
            assert _arguments(pair[0]) == _arguments(pair[1]), method


def _arguments(function):
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, _comparable(p.default)) for p in parameters]
