"""Random programs: the passes keep what must hold of every one. `make exam-programs` asks more of them."""

import jax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.programs.checks import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_random_programs(check):
    @settings(max_examples=20)
    @given(st.data())
    def ask(data):
        with jax.enable_x64(True):
            check(data.draw)

    ask()
