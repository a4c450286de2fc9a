"""Write the programs of TensorFlow that the tests read, and what TensorFlow computes.

    pip install tensorflow-cpu==2.21
    python tests/foreign/make_tensorflow.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

DATA = Path(__file__).parent / "data"


@tf.function(jit_compile=True)
def iterate(a: Any, x: Any) -> Any:
    """A loop of TensorFlow's: its condition and its body are private functions."""

    def step(count: Any, x: Any) -> Any:
        return count + 1, 0.5 * (x + tf.linalg.matvec(a, tf.sin(x))) / (1.0 + tf.nn.relu(tf.reduce_max(x)))

    return tf.while_loop(lambda count, _: count < 5, step, (0, x))[1]


@tf.function(jit_compile=True)
def choose(w: Any, x: Any) -> Any:
    """A branch of TensorFlow's, and two results."""
    y = tf.linalg.matvec(w, x)
    z = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.softmax(y) * 2, lambda: tf.tanh(y))
    return tf.reduce_sum(z * z), z


def main() -> None:
    rng = np.random.default_rng(0)
    found: dict[str, Any] = {}
    for name, function, shapes in (
        ("while", iterate, ((3, 3), (3,))),
        ("if", choose, ((4, 3), (3,))),
    ):
        args = [tf.constant(rng.normal(size=shape).astype(np.float32)) for shape in shapes]
        compiler_ir = function.experimental_get_compiler_ir(*args)
        text = compiler_ir(stage="stablehlo").replace(os.path.dirname(tf.__path__[0]), "site-packages")
        (DATA / f"tf_{name}.mlir").write_text(text)
        (DATA / f"tf_{name}.bc").write_bytes(compiler_ir(stage="stablehlo_serialized"))
        for sign in (1, -1):
            first, x = args[0], args[1] * sign
            with tf.GradientTape() as tape:
                tape.watch([first, x])
                results = tf.nest.flatten(function.python_function(first, x))
                total = tf.add_n([tf.reduce_sum(result**2) for result in results])
            gradients = tape.gradient(total, [first, x])
            label = f"{name}_{'positive' if sign > 0 else 'negative'}"
            for kind, arrays in (("x", [first, x]), ("y", results), ("gradient", gradients)):
                found |= {f"{label}_{kind}_{index}": y.numpy() for index, y in enumerate(arrays)}
    np.savez_compressed(DATA / "tensorflow.npz", **found)


if __name__ == "__main__":
    main()
