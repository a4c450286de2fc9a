"""What every test runs under: JAX on the CPU, the same hypothesis examples on every run in CI, caches that
end.
"""

import gc
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Set before any test module imports jax. A caller's own choice stands: so a GPU machine runs the suite.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Most of the suite's time is XLA's, and most tests ask what a program computes, not how fast: LLVM may leave
# those programs as they are, but in `support.optimised()`. The short selection is compiled as users compile.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# A dump directory of the developer's would make every test write into it.
os.environ.pop("STABLELIFT_DUMP", None)

# What a run has compiled, its other worker and the next run find on disk.
COMPILED = Path(__file__).parent.parent / ".pytest_cache" / "compiled"
MOST_ENTRIES = 30_000
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    is_first = "PYTEST_XDIST_WORKER" not in os.environ
    if is_first and COMPILED.is_dir() and len(os.listdir(COMPILED)) > MOST_ENTRIES:
        shutil.rmtree(COMPILED)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(COMPILED)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

# The first example pays for tracing and compilation, which no deadline foresees.
settings.register_profile(
    "stablelift",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("stablelift")


# What this process maps, where the system tells; and how many pieces of it are too many, in about 1 GB.
MAPPED = Path("/proc/self/maps")
MOST_MAPPED = 4_000


def pytest_collection_finish():
    """What was imported stays: no collection of garbage needs to look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def forget_compiled_programs():
    """Let go of what tests compiled once it is much, as the system maps only so many pieces of code into a
    process. Until then the next modules use it: most run the same small ops.
    """
    yield
    if not MAPPED.exists() or MAPPED.read_bytes().count(b"\n") > MOST_MAPPED:
        import jax

        jax.clear_caches()
        gc.collect()


@pytest.fixture(scope="session", autouse=True)
def run_our_passes():
    """Where JAX's cache is on, so is that of our passes; here they are what is tested."""
    import jax

    from stablelift.runtime import cache

    store = cache.store
    cache.store = lambda: None if jax.config.jax_compilation_cache_dir == str(COMPILED) else store()
    yield
    cache.store = store
