"""The package's names: resolved when they are used, Linen's names with Linen's functions."""

import subprocess
import sys
from importlib import import_module

import jax
import pytest

import stablelift


@pytest.mark.smoke
def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import stablelift, sys; assert not {'jax', 'numpy', 'lark'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", stablelift.__all__)
def test_every_name_resolves(name):
    assert getattr(stablelift, name) is not None
    assert name in dir(stablelift)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module `stablelift` has no attribute `Dens`"):
        _ = stablelift.Dens  # type: ignore[attr-defined]


def test_linens_files_offer_what_they_import_and_what_code_takes_from_them():
    code = """if True:
        from stablelift.module import Module, compact, merge_param, InterceptorContext
        from stablelift.linear import Array, Dtype, PrecisionLike, promote_dtype, _conv_dimension_numbers
        from stablelift.core.scope import CollectionFilter, DenyList, FrozenVariableDict, VariableDict
        from stablelift.recurrent import Carry, Dense, default_kernel_init, promote_dtype
        from stablelift.typing import Axes, Initializer, InOutScanAxis, PRNGKey
        import stablelift.module, stablelift.attention, stablelift.core
        assert stablelift.core.scope.VariableDict is VariableDict and stablelift.core.frozen_dict
        assert stablelift.module(type("Plain", (), {"__call__": lambda self, x: x})).mro()[1] is Module
        assert not hasattr(stablelift.attention, "Arrays")
        """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_activations_and_initializers_are_jaxs():
    linen = pytest.importorskip("flax.linen")
    assert stablelift.relu is jax.nn.relu and stablelift.normalize is jax.nn.standardize
    for name in vars(linen.activation):
        if name in vars(jax.nn) and not name.startswith("_") and hasattr(stablelift, name):
            assert getattr(stablelift, name) is getattr(linen, name)
    missing = [name for name in vars(linen.initializers) if not hasattr(stablelift.initializers, name)]
    assert {name for name in missing if not name.startswith("_")} <= {"Initializer"}


@pytest.mark.smoke
def test_submodules_are_imported_by_their_public_names():
    code = """if True:
        from stablelift.functional import grad
        from stablelift.core.frozen_dict import FrozenDict, freeze
        from stablelift.core import lift, meta, scope
        from stablelift.initializers import lecun_normal
        import stablelift.linear, stablelift.frontend.functional as real
        assert stablelift.linear.Dense is stablelift.Dense and grad is stablelift.functional.grad
        assert freeze({}) == FrozenDict() and stablelift.core.FrozenDict is FrozenDict
        assert stablelift.functional is real and real.__spec__.name == "stablelift.frontend.functional"
        try:
            import stablelift.functionals
        except ModuleNotFoundError as error:
            assert str(error) == "No module named 'stablelift.functionals'"
        """
    subprocess.run([sys.executable, "-c", code], check=True)
    for name in stablelift._SUBMODULES:
        assert import_module(f"stablelift.{name}") is getattr(stablelift, name)
