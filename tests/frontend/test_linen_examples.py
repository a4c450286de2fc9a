"""The examples in Linen's documentation run with only the import changed, and leave the same values behind.

They are taken from flax's own docstrings as the tests run: of the lifts, the layers, Modules' methods and the
free functions.
"""

import doctest
import inspect
import re
import textwrap

import jax
import numpy as np
import pytest

import stablelift

from .parity import assert_same_tree

linen = pytest.importorskip("flax.linen")

pytestmark = pytest.mark.filterwarnings("ignore")  # of layers that Linen gives up, of what an example does

IMPORTS = {
    "import flax.linen as nn": "import stablelift as nn",
    "from flax import linen as nn": "import stablelift as nn",
    "from flax.core import": "from stablelift.core import",
}

# Every lift has an example, but those whose documentation has none.
LIFTS = (
    "checkpoint", "cond", "custom_vjp", "jvp", "map_variables", "remat", "remat_scan", "scan", "switch",
    "vjp", "vmap", "while_loop",
)  # fmt: skip
WRITTEN_OUT = ("grad", "value_and_grad")
WITHOUT = ("jit", "add_metadata_axis")


def documented():
    """Name and docstring of all that Linen and we offer and that has an example."""
    found = {}
    for name in sorted(set(dir(linen)) & set(stablelift.__all__)):
        value = getattr(linen, name)
        if inspect.ismodule(value):
            continue
        texts = {name: value.__doc__}
        if value is linen.Module:
            texts |= {f"{name}.{method}": each.__doc__ for method, each in vars(value).items()}
        elif inspect.isclass(value) and "__call__" in vars(value):
            texts[f"{name}.__call__"] = value.__call__.__doc__
        found |= {key: text for key, text in texts.items() if text and ">>>" in text}
    return found


DOCUMENTED = documented()


def left_by(text, name):
    """The names that an example leaves behind, and what did not come out as it says."""
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert examples.examples
    failures: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=options).run(examples, out=failures.append, clear_globs=False)
    return examples.globs, failures


def ours(text):
    for theirs, replaced in IMPORTS.items():
        text = text.replace(theirs, replaced)
    return text


def is_data(value):
    """Whether a value is a tree of arrays and numbers."""
    leaves = jax.tree.leaves(value)
    return bool(leaves) and all(isinstance(leaf, jax.Array | np.ndarray | int | float) for leaf in leaves)


def test_every_lift_with_an_example_is_among_them():
    assert set(LIFTS) <= set(DOCUMENTED) and not set(WITHOUT) & set(DOCUMENTED)
    assert all("Example" not in getattr(linen, name).__doc__ for name in WITHOUT)
    assert {"Dense", "Conv", "BatchNorm", "MultiHeadAttention", "RNN", "Module.apply"} <= set(DOCUMENTED)


# Of the layers, whose values `layers/` compares, a few; `make exam-models` runs them all.
LAYERS = ("BatchNorm", "Dense", "Dropout", "Sequential")


def is_selected(name):
    value = getattr(linen, name.split(".")[0])
    is_layer = inspect.isclass(value) and issubclass(value, linen.Module) and value is not linen.Module
    return name in LAYERS or not is_layer


@pytest.mark.parametrize("name", [*filter(is_selected, DOCUMENTED)])
def test_example(name):
    check_example(name)


def check_example(name):
    expected, their_failures = left_by(DOCUMENTED[name], name)
    found, failures = left_by(ours(DOCUMENTED[name]), name)
    # A text that is out of date fails with Linen too.
    assert len(failures) <= len(their_failures), "\n".join(failures)
    values = {key: value for key, value in expected.items() if not key.startswith("_") and is_data(value)}
    assert set(values) <= set(found)
    for key, value in values.items():
        assert_same_tree(value, found[key], close=True)


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_example_without_prompts(name):
    (code,) = re.findall(r"Example::\n\n(.*?)\n\n  Args:", getattr(linen, name).__doc__, re.DOTALL)
    results = []
    for library in (linen, stablelift):
        namespace = {"nn": library}
        exec(textwrap.dedent(code), namespace)
        results.append(namespace["Foo"]().init_with_output(jax.random.key(0), 2.0, 3.0))
    assert_same_tree(*results)
