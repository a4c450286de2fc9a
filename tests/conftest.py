"""What every test runs under: JAX on the CPU, the same hypothesis examples on every run in CI, caches that
end.
"""

import gc
import os

import pytest
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


@pytest.fixture(scope="module", autouse=True)
def forget_compiled_programs():
    """Let go of what a module's tests compiled: the system maps only so many pieces of code into a
    process.
    """
    yield
    import jax

    jax.clear_caches()
    gc.collect()
