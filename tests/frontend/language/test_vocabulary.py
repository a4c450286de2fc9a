"""Every word of the vocabulary is where the table says, and takes the parameters it lists."""

import importlib
import inspect
from pathlib import Path

import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift.frontend.language.vocabulary import (
    DTYPE_CLASSES,
    DTYPES,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    LIFTS,
    READY_INITIALIZERS,
    RESERVED_FIELDS,
)

WORDS = [*FUNCTIONS.values(), *LAYERS.values(), *LIFTS.values()]


def accepts(function, word) -> None:
    """The required parameters go by position, the others also by name."""
    signature = inspect.signature(function)
    positional = [object() for p in word.parameters if p.required or p.variadic]
    optional = {p.name: object() for p in word.parameters if not p.required and not p.variadic}
    signature.bind(*positional, **optional)
    signature.bind(*(object() for p in word.positional))


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_functions_layers_and_lifts(word):
    accepts(getattr(importlib.import_module(word.home), word.name), word)


@pytest.mark.parametrize("word", INITIALIZERS.values(), ids=lambda word: word.name)
def test_initializers(word):
    function = getattr(importlib.import_module(word.home), word.name)
    if word.name in READY_INITIALIZERS:
        assert function(None, (2,), jnp.float32).shape == (2,)
    else:
        accepts(function, word)


def test_dtypes():
    assert all(jnp.dtype(name) for name in DTYPES.values())
    assert all(hasattr(jnp, name) for name in DTYPE_CLASSES.values())


def test_reserved_fields_are_all_attributes_of_a_module():
    class Plain(nn.Module):
        pass

    public = {name for name in dir(Plain) if not name.startswith("_")}
    assert public <= RESERVED_FIELDS


def test_the_reference_lists_every_word():
    reference = (Path(__file__).parents[3] / "docs" / "lift-language.md").read_text(encoding="utf-8")
    listed = set(reference.split("## The vocabulary")[1].replace("`", " ").split())
    assert not {word.name for word in [*WORDS, *INITIALIZERS.values()]} - listed
