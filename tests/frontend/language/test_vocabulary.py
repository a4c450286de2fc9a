"""Every word of the vocabulary is where the table says, and takes the parameters it lists."""

import importlib
import inspect

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import functional
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
from stablelift.frontend.language.vocabulary.left_out import LEFT_OUT, OF_LIFTED_FUNCTIONS

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


def parameters(function) -> set[str]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {p.name for p in inspect.signature(function).parameters.values() if p.kind not in kinds}


def missing() -> dict[str, set[str]]:
    """What layers, lifts of modules and lifts of functions have in Python and have not here."""
    found = {}
    for word in (*LAYERS.values(), *LIFTS.values()):
        found[word.name] = parameters(getattr(nn, word.name)) - {p.name for p in word.parameters} - {"parent"}
    for word in LAYERS.values():
        found[word.name] |= (
            parameters(getattr(nn, word.name).__call__) - {p.name for p in word.inputs} - {"self"}
        )
    for word in FUNCTION_LIFTS.values():
        homes = [home for home in (functional, nn) if hasattr(home, word.name)]
        said = {p.name for p in word.parameters} | APPLIED
        found[f"{word.name} of functions"] = {
            name for home in homes for name in parameters(getattr(home, word.name))
        } - said
    return found


# The functions that a lift is of, and what the lifted function is applied to.
APPLIED = {
    *("function", "fn", "target", "mdl", "primals", "tangents", "cond_fun", "cond_fn", "body_fun", "body_fn"),
    *("forward_fn", "backward_fn", "init", "init_val", "xs", "elems", "pred", "index", "lower", "upper"),
    *("operands", "rule"),
}


def test_what_is_left_out_has_a_reason():
    found = missing()
    of_functions = {name for word, names in found.items() if word.endswith("functions") for name in names}
    of_modules = {name for word, names in found.items() if not word.endswith("functions") for name in names}
    assert of_modules | of_functions == LEFT_OUT.keys() | OF_LIFTED_FUNCTIONS.keys()
    assert not of_modules & OF_LIFTED_FUNCTIONS.keys()
    assert all(hasattr(functional, name) for name in FUNCTION_LIFTS if name not in ("map_variables",))
    assert set(functional.__all__) <= FUNCTION_LIFTS.keys()


def test_every_rule_exists_and_every_layer_is_here():
    words = [*FUNCTIONS.values(), *LAYERS.values()]
    assert not {word.rule for word in words} - RULES.keys()
    assert not {word.rule for word in (*LIFTS.values(), *FUNCTION_LIFTS.values())} - LIFT_RULES.keys()
    modules = {name for name in nn.__all__ if name[:1].isupper() and isinstance(getattr(nn, name), type)}
    layers = {name for name in modules if issubclass(getattr(nn, name), nn.Module)}
    # The base classes are no layers, and what other layers contract with is a function of Python to them.
    contractions = {name for name in layers if issubclass(getattr(nn, name), nn.fp8_ops.Fp8DotGeneralBase)}
    assert layers - LAYERS.keys() == {"Module", "RNNCellBase"} | contractions
