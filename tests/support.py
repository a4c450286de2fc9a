"""What the tests of passes share: modules run through our passes and XLA, random inputs, tolerances."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import backend
from jaxlib import _jax, xla_client

from stablelift.ir.mlir import context, parse, to_bytecode, walk_by_name
from stablelift.passes.pipeline import run
from stablelift.runtime.guard import refuse_leftovers
from stablelift.runtime.libraries import called, load_libraries

Arrays = list[np.ndarray]

TOLERANCE = {
    "bfloat16": 5e-2,
    "float16": 5e-3,
    "float32": 2e-5,
    "float64": 1e-12,
    "complex64": 2e-5,
    "complex128": 1e-12,
}
"""Relative and absolute, by dtype: what two orders of the same floating-point operations may differ by."""


@contextmanager
def optimised() -> Iterator[None]:
    """Programs are compiled in here as users compile them (`conftest.py` says how they are else): some round
    otherwise where they are not.
    """
    asked = jax.config.read("jax_disable_most_optimizations")
    _forget()
    jax.config.update("jax_disable_most_optimizations", False)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", asked)
        _forget()


def _forget() -> None:
    """Let go of programs, which are kept whichever way they were compiled."""
    jax.clear_caches()
    _compile.cache_clear()


def compile_text(source: str | bytes, pipeline: Sequence[str] | None = None) -> Any:
    """The PJRT executable of a module's `main`, its lifts compiled away by `pipeline`."""
    with context() as ctx:
        module = parse(source, ctx)
        run(module, pipeline)
        ops = walk_by_name(module)
        refuse_leftovers(ops)
        load_libraries(called(ops.get("stablehlo.custom_call", ())))
        bytecode = to_bytecode(module)
    return _executable(hashlib.sha256(bytecode).digest(), bytecode)


_bytes: dict[bytes, bytes] = {}


def _executable(key: bytes, bytecode: bytes) -> Any:
    _bytes[key] = bytecode
    return _compile(key)


@functools.lru_cache(maxsize=256)
def _compile(key: bytes) -> Any:
    client = backend.get_backend("cpu")
    device = client.local_devices()[0]
    options = xla_client.CompileOptions()
    if jax.config.read("jax_disable_most_optimizations"):
        options.executable_build_options.debug_options.xla_backend_optimization_level = 0
        options.executable_build_options.debug_options.xla_llvm_disable_expensive_passes = True
    options.device_assignment = xla_client.DeviceAssignment.create(np.array([[device.id]]))
    return client.compile_and_load(_bytes.pop(key), _jax.DeviceList((device,)), options)


def compiled(source: str | bytes, pipeline: Sequence[str] | None = None) -> Callable[[Sequence[Any]], Arrays]:
    """A module's `main`, compiled once, as a function of a list of arrays; f64 stays f64."""
    executable = compile_text(source, pipeline)

    def run_on(inputs: Sequence[Any]) -> Arrays:
        with jax.enable_x64(True):
            results = executable.execute_sharded([jnp.asarray(np.asarray(x, order="C")) for x in inputs])
            return [np.asarray(shards[0]) for shards in results.disassemble_into_single_device_arrays()]

    return run_on


def run_module(source: str | bytes, inputs: Sequence[Any], pipeline: Sequence[str] | None = None) -> Arrays:
    """The results of a module's `main` on `inputs`, after the passes (the default pipeline)."""
    return compiled(source, pipeline)(inputs)


def random(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Values of any dtype without special cases: normal, small integers, or coin flips."""
    dtype = jnp.dtype(dtype)
    if dtype.kind == "b":
        return np.asarray(rng.integers(0, 2, shape)).astype(bool)
    if jnp.issubdtype(dtype, jnp.unsignedinteger):
        return np.asarray(rng.integers(0, 9, shape)).astype(dtype)
    if jnp.issubdtype(dtype, jnp.integer):
        return np.asarray(rng.integers(-9, 9, shape)).astype(dtype)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        return np.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)
    return np.asarray(rng.normal(size=shape)).astype(dtype)


def assert_close(found: Any, expected: Any, *, rtol: float | None = None, what: str = "result") -> None:
    """Both trees have the same leaves: shapes, dtypes, and values within `rtol` (by default the dtype's
    tolerance).
    """
    found_leaves, expected_leaves = jax.tree.leaves(found), jax.tree.leaves(expected)
    assert len(found_leaves) == len(expected_leaves), f"{what}: {len(found_leaves)} leaves"
    for x, y in zip(found_leaves, expected_leaves, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        assert (x.shape, x.dtype) == (y.shape, y.dtype), f"{what}: {x.dtype}{x.shape}, not {y.dtype}{y.shape}"
        tolerance = TOLERANCE.get(str(x.dtype), 0.0) if rtol is None else rtol
        inexact = str(x.dtype) in TOLERANCE
        wide = np.complex128 if np.iscomplexobj(x) else np.float64 if inexact else x.dtype
        np.testing.assert_allclose(
            x.astype(wide), y.astype(wide), rtol=tolerance, atol=tolerance, err_msg=what
        )
