"""What the package offers of `flax.linen`: every public name, or a reason in `docs/make_pages.py` why not."""

import types

import pytest

import stablelift
from tests.test_docs import make_pages

linen = pytest.importorskip("flax.linen")

PUBLIC = {name for name in dir(linen) if not name.startswith("_")}
# The families that Linen spells out as modules; in them only what is Linen's own is asked for.
FAMILIES = {
    name
    for name in PUBLIC - {"meta", "module", "transforms"}
    if all(isinstance(getattr(nn, name, None), types.ModuleType) for nn in (linen, stablelift))
}
PRIVATE = {
    "DenseParams": "a part of OptimizedLSTMCell",
    "PromoteDtypeFn": "a type, for annotations only",
    "RNNBase": "a type, for annotations only",
    "A": "a type variable",
    "T": "a type variable",
    "ndim_at_least": "a part of BatchApply",
    "arbitrary_mergeable_leaf": "a part of BatchApply",
    "merge_leading_dims": "a part of BatchApply",
    "split_leading_dim": "a part of BatchApply",
}


def test_every_public_name_of_linen_is_here_or_has_a_reason():
    listed = set(make_pages().NOT_HERE)
    missing = {name for name in PUBLIC if not hasattr(stablelift, name)}
    assert not missing - listed, "offer them, or say in NOT_HERE of docs/make_pages.py why not"
    assert not listed - missing, "they are here now: take them out of NOT_HERE in docs/make_pages.py"


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_families_offer_linens_own_names(family):
    theirs, ours = getattr(linen, family), getattr(stablelift, family)
    own = {
        name
        for name, value in vars(theirs).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == theirs.__name__
    }
    assert own - set(PRIVATE) <= set(dir(ours))


def test_every_layer_is_in_a_case_of_the_parity_table():
    from .cases import CASES
    from .test_fields import LAYERS

    covered = {case.name.split()[0] for case in CASES}
    assert set(LAYERS) - {"RNNCellBase"} <= covered
