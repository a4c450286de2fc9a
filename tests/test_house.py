"""The package keeps the house rules of tests/house.py, and they catch what they should; others of tests."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

import stablelift
from tests.house import problems, references

pytestmark = pytest.mark.smoke

PACKAGE = Path(stablelift.__path__[0])
TESTS = Path(__file__).parent


def test_the_package_keeps_the_house_rules():
    found = [
        problem
        for file in sorted(PACKAGE.rglob("*.py"))
        for problem in problems(file.relative_to(PACKAGE).as_posix(), file.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(["", *found])


def test_no_test_reads_a_clock():
    clocks = ("time.time", "time.monotonic", "time.perf_counter", "time.process_time", "time.thread_time")
    read = [
        f"{file.relative_to(TESTS)}:{line}: {name}"
        for file in sorted(TESTS.rglob("*.py"))
        for line, name in references(file.name, ast.parse(file.read_text(encoding="utf-8")))
        if name.startswith(clocks)
    ]
    assert not read, "\n".join(["", *read])


def test_benchmarks_import_what_there_is():
    missing = [
        f"{file.name}:{node.lineno}: {node.module}.{alias.name}"
        for file in sorted((TESTS.parent / "benchmarks").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stablelift")
        for alias in node.names
        if not _is_there(str(node.module), alias.name)
    ]
    assert not missing, "\n".join(["", *missing])


def _is_there(module: str, name: str) -> bool:
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError:
        return False
    return hasattr(found, name) or hasattr(found, "__path__") and find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("passes/remat/mincut.py", "from stablelift.runtime import compile"),
        ("passes/remat/mincut.py", "from ...runtime.cache import Cache"),
        ("passes/remat/mincut.py", "from ... import runtime"),
        ("passes/remat/mincut.py", "def f():\n    import stablelift.frontend.module"),
        ("passes/remat/mincut.py", "import stablelift"),
        ("passes/remat/mincut.py", "from stablelift import Module"),
        ("ir/tensor.py", "from stablelift.lowering import link"),
        ("lowering/trace.py", "import importlib\nimportlib.import_module('stablelift.passes')"),
        ("errors.py", "from stablelift.ir import location"),
        ("errors.py", "from .ir import location"),
        ("frontend/module.py", "from stablelift.command import main"),
    ],
)
def test_an_import_against_the_direction_is_found(path, source):
    assert "imports run frontend -> runtime -> passes -> lowering -> ir" in "\n".join(problems(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("passes/verify.py", "from jaxlib.mlir import ir"),
        ("frontend/module.py", "import jaxlib"),
        ("lowering/jax_compat.py", "import jaxlib.mlir.ir as ir"),
        ("ir/tensor.py", "from jaxlib import mlir"),
    ],
)
def test_jaxlib_past_its_door_is_found(path, source):
    assert "only ir/mlir.py and runtime/ import jaxlib" in "\n".join(problems(path, source))


@pytest.mark.parametrize(
    "source",
    [
        "from jax._src import core",
        "import jax._src.core",
        "from jax.interpreters import mlir",
        "from jax import core",
        "import jax\njax.core.Tracer",
        "import jax as j\nj._src.config.update",
        "import jax.numpy as jnp\njnp._private",
    ],
)
def test_an_internal_of_jax_is_found(source):
    found = "\n".join(problems("runtime/cache.py", source))
    assert "only lowering/jax_compat.py uses JAX's internals" in found
    assert not problems("lowering/jax_compat.py", source)


def test_jax_extend_is_for_lowering_and_runtime():
    source = "from jax.extend.core import Primitive"
    assert not problems("lowering/trace.py", source)
    assert not problems("runtime/program.py", source)
    assert problems("frontend/module.py", source) == [
        "stablelift/frontend/module.py:1: error: `jax.extend.core.Primitive`: "
        "only lowering/ and runtime/ use jax.extend"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import jax\ny = jax.vmap(f)(x)",
        "import jax\nmap(jax.grad, fs)",
        "from jax import jvp as forward",
        "from jax import lax\nlax.scan(f, c, xs)",
        "from jax.lax import cond",
        "import jax.lax as lax\nlax.while_loop(p, f, c)",
        "@__import__('functools').cache\ndef f():\n    import jax\n    return jax.checkpoint",
    ],
)
def test_a_transformation_of_jax_is_found(source):
    assert "never implemented with JAX's own" in "\n".join(problems("lowering/jax_compat.py", source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("command.py", "from stablelift.runtime import Program"),
        ("frontend/module.py", "from stablelift.runtime import Program"),
        ("frontend/module.py", "from .scope import Scope"),
        ("ir/tensor.py", "from stablelift.errors import LiftError"),
        ("ir/tensor.py", "from stablelift import errors"),
        ("ir/mlir.py", "from jaxlib.mlir import ir"),
        ("runtime/client.py", "from jaxlib import xla_client"),
        ("lowering/foreign.py", "import jax\njax.vmap(apply)"),
        ("frontend/lifts/vmap.py", "from stablelift.frontend import functional\nfunctional.vmap(f)"),
        ("frontend/module.py", "import jax\njax.numpy.ones(3), jax.lax.add, jax.__version__"),
        ("frontend/module.py", "import jax\njax.jit(self._call, inline=True).lower"),
    ],
)
def test_what_is_allowed_is_not_found(path, source):
    assert not problems(path, source)
