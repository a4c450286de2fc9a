"""Programs: compiling, calling, saving and loading them, and how JAX meets them."""

from stablelift.runtime import cache
from stablelift.runtime import checks as checks  # registers our primitives' rules with JAX
from stablelift.runtime import inside_jax as inside_jax
from stablelift.runtime import linearised as linearised

cache.enable_as_environment_says()
