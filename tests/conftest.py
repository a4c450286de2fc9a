"""What every test runs under: JAX on the CPU, and the same hypothesis examples on every run in CI."""

import os

from hypothesis import HealthCheck, settings

# Set before any test module imports jax. A caller's own choice stands: so a GPU machine runs the suite.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# A dump directory of the developer's would make every test write into it.
os.environ.pop("STABLELIFT_DUMP", None)

# The first example pays for tracing and compilation, which no deadline foresees.
settings.register_profile(
    "stablelift",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("stablelift")
