"""The lowering parameters under which JAX emits `lift` ops.

Made once, when all rules are in the table: JAX keys its lowering cache by their identity.
"""

from __future__ import annotations

from typing import Any

from stablelift.lowering import arithmetic, callbacks, collectives, jax_compat, meshes, rules, user_rules
from stablelift.lowering.random_bits import ON_CPU
from stablelift.lowering.table import RULES

# Importing the files fills the table.
__all__ = ["arithmetic", "callbacks", "collectives", "meshes", "overrides_on", "rules", "user_rules"]

_ANYWHERE = jax_compat.override(RULES)
_ON_CPU = jax_compat.override({**RULES, **ON_CPU})


def overrides_on(platform: str) -> Any:
    """The parameters for a platform."""
    return _ON_CPU if platform == "cpu" else _ANYWHERE
