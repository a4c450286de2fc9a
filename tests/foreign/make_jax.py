"""Write the `jax.export` file that the tests read: for two platforms, and without derivatives.

    python tests/foreign/make_jax.py
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp

DATA = Path(__file__).parent / "data"


def energy(w: jax.Array, x: jax.Array, *, scale: jax.Array) -> jax.Array:
    """A scalar. Shapes: w f32[3, 3], x f32[3]."""
    return jnp.sum(jax.lax.erf(jnp.tanh(w @ x)) ** 2) * scale


def main() -> None:
    w, x = jax.ShapeDtypeStruct((3, 3), jnp.float32), jax.ShapeDtypeStruct((3,), jnp.float32)
    exported = jax.export.export(jax.jit(energy), platforms=("cpu", "tpu"))(w, x, scale=jnp.float32(2))
    (DATA / "jax.export").write_bytes(exported.serialize(vjp_order=0))


if __name__ == "__main__":
    main()
