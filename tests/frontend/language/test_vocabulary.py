"""Every word of the vocabulary is where the table says, and takes the parameters it lists."""

import importlib
import inspect

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift.frontend.language import lifted_functions
from stablelift.frontend.language.lift_rules import LIFT_RULES
from stablelift.frontend.language.rules import RULES
from stablelift.frontend.language.vocabulary import (
    DTYPE_CLASSES,
    DTYPES,
    FUNCTION_LIFTS,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    LIFTS,
    READY_INITIALIZERS,
    RESERVED_FIELDS,
)
from stablelift.frontend.language.vocabulary.arrays import OF_MODULE, OWN

WORDS = [
    *(word for word in FUNCTIONS.values() if word.home not in (OWN, OF_MODULE)),
    *LAYERS.values(),
    *LIFTS.values(),
]


def accepts(function, word) -> None:
    """The required parameters go by position, the others also by name."""
    signature = inspect.signature(function)
    positional = [object() for p in word.parameters if p.required or p.variadic]
    optional = {p.name: object() for p in word.parameters if not p.required and not p.variadic}
    signature.bind(*positional, **optional)
    signature.bind(*(object() for p in word.positional))


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_functions_layers_and_lifts(word):
    accepts(getattr(importlib.import_module(word.home), word.attribute), word)


@pytest.mark.parametrize("word", INITIALIZERS.values(), ids=lambda word: word.name)
def test_initializers(word):
    function = getattr(importlib.import_module(word.home), word.attribute)
    if word.name in READY_INITIALIZERS:
        assert function(None, (2,), jnp.float32).shape == (2,)
    else:
        accepts(function, word)


def test_dtypes():
    assert all(jnp.dtype(name) for name in DTYPES.values())
    assert all(hasattr(jnp, name) for word, name in DTYPE_CLASSES.items() if word != "key")
    assert hasattr(jax.dtypes, DTYPE_CLASSES["key"])


def test_reserved_fields_are_all_attributes_of_a_module():
    class Plain(nn.Module):
        pass

    public = {name for name in dir(Plain) if not name.startswith("_")}
    assert public <= RESERVED_FIELDS


@pytest.mark.parametrize("word", LAYERS.values(), ids=lambda word: word.name)
def test_the_inputs_of_layers(word):
    signature = inspect.signature(getattr(nn, word.name).__call__)
    positional = [object() for p in word.inputs if not p.keyword_only and not p.variadic]
    signature.bind(None, *positional, **{p.name: object() for p in word.inputs if p.keyword_only})


@pytest.mark.parametrize("word", FUNCTION_LIFTS.values(), ids=lambda word: word.name)
def test_lifts_of_functions(word):
    options = [p.name for p in word.parameters if p.kind != "function"]
    inspect.signature(lifted_functions._LIFTS[word.name]).bind((), **dict.fromkeys(options))


def test_every_rule_exists_and_every_layer_is_here():
    words = [*FUNCTIONS.values(), *LAYERS.values()]
    assert not {word.rule for word in words} - RULES.keys()
    assert not {word.rule for word in (*LIFTS.values(), *FUNCTION_LIFTS.values())} - LIFT_RULES.keys()
    modules = {name for name in nn.__all__ if name[:1].isupper() and isinstance(getattr(nn, name), type)}
    layers = {name for name in modules if issubclass(getattr(nn, name), nn.Module)}
    # The base classes are no layers.
    assert layers - LAYERS.keys() == {"Module", "RNNCellBase"}
