"""Random small StableHLO programs for hypothesis: valid by construction, and tame in value."""

from tests.programs import contraction, control, elementwise, indexing, lifts, movement, reduction
from tests.programs.strategy import DOUBLE, MIXED, SMOOTH, RandomProgram, array, programs

__all__ = ["DOUBLE", "MIXED", "SMOOTH", "RandomProgram", "array", "programs"]

_FAMILIES = (elementwise, movement, contraction, reduction, indexing, control, lifts)
