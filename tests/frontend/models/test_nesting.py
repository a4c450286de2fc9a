"""Random nestings of lifts, against Linen: a few of those that `benchmarks/exam_nesting.py` asks."""

import pytest

from tests.frontend.models.nesting import check


@pytest.mark.parametrize("number", [7, 19, 28, 3019])
def test_a_random_nesting(number):
    assert check(number) == []
