"""`OVERRIDES`: the lowering parameters under which JAX emits `lift` ops.

Made once, when all rules are in the table: JAX keys its lowering cache by their identity.
"""

from __future__ import annotations

from stablelift.lowering import arithmetic, collectives, jax_compat, rules, user_rules
from stablelift.lowering.table import RULES

# Importing the files fills the table.
__all__ = ["OVERRIDES", "arithmetic", "collectives", "rules", "user_rules"]

OVERRIDES = jax_compat.override(RULES)
