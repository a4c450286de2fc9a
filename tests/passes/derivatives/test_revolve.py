"""The binomial schedule against the best there is, and against itself run on integers."""

from functools import cache

import pytest

from stablelift.passes.derivatives.revolve import schedule


@cache
def fewest(length, snapshots):
    """The steps that must be run again, by trying every place for the next snapshot."""
    if length <= 1:
        return 0
    if not snapshots:
        return length * (length - 1) // 2
    return min(
        middle + fewest(length - middle, snapshots - 1) + fewest(middle, snapshots)
        for middle in range(1, length)
    )


@pytest.mark.parametrize("snapshots", range(6))
def test_no_schedule_repeats_less(snapshots):
    for length in range(30):
        found = schedule(length, snapshots)
        swept = max((step for step, slot in enumerate(found.first) if slot < snapshots), default=0)
        assert len(found.again) + swept == fewest(length, snapshots)


@pytest.mark.parametrize("length, snapshots", [(0, 2), (1, 0), (1, 3), (7, 0), (40, 3), (100, 9), (500, 4)])
def test_each_step_starts_from_its_carry(length, snapshots):
    """The carry before a step is its number."""
    found = schedule(length, snapshots)
    slots = [None] * (snapshots + 2)
    for step, slot in enumerate(found.first):
        slots[slot] = step
    for step in reversed(range(length)):
        carry = slots[found.slots[step]]
        assert carry == found.positions[step]
        for offset in range(step - carry):
            carry += 1
            slots[found.again[found.offsets[step] + offset]] = carry
        assert carry == step
    assert found.longest < max(1, length)
