"""The Flax models of `transformers`, with Flax and with only the import changed: initial values, gradients.

There are two copies of the package, which are imported by turns under its one name.
"""

from __future__ import annotations

import inspect
import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from common import fetched, imports
from common.comparison import ERROR, PASSED, WRONG, Verdict
from common.published_configs import CONFIGS, config_of, inputs_of, shape_of

PACKAGE = "transformers"
REQUIREMENT = "transformers<5"  # the last that has Flax models
FOLDER = fetched.CACHE / "flax-models"
SIDES = ("theirs", "ours")
ANEW = {"a_max=": "max="}
"""What this JAX spells in another way than the one that the models were written for."""
LARGEST_ERROR = 2e-4
"""Of a gradient, relative to the largest entry of the array."""


def prepare() -> None:
    """Fetch the package, and make the two copies of it."""
    package = fetched.installed(REQUIREMENT) / PACKAGE
    shutil.rmtree(FOLDER, ignore_errors=True)
    for side, change in zip(SIDES, (imports.unchanged, imports.rewritten), strict=True):
        imports.copied(package, FOLDER / side / PACKAGE, change, ANEW)


def pieces() -> list[str]:
    """Families of models."""
    return list(CONFIGS)


def verdicts(family: str) -> Iterable[Verdict]:
    """Of each class in a family the initial values, of its first the gradients as well."""
    warnings.simplefilter("ignore")
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    with _imported("theirs"):
        names = [name for name, _ in _classes(family)]
    for number, name in enumerate(names):
        question = f"{family}: {name}"
        try:
            expected, found = (_Model(side, family, name) for side in SIDES)
            yield _same(f"{question}, initial values", expected.params, found.params, largest_error=0)
            if number == 0:
                given = jax.tree.map(_moved, expected.params)
                gradients = [model.gradients(given) for model in (expected, found)]
                yield _same(f"{question}, gradients", *gradients, LARGEST_ERROR)
        except Exception as error:
            yield Verdict(question, ERROR, f"{type(error).__name__}: {error}"[:300])
    jax.clear_caches()


_KEPT: dict[str, dict[str, Any]] = {side: {} for side in SIDES}
"""The modules of the copies, while they are not imported."""


@contextmanager
def _imported(side: str) -> Iterator[None]:
    """The package is one of the copies; what it needs comes behind all that is installed here."""
    for name in _modules():
        del sys.modules[name]
    sys.modules.update(_KEPT[side])
    needed = str(fetched.CACHE / REQUIREMENT)
    sys.path[:0], sys.path[len(sys.path) :] = [str(FOLDER / side)], [needed]
    try:
        yield
    finally:
        sys.path.remove(str(FOLDER / side))
        sys.path.remove(needed)
        _KEPT[side] = {name: sys.modules[name] for name in _modules()}


def _modules() -> list[str]:
    return [name for name in sys.modules if name.split(".")[0] == PACKAGE]


def _classes(family: str) -> list[tuple[str, Any]]:
    """The classes of models in a family's file, in order."""
    module = import_module(f"{PACKAGE}.models.{family}.modeling_flax_{family}")
    return [
        (name, one)
        for name, one in vars(module).items()
        if isinstance(one, type)
        and one.__module__ == module.__name__
        and hasattr(one, "init_weights")
        and not name.endswith("PreTrainedModel")
        and getattr(one, "module_class", True)
    ]


class _Model:
    """A model of one of the two copies, at a tiny size."""

    def __init__(self, side: str, family: str, name: str):
        self._side, self._family = side, family
        with _imported(side):
            kind = dict(_classes(family))[name]
            config = config_of(family, name, kind.config_class)
            self._model = kind(config, seed=0, dtype=jnp.float32, **shape_of(family, name))
            self._inputs = inputs_of(family, name, config)
        self.params = self._model.params

    def gradients(self, params: Any) -> Any:
        """The value and the gradients of a function of all that the model returns in training."""
        takes = inspect.signature(self._model.__call__).parameters
        given: dict[str, Any] = dict(self._inputs)
        given |= {"train": True} if "train" in takes else {"deterministic": False}
        keys = {"dropout_rng": 3, "gumbel_rng": 5, "indices_rng": 7}
        given |= {name: jax.random.PRNGKey(seed) for name, seed in keys.items() if name in takes}

        def loss(params: Any) -> Any:
            with _imported(self._side):
                return sum(map(_weighed, jax.tree.leaves(self._model(**given, params=params))))

        options = {"xla_backend_optimization_level": 0}
        return jax.jit(jax.value_and_grad(loss), compiler_options=options)(params)


def _weighed(x: Any) -> Any:
    """A sum in which every entry has a weight of its own; masked scores are left out."""
    weights = jnp.cos(0.7 * jnp.arange(x.size, dtype=jnp.float32)).reshape(x.shape)
    return jnp.sum(jnp.where(jnp.abs(x) < 1e4, x, 0) * weights) / np.sqrt(x.size)


def _moved(x: Any) -> Any:
    """Parameters as training leaves them: none of them zero."""
    noise = np.random.RandomState(x.size % 1000).randn(*x.shape)
    return x + 0.05 * noise.astype(x.dtype)


def _same(question: str, expected: Any, found: Any, largest_error: float) -> Verdict:
    """The verdict on two trees; no error is to be the same bits."""
    pairs = [dict(jax.tree_util.tree_leaves_with_path(_plain(tree))) for tree in (expected, found)]
    if pairs[0].keys() != pairs[1].keys():
        differ = sorted(map(jax.tree_util.keystr, pairs[0].keys() ^ pairs[1].keys()))
        return Verdict(question, WRONG, f"other leaves: {differ[:5]}")
    errors = {path: _error(one, pairs[1][path]) for path, one in pairs[0].items()}
    wrong = {path: error for path, error in errors.items() if not error <= largest_error}
    shown = ", ".join(f"{jax.tree_util.keystr(path)} {error:.1e}" for path, error in wrong.items())
    detail = f"{len(wrong)} of {len(errors)} leaves: {shown[:300]}"
    return Verdict(question, WRONG if wrong else PASSED, detail)


def _plain(tree: Any) -> Any:
    """The tree as dictionaries and tuples, whoever's frozen dictionaries it holds."""
    if hasattr(tree, "items"):
        return {name: _plain(value) for name, value in tree.items()}
    return tuple(map(_plain, tree)) if isinstance(tree, tuple | list) else tree


def _error(expected: Any, found: Any) -> float:
    """The largest difference, relative to the largest entry; infinite where types differ."""
    one, other = np.asarray(expected), np.asarray(found)
    if one.shape != other.shape or one.dtype != other.dtype:
        return np.inf
    if one.tobytes() == other.tobytes():
        return 0.0
    scale = max(np.abs(one).max(initial=0), 1e-3)
    return max(float(np.abs(one - other).max(initial=0) / scale), np.finfo(np.float64).tiny)
