"""Initial variables of whole models against Linen's: trees, shapes, dtypes, values bit for bit."""

import jax
import pytest

import stablelift
from tests.support import optimised

from ..parity import ROUNDS_BY_SHAPE, assert_same_tree
from .composites import COMPOSITES, STREAMS, initial_variables

linen = pytest.importorskip("flax.linen")

pytestmark = pytest.mark.filterwarnings("ignore:.*will be deprecated soon")


@pytest.fixture(scope="module", autouse=True)
def as_users_compile():
    with optimised():
        yield


def test_there_are_twenty():
    assert len(COMPOSITES) >= 20


@pytest.mark.parametrize("name", sorted(COMPOSITES))
def test_they_are_linens_bit_for_bit(name):
    expected, found = (initial_variables(name, library) for library in (linen, stablelift))
    assert_same_tree(expected, found, close=ROUNDS_BY_SHAPE)
    case = COMPOSITES[name]
    shapes = jax.eval_shape(case.build(stablelift).init, STREAMS, *case.inputs)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), dict(shapes)) == jax.tree.map(
        lambda x: (x.shape, x.dtype), found
    )
