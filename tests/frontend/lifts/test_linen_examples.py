"""The examples in the documentation of Linen's lifts run with only the import changed."""

import doctest
import re

import pytest

import stablelift

WITH_EXAMPLES = [
    "checkpoint", "cond", "custom_vjp", "jvp", "map_variables", "remat", "remat_scan", "scan", "switch",
    "vjp", "vmap", "while_loop",
]  # fmt: skip


def example_of(lift):
    linen = pytest.importorskip("flax.linen")
    text = getattr(linen, lift).__doc__
    text = text.replace("import flax.linen as nn", "import stablelift as nn")
    return text.replace("from flax import linen as nn", "import stablelift as nn")


@pytest.mark.parametrize("lift", WITH_EXAMPLES)
def test_example(lift):
    text = example_of(lift)
    examples = doctest.DocTestParser().get_doctest(text, {}, lift, None, 0)
    assert examples.examples
    missing = {name for name in re.findall(r"\bnn\.(\w+)", text) if not hasattr(stablelift, name)}
    if missing:
        pytest.skip(f"it uses {', '.join(sorted(missing))}")
    failures: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(examples, out=failures.append)
    assert not failures, "\n".join(failures)
